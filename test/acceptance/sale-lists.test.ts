import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Answer, newCustomer, send } from '../support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startEngines, type TestEngines } from '../support/engines.ts';
import { createShop, type Shop, saleBody } from '../support/shop.ts';
import { createApiKey, createMember, createMerchant } from '../support/staff.ts';

let database: TestDatabase;
let engines: TestEngines;
let shop: Shop;

before(async () => {
  database = await createTestDatabase();
  engines = await startEngines({ DATABASE_URL: database.url });
  shop = await createShop(engines.url);
});

after(async () => {
  await engines.stop();
  await database.drop();
});

const list = (query: string, token?: string): Promise<Answer> =>
  send('GET', `${engines.url}/api/v1/sales?${query}`, token === undefined ? {} : { token });

async function makeSale(merchantId: string, test = false): Promise<string> {
  const answer = await send('POST', `${engines.url}/api/v1/sales`, {
    token: shop.operatorToken,
    key: 'auto',
    body: saleBody(merchantId, { test }),
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.json.id;
}

const idsOf = (answer: Answer): string[] => answer.json.data.map((sale: { id: string }) => sale.id);

/** Follows the cursors to the end; `between` happens after each page. */
async function walk(query: string, between: () => Promise<unknown> = async () => undefined): Promise<string[]> {
  const ids: string[] = [];
  let cursor = '';
  for (;;) {
    const page = await list(`${query}${cursor}`);
    assert.equal(page.status, 200, page.text);
    ids.push(...idsOf(page));
    if (page.json.nextCursor === null) return ids;
    cursor = `&cursor=${encodeURIComponent(page.json.nextCursor)}`;
    await between();
  }
}

test('PG-01 what exists all along is listed exactly once though sales come meanwhile', async () => {
  const merchantId = await createMerchant(shop);
  const made: string[] = [];
  for (let count = 0; count < 7; count += 1) made.push(await makeSale(merchantId));
  const seen = await walk(`merchantId=${merchantId}&limit=2`, () => makeSale(merchantId));
  assert.deepEqual(seen, made.toReversed());
  const all = await walk('limit=3', () => makeSale(merchantId));
  assert.equal(new Set(all).size, all.length);
  for (const id of made) assert.ok(all.includes(id));
});

test('PG-01 the last page says so, also when it is full or empty', async () => {
  const merchantId = await createMerchant(shop);
  const empty = await list(`merchantId=${merchantId}`);
  assert.deepEqual(empty.json, { data: [], nextCursor: null });
  assert.match(empty.headers.get('server-time') ?? '', /^\d{4}-\d{2}-\d{2}T[\d:]{8}\.\d{3}Z$/);
  const ids = [await makeSale(merchantId), await makeSale(merchantId)];
  const full = await list(`merchantId=${merchantId.toUpperCase()}&limit=2`);
  assert.deepEqual(idsOf(full), ids.toReversed());
  assert.equal(full.json.nextCursor, null);
});

test('PG-01 limits outside 1 to 100, unknown members and cursors from elsewhere: 400', async () => {
  for (const query of [
    'limit=0',
    'limit=101',
    'limit=ten',
    'limit=1&limit=2',
    'sort=name',
    'merchantId=1',
    'test=maybe',
  ]) {
    const answer = await list(query, shop.operatorToken);
    assert.deepEqual([answer.status, answer.json.code], [400, 'validation-failed'], query);
  }
  const forged = Buffer.from(JSON.stringify({ id: '-'.repeat(36) })).toString('base64url');
  for (const cursor of ['x', forged, 'a'.repeat(499)]) {
    const answer = await list(`cursor=${cursor}`);
    assert.deepEqual([answer.status, answer.json.code], [400, 'cursor-invalid'], cursor);
  }
});

test('a sale in the list is what its own address shows', async () => {
  const merchantId = await createMerchant(shop);
  const id = await makeSale(merchantId);
  const [listed] = (await list(`merchantId=${merchantId}`)).json.data;
  const shown = await send('GET', `${engines.url}/api/v1/sales/${id}`);
  assert.deepEqual(listed, shown.json);
});

test('test sales are in no public list, and in that of their own staff, shop and of operators', async () => {
  const own = await createMerchant(shop);
  const another = await createMerchant(shop);
  const real = await makeSale(own);
  const rehearsal = await makeSale(own, true);
  const foreign = await makeSale(another, true);

  assert.deepEqual(idsOf(await list(`merchantId=${own}`)), [real]);
  assert.deepEqual(idsOf(await list(`merchantId=${own}&test=false`)), [real]);
  for (const token of [await createMember(shop, own, 'merchant'), await createApiKey(shop, own)]) {
    assert.deepEqual(idsOf(await list('test=true', token)), [rehearsal]);
    assert.deepEqual(idsOf(await list(`test=true&merchantId=${another}`, token)), []);
  }
  const all = idsOf(await list('test=true', shop.operatorToken));
  assert.ok(all.includes(rehearsal) && all.includes(foreign) && !all.includes(real));
  assert.deepEqual(idsOf(await list(`test=true&merchantId=${another}`, shop.operatorToken)), [foreign]);

  assert.equal((await list('test=true')).status, 401);
  assert.equal((await list('test=true', 'nonsense')).status, 401);
  assert.equal((await list('test=true', newCustomer().token)).status, 403);
  assert.equal((await send('GET', `${engines.url}/api/v1/sales/${rehearsal}`)).status, 200);
});

test('SEC-03 test buyers: anonymous 401, customers and staff 403', async () => {
  const saleId = await makeSale(shop.merchantId, true);
  const url = `${engines.url}/api/v1/admin/test-buyers`;
  const request = { key: 'auto', body: { saleId, count: 1 } };
  assert.equal((await send('POST', url, request)).status, 401);
  const staff = await createMember(shop, shop.merchantId, 'merchant');
  for (const token of [newCustomer().token, staff, await createApiKey(shop, shop.merchantId)]) {
    assert.equal((await send('POST', url, { ...request, token })).status, 403);
  }
});

test('test buyers order in their own test sale only, and their tokens are shown once', async () => {
  const saleId = await makeSale(shop.merchantId, true);
  const url = `${engines.url}/api/v1/admin/test-buyers`;
  const key = randomUUID();
  const request = { token: shop.operatorToken, key, body: { saleId, count: 3 } };
  const made = await send('POST', url, request);
  assert.equal(made.status, 201, made.text);
  const { buyers } = made.json;
  assert.equal(new Set(buyers.map((buyer: { userId: string }) => buyer.userId)).size, 3);

  const sale = await shop.readSale(saleId);
  for (const { userId, accessToken } of buyers) {
    const order = await shop.order(sale, { token: accessToken });
    assert.deepEqual([order.status, order.json.userId], [201, userId], order.text);
  }
  const real = await shop.createSale();
  assert.equal((await shop.order(real, { token: buyers[0].accessToken })).status, 403);

  const replay = await send('POST', url, request);
  assert.equal(replay.headers.get('idempotent-replayed'), 'true');
  assert.deepEqual(
    replay.json.buyers,
    buyers.map(({ userId }: { userId: string }) => ({ userId, accessToken: null })),
  );
  const stored = await database.query('SELECT FROM stored_answers WHERE body LIKE $1', [`%${buyers[0].accessToken}%`]);
  assert.equal(stored.length, 0);
  const accounts = await database.query('SELECT FROM accounts WHERE test_sale_id = $1', [saleId]);
  assert.equal(accounts.length, 3);
});

test('test buyers are for test sales, and ten thousand of them come at once', async () => {
  const url = `${engines.url}/api/v1/admin/test-buyers`;
  const make = (saleId: string, count: unknown) =>
    send('POST', url, { token: shop.operatorToken, key: 'auto', body: { saleId, count } });
  const real = await make((await shop.createSale()).id, 1);
  assert.deepEqual([real.status, real.json.code], [409, 'not-a-test-sale']);
  assert.equal((await make(randomUUID(), 1)).status, 404);
  const saleId = await makeSale(shop.merchantId, true);
  for (const count of [0, 10_001, '5', 1.5]) assert.equal((await make(saleId, count)).status, 400);
  assert.equal((await make(saleId, 10_000)).json.buyers.length, 10_000);
});
