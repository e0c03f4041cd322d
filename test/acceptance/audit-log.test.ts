import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Answer, newCustomer, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngine } from '../support/engine.ts';
import { createShop, type Shop, saleBody } from '../support/shop.ts';
import { createApiKey, createMember } from '../support/staff.ts';
import { createStage } from '../support/stage.ts';

/** A request that an operator makes. */
interface Request {
  /** Of the operation's path; without one where it takes none. */
  readonly ids?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What the audit log says of a request. */
interface Entry {
  readonly id: string;
  readonly occurredAt: string;
  readonly actorId: string;
  readonly action: string;
  readonly target: string;
  readonly merchantId: string | null;
  readonly details: Record<string, unknown>;
  readonly requestId: string;
}

const stage = createStage({ after });
let database: TestDatabase;
let engine: TestEngine;
let shop: Shop;

before(async () => {
  database = await stage.database();
  engine = await stage.engine({
    DATABASE_URL: database.url,
    ROLE: 'api',
    WEBHOOK_ALLOW_PRIVATE: 'true',
    REDIS_URL: '',
  });
  shop = await createShop(engine.url);
});

const asOperator = (method: string, path: string, body?: unknown, key = 'auto'): Promise<Answer> =>
  send(method, `${engine.url}${path}`, {
    token: shop.operatorToken,
    ...(method === 'POST' ? { key } : {}),
    ...(body === undefined ? {} : { body }),
    headers: { 'if-match': '*' },
  });

async function make(path: string, body: unknown): Promise<Answer['json']> {
  const answer = await asOperator('POST', path, body);
  assert.ok(answer.status < 300, answer.text);
  return answer.json;
}

const inMerchant = () => ({ merchantId: shop.merchantId });

async function newSale(terms = {}): Promise<{ saleId: string; itemId: string }> {
  const sale = await shop.createSale(terms);
  return { saleId: sale.id, itemId: sale.items[0]?.id ?? '' };
}

async function newAccount(): Promise<{ id: string; email: string }> {
  const email = `${randomUUID()}@example.com`;
  const answer = await send('POST', `${engine.url}/api/v1/accounts`, { body: { email, password: randomUUID() } });
  assert.equal(answer.status, 201, answer.text);
  return { id: answer.json.id, email };
}

const ENDPOINT = { url: 'http://127.0.0.1:1/hooks' };

async function newEndpoint(): Promise<{ merchantId: string; endpointId: string }> {
  const { id } = await make(`/api/v1/merchants/${shop.merchantId}/webhook-endpoints`, ENDPOINT);
  return { ...inMerchant(), endpointId: id };
}

async function newDeadDelivery() {
  const place = await newEndpoint();
  const [deliveryId, letterId] = [randomUUID(), randomUUID()];
  await database.query(
    `INSERT INTO webhook_deliveries (id, endpoint_id, event_type, status, run_at, ended_at)
     VALUES ($1, $2, 'test', 'failed', now(), now())`,
    [deliveryId, place.endpointId],
  );
  await database.query(
    `INSERT INTO dead_letters (id, kind, duty_id, merchant_id, endpoint_id, status, error, attempts, died_at)
     VALUES ($1, 'webhook', $2, $3, $4, 'dead', 'No.', 1, now())`,
    [letterId, deliveryId, place.merchantId, place.endpointId],
  );
  return { ...place, deliveryId, letterId };
}

/** How each operation is asked for so that it has an effect. */
const REQUESTS: Readonly<Record<string, () => Promise<Request>>> = {
  createMerchant: async () => ({ body: { name: 'Another' } }),
  addMember: async () => ({ ids: inMerchant(), body: { email: (await newAccount()).email, role: 'courier' } }),
  removeMember: async () => {
    const { id, email } = await newAccount();
    await make(`/api/v1/merchants/${shop.merchantId}/members`, { email, role: 'courier' });
    return { ids: { ...inMerchant(), accountId: id } };
  },
  createApiKey: async () => ({ ids: inMerchant(), body: { name: 'Back end' } }),
  revokeApiKey: async () => {
    const { id } = await make(`/api/v1/merchants/${shop.merchantId}/api-keys`, { name: 'Back end' });
    return { ids: { ...inMerchant(), apiKeyId: id } };
  },
  eraseCustomer: async () => {
    const externalId = randomUUID();
    const sale = await shop.createSale();
    const ordered = await send('POST', `${engine.url}/api/v1/orders`, {
      token: await createApiKey(shop, shop.merchantId),
      key: 'auto',
      body: { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }], onBehalfOf: externalId },
    });
    assert.equal(ordered.status, 201, ordered.text);
    return { ids: inMerchant(), body: { externalId } };
  },
  eraseAccount: async () => ({ ids: { accountId: (await newAccount()).id } }),
  createSale: async () => ({ body: saleBody(shop.merchantId) }),
  changeSale: async () => ({ ids: await newSale(), body: { name: 'Another' } }),
  pauseSale: async () => ({ ids: await newSale() }),
  resumeSale: async () => {
    const ids = await newSale();
    await make(`/api/v1/sales/${ids.saleId}/pause`, undefined);
    return { ids };
  },
  addItem: async () => ({ ids: await newSale(), body: { name: 'More', priceMinor: 1, capacity: 1 } }),
  changeItem: async () => ({ ids: await newSale(), body: { name: 'Another' } }),
  changeStock: async () => ({ body: { itemId: (await newSale()).itemId, capacity: 20 } }),
  createAccount: async () => ({
    body: { email: `${randomUUID()}@example.com`, password: randomUUID(), role: 'operator' },
  }),
  makeTestBuyers: async () => ({ body: { saleId: (await newSale({ test: true })).saleId, count: 2 } }),
  createWebhookEndpoint: async () => ({ ids: inMerchant(), body: ENDPOINT }),
  changeWebhookEndpoint: async () => ({ ids: await newEndpoint(), body: { description: 'The till' } }),
  deleteWebhookEndpoint: async () => ({ ids: await newEndpoint() }),
  rotateWebhookSecret: async () => ({ ids: await newEndpoint(), body: {} }),
  pauseWebhookEndpoint: async () => ({ ids: await newEndpoint() }),
  resumeWebhookEndpoint: async () => ({ ids: await newEndpoint() }),
  testWebhookEndpoint: async () => ({ ids: await newEndpoint() }),
  redriveWebhookDelivery: async () => ({ ids: await newDeadDelivery() }),
  redriveDeadLetter: async () => ({ ids: await newDeadDelivery() }),
  discardDeadLetter: async () => ({ ids: await newDeadDelivery(), body: { reason: 'Not needed.' } }),
  startRedrive: async () => ({ body: {} }),
  cancelRedrive: async () => {
    await database.query(`UPDATE redrives SET status = 'done', ended_at = now() WHERE status = 'running'`);
    return { ids: { redriveId: (await make('/api/v1/admin/dlq/redrives', {})).id } };
  },
};

