import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { createSigner } from 'fast-jwt';
import { newCustomer, send } from '../support/client.ts';
import { openEventStream, type ReceivedEvent, type TestEventStream } from '../support/event-stream.ts';
import { createPeople, pay, placeOrder, readOrder, step, type TestOrder } from '../support/orders.ts';
import { createShop } from '../support/shop.ts';
import { createApiKey, createMember, createMerchant } from '../support/staff.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });
const database = await stage.database();
const engines = await stage.engines({ DATABASE_URL: database.url });
const [here, there] = engines.urls;
const shop = await createShop(engines.url);
const people = await createPeople(shop);
const direct = await shop.createSale({ items: [{ capacity: 1_000 }] });
const kitchen = await shop.createSale({ fulfillment: 'kitchen', items: [{ capacity: 1_000 }] });

function follow(url: string, order: TestOrder, options: { token?: string; lastEventId?: string } = {}) {
  return openEventStream(`${url}/api/v1/orders/${order.id}/events`, { token: order.customer.token, ...options });
}

async function historyOf(order: TestOrder, token?: string): Promise<unknown[]> {
  const answer = await readOrder(engines.url, order, token, 'history');
  assert.equal(answer.status, 200, answer.text);
  return answer.json.history;
}

const dataOf = (events: readonly ReceivedEvent[]): ReceivedEvent['data'][] => events.map(({ data }) => data);

async function problemOf(stream: TestEventStream): Promise<{ status: number; code: string }> {
  return { status: stream.status, code: JSON.parse(await stream.text()).code };
}

test('an order is followed step by step, also what another process does, as its history shows it', async () => {
  const order = await placeOrder(shop, direct);
  const stream = await follow(here, order);
  assert.equal(stream.status, 200);
  assert.equal(stream.headers.get('content-type'), 'text/event-stream');
  assert.equal(stream.headers.get('cache-control'), 'no-store, no-transform');
  assert.ok(stream.headers.get('request-id'));
  const [placed] = await stream.take(1);
  assert.deepEqual([placed?.id, placed?.event], ['1', 'order.placed']);

  const startedAt = performance.now();
  assert.equal((await pay(there, order)).status, 200);
  const paid = await stream.take(2);
  assert.ok(performance.now() - startedAt < 5_000);
  assert.equal((await step(there, order.id, 'fulfillment', { token: people.merchant, body: {} })).status, 200);
  const fulfilled = await stream.take(1);
  const events = [...(placed ? [placed] : []), ...paid, ...fulfilled];
  assert.deepEqual(dataOf(events), await historyOf(order));
  assert.deepEqual(
    events.map(({ id, event }) => [id, event]),
    events.map(({ data }) => [String(data.version), data.type]),
  );
  stream.close();
});

test('who comes back with Last-Event-ID gets what came since, and nothing twice', async () => {
  const order = await placeOrder(shop, direct);
  assert.equal((await pay(there, order)).status, 200);
  const history = await historyOf(order);
  for (const seen of [0, 1, 2]) {
    const stream = await follow(here, order, { lastEventId: String(seen) });
    assert.deepEqual(dataOf(await stream.take(history.length - seen)), history.slice(seen));
    stream.close();
  }
  const stream = await follow(here, order, { lastEventId: String(history.length) });
  assert.equal((await step(there, order.id, 'cancellation', { token: order.customer.token, body: {} })).status, 200);
  assert.equal((await stream.next())?.id, String(history.length + 1));
  stream.close();
});

test('a Last-Event-ID that no event has is 400, and no stream', async () => {
  const order = await placeOrder(shop, direct);
  for (const lastEventId of ['x', '-1', '1.5', '01', '9999999999', "1' OR 1=1"]) {
    const stream = await follow(here, order, { lastEventId });
    assert.deepEqual(await problemOf(stream), { status: 400, code: 'malformed-request' }, lastEventId);
  }
});

test('an order is followed by who may read it, and to everybody else it does not exist', async () => {
  const order = await placeOrder(shop, direct);
  const elsewhere = await createMerchant(shop);
  const apiKey = await createApiKey(shop, shop.merchantId);
  for (const token of [people.merchant, people.operator, apiKey]) {
    const stream = await follow(here, order, { token });
    assert.deepEqual(dataOf(await stream.take(1)), await historyOf(order, token));
    stream.close();
  }
  const strangers = [newCustomer().token, await createMember(shop, elsewhere, 'merchant'), people.courier];
  for (const token of strangers) {
    assert.deepEqual(await problemOf(await follow(here, order, { token })), { status: 404, code: 'not-found' });
  }
  const unknown = { ...order, id: randomUUID() };
  assert.equal((await problemOf(await follow(here, unknown))).status, 404);
  assert.equal((await send('GET', `${here}/api/v1/orders/${order.id}/events`)).status, 401);
});

