import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { newCustomer, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { createReceiver, hang, type ReceivedRequest, type Receiver, withStatus } from '../support/receiver.ts';
import { createShop, type Sale, type Shop } from '../support/shop.ts';
import { createStage, type Stage } from '../support/stage.ts';

const SECRET = `whsec_${Buffer.from('a secret of the operators, thirty bytes').toString('base64')}`;

const stage = createStage({ after });
let database: TestDatabase;
let receiver: Receiver;
let shop: Shop;

before(async () => {
  database = await stage.database();
  receiver = await openReceiver(stage);
  const settings = { DATABASE_URL: database.url, NOTIFY_URL: `${receiver.url}/hook/`, NOTIFY_SECRET: SECRET };
  const { url } = await stage.engines(settings);
  shop = await createShop(url);
});

async function openReceiver(own: Stage): Promise<Receiver> {
  const opened = await createReceiver();
  own.atEnd(() => opened.close());
  return opened;
}

const setStock = async (at: Shop, sale: Sale, capacity: number) => {
  const answer = await send('POST', `${at.url}/api/v1/admin/stock`, {
    ...{ token: at.operatorToken, key: 'auto' },
    body: { itemId: sale.items[0]?.id, capacity },
  });
  assert.equal(answer.status, 200, answer.text);
};

/** A sale of which all but one unit is taken at once. */
async function sellNearlyOut(at: Shop, name = 'Poster'): Promise<{ sale: Sale; itemId: string }> {
  const sale = await at.createSale({ items: [{ name, capacity: 20 }] });
  const itemId = sale.items[0]?.id ?? '';
  assert.equal((await at.order(sale, { quantity: 19 })).status, 201);
  return { sale, itemId };
}

/** More stock, and so long a time that it counts. */
async function recover(at: Shop, on: TestDatabase, { sale, itemId }: { sale: Sale; itemId: string }): Promise<void> {
  await setStock(at, sale, 100);
  await on.until('SELECT since FROM alert_changes WHERE subject = $1', [itemId]);
  await on.query(`UPDATE alert_changes SET since = since - interval '1 minute' WHERE subject = $1`, [itemId]);
  await on.until('SELECT id FROM incidents WHERE subject = $1 AND resolved_at IS NOT NULL', [itemId]);
}

/** Nobody has to wait for the next try. */
const hurry = (on: TestDatabase) => on.query(`UPDATE notifications SET run_at = now() WHERE status = 'due'`);

const about =
  (itemId: string, type?: string) =>
  ({ body }: ReceivedRequest): boolean => {
    const message = JSON.parse(body);
    return message.data.incident.subject === itemId && (type === undefined || message.type === type);
  };

const typesOf = (requests: readonly ReceivedRequest[]) => requests.map(({ body }) => JSON.parse(body).type);
const idOf = (request: ReceivedRequest | undefined) => request?.headers['webhook-id'];

test('two processes open an incident once, resolve it once and tell of both once, signed; when it comes back it is another', async () => {
  const low = await sellNearlyOut(shop);
  const [opened] = await receiver.until(1, about(low.itemId));
  await recover(shop, database, low);
  await receiver.until(2, about(low.itemId));

  const received = receiver.received.filter(about(low.itemId));
  assert.deepEqual(typesOf(received), ['incident.opened', 'incident.resolved']);
  const verified = received.map(({ body, headers }) => new Webhook(SECRET).verify(body, { ...headers }));
  assert.equal(opened?.path, '/hook/');
  assert.equal(new Set(received.map(idOf)).size, 2);
  const [first, second] = verified as { timestamp: string; data: { incident: Record<string, unknown> } }[];
  assert.equal(first?.data.incident['alert'], 'stock-low');
  assert.equal(first.data.incident['summary'], '1 of 20 left: Poster (Drop).');
  assert.equal(first.data.incident['resolvedAt'], null);
  assert.equal(first.timestamp, first.data.incident['openedAt']);
  assert.equal(second?.timestamp, second?.data.incident['resolvedAt']);
  const page = await send('GET', String(first.data.incident['runbookUrl']));
  assert.match(page.text, /Stock is low/);

  const rows = await database.query('SELECT resolved_at IS NULL AS open FROM incidents WHERE subject = $1', [
    low.itemId,
  ]);
  assert.deepEqual(rows, [{ open: false }]);

  await setStock(shop, low.sale, 20);
  const again = await receiver.until(3, about(low.itemId));
  assert.deepEqual(typesOf(again.slice(2)), ['incident.opened']);
  assert.notEqual(JSON.parse(again[2]?.body ?? '').data.incident.id, first.data.incident['id']);
});

test('no notification is lost while the receiver fails, and the resolution waits for its opening', async () => {
  receiver.answer(withStatus(500));
  const low = await sellNearlyOut(shop);
  await receiver.until(1, about(low.itemId));
  await recover(shop, database, low);
  await database.until(
    `SELECT notifications.id FROM notifications JOIN incidents ON incidents.id = incident_id
    WHERE subject = $1 AND kind = 'resolved' AND run_at <= now()`,
    [low.itemId],
  );
  await hurry(database);
  const failed = await receiver.until(2, about(low.itemId));
  assert.deepEqual(new Set(typesOf(failed)), new Set(['incident.opened']));
  receiver.answer(withStatus(204));
  await hurry(database);
  await receiver.until(1, about(low.itemId, 'incident.resolved'));
  const received = receiver.received.filter(about(low.itemId));
  assert.deepEqual(typesOf(received), [...received.slice(1).map(() => 'incident.opened'), 'incident.resolved']);
  assert.equal(new Set(received.map(idOf)).size, 2, 'a try has the id of the first');
  const attempts = await database.query(
    `SELECT duty_attempts.status, error FROM duty_attempts JOIN notifications ON duty_id = notifications.id
     JOIN incidents ON incidents.id = incident_id WHERE subject = $1 AND kind = 'opened' ORDER BY number`,
    [low.itemId],
  );
  assert.deepEqual(attempts[0], { status: 500, error: 'The receiver answered 500.' });
  assert.deepEqual(attempts.at(-1), { status: 204, error: null });
});

test('a notification that used up its tries is a dead letter, holds its resolution, and is told when it is redriven', async () => {
  receiver.answer(withStatus(500));
  const low = await sellNearlyOut(shop);
  await receiver.until(1, about(low.itemId));
  await database.query(
    `UPDATE notifications SET tries = 100, run_at = now() FROM incidents
     WHERE incidents.id = incident_id AND subject = $1`,
    [low.itemId],
  );
  const letter = await database.until<{ id: string }>(
    `SELECT dead_letters.id FROM dead_letters JOIN notifications ON duty_id = notifications.id
     JOIN incidents ON incidents.id = incident_id
     WHERE subject = $1 AND dead_letters.kind = 'notification' AND dead_letters.status = 'dead'`,
    [low.itemId],
  );
  receiver.answer(withStatus(204));
  await recover(shop, database, low);
  const told = await sellNearlyOut(shop);
  await receiver.until(1, about(told.itemId));
  assert.deepEqual(receiver.received.filter(about(low.itemId, 'incident.resolved')), []);

  const redrive = await send('POST', `${shop.url}/api/v1/admin/dlq/${letter.id}/redrive`, {
    ...{ token: shop.operatorToken, key: 'auto' },
  });
  assert.equal(redrive.status, 200, redrive.text);
  await receiver.until(1, about(low.itemId, 'incident.resolved'));
  const received = receiver.received.filter(about(low.itemId));
  assert.equal(idOf(received.at(-2)), idOf(received[0]), 'a redrive has the id of the first try');
  await database.until(`SELECT id FROM dead_letters WHERE id = $1 AND status = 'resolved'`, [letter.id]);
});

test('kill -9 while a notification is under way: another process sends it again, under the same id', async (context: TestContext) => {
  const own = createStage(context);
  const [ownDatabase, ownReceiver] = [await own.database(), await openReceiver(own)];
  const settings = { DATABASE_URL: ownDatabase.url, NOTIFY_URL: ownReceiver.url };
  ownReceiver.answer(hang);
  const first = await own.engine(settings);
  const { itemId } = await sellNearlyOut(await createShop(first.url));
  await ownReceiver.until(1, about(itemId));
  await first.kill();
  ownReceiver.answer(withStatus(204));
  await own.engine(settings);
  // As if the lease were over.
  await hurry(ownDatabase);
  await ownDatabase.until(`SELECT id FROM notifications WHERE status = 'delivered' AND attempts = 2`);
  const received = ownReceiver.received.filter(about(itemId));
  assert.deepEqual(typesOf(received), ['incident.opened', 'incident.opened']);
  assert.equal(idOf(received[0]), idOf(received[1]));
  assert.equal(received[0]?.headers['webhook-signature'], undefined, 'without a secret nothing is signed');
});

test('without NOTIFY_URL incidents are kept and nobody is told, also not when they are over', async (context: TestContext) => {
  const own = createStage(context);
  const [ownDatabase, ownReceiver] = [await own.database(), await openReceiver(own)];
  const silent = await own.engine({ DATABASE_URL: ownDatabase.url });
  const low = await sellNearlyOut(await createShop(silent.url));
  await ownDatabase.until('SELECT id FROM incidents WHERE resolved_at IS NULL');
  await silent.stop();

  const settings = { DATABASE_URL: ownDatabase.url, NOTIFY_URL: ownReceiver.url, NOTIFY_FORMAT: 'slack' };
  const { url } = await own.engine(settings);
  const ownShop = await createShop(url);
  await recover(ownShop, ownDatabase, low);
  assert.deepEqual(await ownDatabase.query('SELECT id FROM notifications'), []);

  await context.test('for Slack it is a text with a link to what to do, and names cannot forge links', async () => {
    await sellNearlyOut(ownShop, '<!channel> & more');
    const [request] = await ownReceiver.until(1);
    const { text, blocks } = JSON.parse(request?.body ?? '');
    const words = '*stock-low* 1 of 20 left: &lt;!channel&gt; &amp; more (Drop).';
    assert.equal(text, `:rotating_light: ${words} <${url}/runbook/stock-low|What to do>`);
    assert.deepEqual(blocks, [{ type: 'section', text: { type: 'mrkdwn', text } }]);
  });
});

test('operators list incidents: open or resolved ones, page by page, each once', async () => {
  const list = (query: string, token = shop.operatorToken) =>
    send('GET', `${shop.url}/api/v1/admin/incidents?${query}`, { token });
  const ids = async (status: string) => {
    const all: string[] = [];
    let cursor = '';
    do {
      const page = await list(`limit=2&${status}${cursor}`);
      assert.equal(page.status, 200, page.text);
      all.push(...page.json.data.map(({ id }: { id: string }) => id));
      cursor = page.json.nextCursor === null ? '' : `&cursor=${page.json.nextCursor}`;
    } while (cursor !== '');
    return all;
  };
  const low = await sellNearlyOut(shop);
  await database.until('SELECT id FROM incidents WHERE subject = $1', [low.itemId]);
  const [all, open, resolved] = [await ids(''), await ids('status=open'), await ids('status=resolved')];
  const rows = await database.query<{ id: string }>('SELECT id FROM incidents ORDER BY id DESC');
  assert.deepEqual(
    all,
    rows.map(({ id }) => id),
  );
  assert.deepEqual([...open, ...resolved].sort(), all.toSorted());
  assert.ok(open.length > 0 && resolved.length > 1);
  const [incident] = (await list('status=open')).json.data;
  assert.equal(incident.status, 'open');
  assert.equal(incident.resolvedAt, null);
  assert.deepEqual(incident.details, { ...incident.details, available: 1, capacity: 20 });

  assert.equal((await list('', newCustomer().token)).status, 403);
  assert.equal((await list('status=over')).status, 400);
  assert.equal((await list('cursor=x')).status, 400);
});