/** Operations whose trace is elsewhere: in the history of orders; or that need nobody's rights. */
const NOT_AUDITED = /^\/api\/v1\/(orders|sessions$|accounts$|payment-webhooks)/;

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly id: string;
}

async function changingOperations(): Promise<Operation[]> {
  const { json } = await send('GET', `${engine.url}/openapi.json`);
  const paths = Object.entries(json.paths as Record<string, Record<string, { operationId: string }>>);
  return paths
    .filter(([path]) => (path.startsWith('/api/') && !NOT_AUDITED.test(path)) || path.endsWith('/erasure'))
    .flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([method]) => method !== 'get')
        .map(([method, { operationId }]) => ({ method: method.toUpperCase(), path, id: operationId })),
    );
}

const countEntries = async () =>
  (await database.query<{ entries: number }>('SELECT count(*)::int AS entries FROM audit_log'))[0]?.entries ?? 0;

async function newest(): Promise<Entry> {
  const answer = await asOperator('GET', '/api/v1/admin/audit-log?limit=1');
  assert.equal(answer.status, 200, answer.text);
  return answer.json.data[0];
}

const operator = () => JSON.parse(Buffer.from(shop.operatorToken.split('.')[1] ?? '', 'base64url').toString()).sub;

test('every operation that changes something besides orders leaves one audit entry, a repeat and a refusal none', async (t) => {
  const operations = await changingOperations();
  assert.deepEqual(operations.map(({ id }) => id).toSorted(), Object.keys(REQUESTS).toSorted());
  for (const { method, path, id } of operations) {
    await t.test(`${id} (${method} ${path})`, async () => {
      const request = await REQUESTS[id]?.();
      const { ids = {}, body } = request ?? {};
      const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? `no-${name}`);
      const before = await countEntries();
      const refused = await send(method, engine.url + address, {
        token: newCustomer().token,
        ...(method === 'POST' ? { key: 'auto' } : {}),
        ...(body === undefined ? {} : { body }),
        headers: { 'if-match': '*' },
      });
      assert.ok([403, 404].includes(refused.status), refused.text);
      assert.equal(await countEntries(), before, 'a refusal left an entry');

      const key = randomUUID();
      const answer = await asOperator(method, address, body, key);
      assert.ok(answer.status < 300, answer.text);
      assert.equal(await countEntries(), before + 1);
      const entry = await newest();
      assert.deepEqual(
        [entry.action, entry.actorId, entry.requestId],
        [id, operator(), answer.headers.get('request-id')],
      );
      assert.match(entry.target, /^\/api\/v1\/[\w/-]+$/);
      if (ids['merchantId'] !== undefined) assert.equal(entry.merchantId, shop.merchantId);
      const kept = JSON.stringify(entry.details);
      for (const secret of [answer.json?.secret, (body as { email?: string; password?: string })?.password]) {
        if (typeof secret === 'string') assert.ok(!kept.includes(secret), 'a secret is in the audit log');
      }
      assert.ok(!kept.includes('@example.com'), 'an e-mail is in the audit log');

      if (method !== 'POST') return;
      const repeated = await asOperator(method, address, body, key);
      assert.equal(repeated.headers.get('idempotent-replayed'), 'true', repeated.text);
      assert.equal(await countEntries(), before + 1, 'a repeat left an entry');
    });
  }
});

