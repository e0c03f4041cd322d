import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Answer, newCustomer, type RequestOptions, send } from '../support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startEngines, type TestEngines } from '../support/engines.ts';
import { createShop, type Shop } from '../support/shop.ts';
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

const create = (options: RequestOptions): Promise<Answer> => send('POST', `${engines.url}/api/v1/merchants`, options);
const list = (token: string | undefined, query = ''): Promise<Answer> =>
  send('GET', `${engines.url}/api/v1/merchants${query}`, token === undefined ? {} : { token });
const idsOf = (answer: Answer): string[] => answer.json.data.map((merchant: { id: string }) => merchant.id);

async function countMerchants(): Promise<number> {
  const [row] = await database.query<{ count: number }>('SELECT count(*)::int FROM merchants');
  return row?.count ?? 0;
}

test('201 a merchant with its name; IK-04 IK-06 once per key', async () => {
  const request = { token: shop.operatorToken, key: randomUUID(), body: { name: 'Café Ünïon' } };
  const made = await create(request);
  assert.equal(made.status, 201, made.text);
  const { id, createdAt, ...rest } = made.json;
  assert.deepEqual(rest, { name: 'Café Ünïon' });
  assert.ok(Date.parse(createdAt));
  const before = await countMerchants();
  const repeat = await create({ ...request, rawBody: '{ "name":\n"Caf\\u00e9 Ünïon" }' });
  assert.deepEqual([repeat.status, repeat.text], [201, made.text]);
  assert.equal(repeat.headers.get('idempotent-replayed'), 'true');
  const other = await create({ ...request, body: { name: 'Other' } });
  assert.deepEqual([other.status, other.json.code], [422, 'idempotency-key-reused']);
  assert.equal(await countMerchants(), before);
  assert.ok(idsOf(await list(shop.operatorToken, '?limit=100')).includes(id));
});

test('SEC-03 only operators make merchants: anonymous 401, everybody else 403, no effect', async () => {
  const before = await countMerchants();
  const request = { key: 'auto', body: { name: 'Mine' } };
  assert.equal((await create(request)).status, 401);
  for (const token of [
    newCustomer().token,
    await createMember(shop, shop.merchantId, 'merchant'),
    await createMember(shop, shop.merchantId, 'courier'),
    await createApiKey(shop, shop.merchantId),
  ]) {
    const answer = await create({ ...request, token });
    assert.deepEqual([answer.status, answer.json.code], [403, 'forbidden']);
  }
  assert.equal(await countMerchants(), before);
});

test('SEC-05 IK-01 what is no merchant is a 400, and so is a request without a key', async () => {
  const before = await countMerchants();
  const token = shop.operatorToken;
  for (const body of [
    {},
    { name: '' },
    { name: ' ' },
    { name: 'a\u0000' },
    { name: 'x'.repeat(201) },
    { name: 7 },
    { name: 'A', id: randomUUID() },
  ]) {
    const answer = await create({ token, key: 'auto', body });
    assert.deepEqual([answer.status, answer.json.code], [400, 'validation-failed'], JSON.stringify(body));
  }
  const keyless = await create({ token, body: { name: 'A' } });
  assert.deepEqual([keyless.status, keyless.json.code], [400, 'idempotency-key-missing']);
  assert.equal(await countMerchants(), before);
});

test('operators see all merchants, staff and keys their own, customers and couriers none', async () => {
  const own = await createMerchant(shop);
  const another = await createMerchant(shop);
  const all = idsOf(await list(shop.operatorToken, '?limit=100'));
  assert.ok(all.includes(own) && all.includes(another));
  for (const token of [await createMember(shop, own, 'merchant'), await createApiKey(shop, own)]) {
    assert.deepEqual(idsOf(await list(token)), [own]);
  }
  for (const token of [newCustomer().token, await createMember(shop, own, 'courier')]) {
    assert.deepEqual((await list(token)).json, { data: [], nextCursor: null });
  }
  assert.equal((await list(undefined)).status, 401);
});

test('PG-01 going through the pages shows each merchant once though others come meanwhile', async () => {
  const existing = idsOf(await list(shop.operatorToken, '?limit=100'));
  const seen: string[] = [];
  let query = '?limit=2';
  while (query !== '') {
    const page = await list(shop.operatorToken, query);
    assert.equal(page.status, 200, page.text);
    if (seen.length < existing.length) await createMerchant(shop);
    seen.push(...idsOf(page));
    query = page.json.nextCursor === null ? '' : `?limit=2&cursor=${page.json.nextCursor}`;
  }
  assert.equal(new Set(seen).size, seen.length);
  for (const id of existing) assert.ok(seen.includes(id));
  for (const wrong of ['?limit=0', '?limit=101', '?name=x']) {
    assert.equal((await list(shop.operatorToken, wrong)).status, 400, wrong);
  }
  assert.equal((await list(shop.operatorToken, '?cursor=abc')).json.code, 'cursor-invalid');
});