test('where to authenticate a payment is told to the owner alone', async () => {
  const order = await placeOrder(shop, direct);
  const [own, staff] = await Promise.all([follow(here, order), follow(here, order, { token: people.merchant })]);
  assert.equal((await pay(there, order, 'card_authentication_required')).status, 202);
  const version = (await historyOf(order)).length;
  assert.deepEqual(dataOf(await own.take(version)), await historyOf(order));
  const seen = dataOf(await staff.take(version));
  assert.deepEqual(seen, await historyOf(order, people.merchant));
  assert.doesNotMatch(JSON.stringify(seen), /"nextActionUrl":"/);
  own.close();
  staff.close();
});

test('a courier follows an order while it is theirs to deliver, and the stream ends with that', async () => {
  const order = await placeOrder(shop, kitchen);
  assert.equal((await pay(here, order)).status, 200);
  const body = {};
  assert.equal((await step(here, order.id, 'acceptance', { token: people.merchant, body })).status, 200);
  assert.equal((await follow(here, order, { token: people.courier })).status, 404);
  assert.equal((await step(here, order.id, 'preparation', { token: people.merchant, body })).status, 200);
  const stream = await follow(here, order, { token: people.courier });
  const shown = await historyOf(order, people.courier);
  assert.deepEqual(dataOf(await stream.take(shown.length)), shown);
  assert.equal((await step(there, order.id, 'pickup', { token: people.courier, body })).status, 200);
  while ((await stream.next())?.data.status !== 'in_transit');
  assert.equal((await step(there, order.id, 'delivery', { token: people.courier, body })).status, 200);
  const rest = dataOf(await stream.ended());
  assert.ok(
    rest.every(({ status }) => status === 'in_transit'),
    JSON.stringify(rest),
  );
});

test('a member of staff who is removed sees nothing more', async () => {
  const order = await placeOrder(shop, direct);
  const token = await createMember(shop, shop.merchantId, 'merchant');
  const stream = await follow(here, order, { token });
  await stream.take(1);
  const account = await send('GET', `${here}/api/v1/accounts/me`, { token });
  const removed = await send('DELETE', `${here}/api/v1/merchants/${shop.merchantId}/members/${account.json.id}`, {
    token: shop.operatorToken,
  });
  assert.equal(removed.status, 204, removed.text);
  assert.equal((await pay(there, order)).status, 200);
  assert.deepEqual(await stream.ended(), []);
});

test('a stream ends when the token that opened it does', async () => {
  const order = await placeOrder(shop, direct);
  const sign = createSigner({
    algorithm: 'HS256',
    key: 'not-a-secret-not-a-secret-not-a-secret',
    kid: 'development',
    iss: 'doorbuster',
    aud: 'doorbuster',
    expiresIn: 2_000,
  });
  const stream = await follow(here, order, { token: sign({ sub: order.customer.id, role: 'customer' }) });
  assert.deepEqual(
    (await stream.ended()).map(({ id }) => id),
    ['1'],
  );
});

test('a caller may have 20 streams open in a process, and one that is closed makes room', async () => {
  const customer = newCustomer();
  const order = await placeOrder(shop, direct, { customer });
  const streams = await Promise.all(Array.from({ length: 20 }, () => follow(here, order)));
  assert.ok(streams.every(({ status }) => status === 200));
  const refused = await follow(here, order);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.deepEqual(await problemOf(refused), { status: 429, code: 'rate-limited' });
  assert.equal((await follow(here, await placeOrder(shop, direct))).status, 200, 'others are not affected');

  for (const stream of streams) stream.close();
  let room = await follow(here, order);
  for (const deadline = Date.now() + 5_000; room.status === 429 && Date.now() < deadline; ) {
    room = await follow(here, order);
  }
  assert.equal(room.status, 200);
  room.close();
});

test('a stop ends the streams at once', async (t) => {
  const own = createStage(t);
  const engine = await own.engine({ DATABASE_URL: database.url });
  const order = await placeOrder(shop, direct);
  const stream = await follow(engine.url, order);
  await stream.take(1);
  const startedAt = performance.now();
  const stopped = engine.stop();
  assert.deepEqual(await stream.ended(), []);
  assert.equal(await stopped, 0);
  assert.ok(performance.now() - startedAt < 5_000);
});