test('a change that its precondition stops leaves no entry', async () => {
  const { saleId } = await newSale();
  const before = await countEntries();
  const stale = await send('PATCH', `${engine.url}/api/v1/sales/${saleId}`, {
    token: shop.operatorToken,
    body: { name: 'Another' },
    headers: { 'if-match': '"no"' },
  });
  assert.ok(stale.status === 412 || stale.status === 400, stale.text);
  assert.equal(await countEntries(), before);
});

test('the audit log is for operators, and is found by actor, action, target and time, a page at a time', async () => {
  const merchant = await createMember(shop, shop.merchantId, 'merchant');
  const ask = (query: string, token = shop.operatorToken) =>
    send('GET', `${engine.url}/api/v1/admin/audit-log${query}`, { token });
  assert.equal((await ask('', merchant)).status, 403);
  assert.equal((await ask('', newCustomer().token)).status, 403);

  const { saleId } = await newSale();
  for (const name of ['One', 'Two', 'Three']) {
    const changed = await send('PATCH', `${engine.url}/api/v1/sales/${saleId}`, {
      token: merchant,
      body: { name },
      headers: { 'if-match': '*' },
    });
    assert.equal(changed.status, 200, changed.text);
  }
  const found = await ask(`?action=changeSale&target=/api/v1/sales/${saleId}`);
  const entries: Entry[] = found.json.data;
  assert.equal(entries.length, 3, found.text);
  assert.deepEqual(entries[0]?.details, { members: ['name'] });
  assert.equal(entries[0]?.merchantId, shop.merchantId);
  const actorId = entries[0]?.actorId;
  assert.notEqual(actorId, operator());
  const first = await ask(`?actorId=${actorId}&limit=2`);
  const rest = await ask(`?actorId=${actorId}&limit=2&cursor=${first.json.nextCursor}`);
  assert.deepEqual(
    [...first.json.data, ...rest.json.data].map(({ id }: Entry) => id),
    entries.map(({ id }) => id),
  );
  assert.equal(rest.json.nextCursor, null);
  const [newestEntry, , oldest] = entries;
  const within = await ask(`?target=/api/v1/sales/${saleId}&from=${oldest?.occurredAt}&to=${newestEntry?.occurredAt}`);
  const ids = within.json.data.map(({ id }: Entry) => id);
  assert.ok(ids.includes(oldest?.id) && !ids.includes(newestEntry?.id), within.text);
});
