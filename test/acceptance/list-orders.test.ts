import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { newCustomer, send } from '../support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { createShop, type Sale, type Shop } from '../support/shop.ts';

let database: TestDatabase;
let engine: TestEngine;
let shop: Shop;
let sale: Sale;
const anna = newCustomer();

before(async () => {
  database = await createTestDatabase();
  engine = await startEngine({ DATABASE_URL: database.url });
  shop = await createShop(engine.url);
  sale = await shop.createSale({ items: [{ capacity: 1_000 }] });
  for (let count = 0; count < 25; count += 1) {
    assert.equal((await shop.order(sale, { token: anna.token })).status, 201);
    assert.equal((await shop.order(sale)).status, 201);
  }
});

after(async () => {
  await engine.stop();
  await database.drop();
});

interface Page {
  data: { id: string; userId: string; arrival: number }[];
  nextCursor: string | null;
}

/** All pages of a list; `between` runs after each. */
async function readAll(token: string, query: string, between: () => Promise<unknown> = async () => undefined) {
  const all: Page['data'] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const next: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const answer = await send('GET', `${engine.url}/api/v1/orders?${query}${next}`, { token });
    assert.equal(answer.status, 200, answer.text);
    const page: Page = answer.json;
    all.push(...page.data);
    cursor = page.nextCursor;
    await between();
  }
  return all;
}

test('a customer sees own orders, newest first, each like a GET of it', async () => {
  const orders = await readAll(anna.token, 'limit=10');
  assert.equal(orders.length, 25);
  assert.ok(orders.every((order) => order.userId === anna.id));
  assert.deepEqual(
    orders.map((order) => order.arrival),
    Array.from({ length: 25 }, (_, index) => 49 - 2 * index),
  );
  const one = await send('GET', `${engine.url}/api/v1/orders/${orders[0]?.id}`, { token: anna.token });
  assert.deepEqual(one.json, orders[0]);
});

test('PG-01 what existed all along appears exactly once though rows come between the pages', async () => {
  const existing = await readAll(shop.operatorToken, `saleId=${sale.id}&limit=100`);
  const seen = await readAll(shop.operatorToken, `saleId=${sale.id}&limit=7`, () => shop.order(sale));
  const times = Map.groupBy(seen, (order) => order.id);
  for (const { id } of existing) assert.equal(times.get(id)?.length, 1);
  assert.deepEqual(
    seen.map((order) => order.arrival),
    seen.map((_, index) => index + 1),
    'by arrival, none lost and none doubled',
  );
});

test('PG-01 limits outside 1 to 100 and cursors that no list gave are 400', async () => {
  for (const limit of ['0', '101', '-1', '1.5', 'many']) {
    const answer = await send('GET', `${engine.url}/api/v1/orders?limit=${limit}`, { token: anna.token });
    assert.equal(answer.status, 400, limit);
    assert.equal(answer.json.errors[0].pointer, '/limit');
  }
  const bySale = (await send('GET', `${engine.url}/api/v1/orders?limit=1&saleId=${sale.id}`, { token: anna.token }))
    .json;
  for (const cursor of ['x', 'bnVsbA', Buffer.from('{"id":"1"}').toString('base64url'), bySale.nextCursor]) {
    const answer = await send('GET', `${engine.url}/api/v1/orders?cursor=${cursor}`, { token: anna.token });
    assert.equal(answer.json.code, 'cursor-invalid', cursor);
  }
});

test('filters: sale, status and user together; an unknown filter is 400', async () => {
  const query = `saleId=${sale.id}&status=pending_payment&userId=${anna.id}&limit=100`;
  assert.equal((await readAll(shop.operatorToken, query)).length, 25);
  assert.equal((await readAll(shop.operatorToken, `saleId=${sale.id}&status=expired`)).length, 0);
  assert.equal((await readAll(shop.operatorToken, `userId=${randomUUID()}`)).length, 0);
  for (const wrong of ['status=paid', 'saleId=1', 'colour=red']) {
    assert.equal((await send('GET', `${engine.url}/api/v1/orders?${wrong}`, { token: anna.token })).status, 400, wrong);
  }
});

test('SEC-02 ?userId= of somebody else: 403', async () => {
  const answer = await send('GET', `${engine.url}/api/v1/orders?userId=${anna.id}`, { token: newCustomer().token });
  assert.equal(answer.status, 403);
  assert.equal(answer.json.code, 'forbidden');
});
