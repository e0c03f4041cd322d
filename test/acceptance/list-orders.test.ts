import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { newCustomer, send, tokenFor } from '../support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startEngines, type TestEngines } from '../support/engines.ts';
import { createShop, type Sale, type Shop, saleBody } from '../support/shop.ts';
import { createApiKey, createMember, createMerchant } from '../support/staff.ts';

let database: TestDatabase;
let engines: TestEngines;
let shop: Shop;
let sale: Sale;
const anna = newCustomer();

before(async () => {
  database = await createTestDatabase();
  engines = await startEngines({ DATABASE_URL: database.url });
  shop = await createShop(engines.url);
  sale = await shop.createSale({ items: [{ capacity: 1_000 }] });
  for (let count = 0; count < 25; count += 1) {
    assert.equal((await shop.order(sale, { token: anna.token })).status, 201);
    assert.equal((await shop.order(sale)).status, 201);
  }
});

after(async () => {
  await engines.stop();
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
    const answer = await send('GET', `${engines.url}/api/v1/orders?${query}${next}`, { token });
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
  const one = await send('GET', `${engines.url}/api/v1/orders/${orders[0]?.id}`, { token: anna.token });
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
    const answer = await send('GET', `${engines.url}/api/v1/orders?limit=${limit}`, { token: anna.token });
    assert.equal(answer.status, 400, limit);
    assert.equal(answer.json.errors[0].pointer, '/limit');
  }
  const bySale = (await send('GET', `${engines.url}/api/v1/orders?limit=1&saleId=${sale.id}`, { token: anna.token }))
    .json;
  for (const cursor of ['x', 'bnVsbA', Buffer.from('{"id":"1"}').toString('base64url'), bySale.nextCursor]) {
    const answer = await send('GET', `${engines.url}/api/v1/orders?cursor=${cursor}`, { token: anna.token });
    assert.equal(answer.json.code, 'cursor-invalid', cursor);
  }
});

test('filters: sale, status and user together; an unknown filter is 400', async () => {
  const query = `saleId=${sale.id}&status=pending_payment&userId=${anna.id}&limit=100`;
  assert.equal((await readAll(shop.operatorToken, query)).length, 25);
  assert.equal((await readAll(shop.operatorToken, `saleId=${sale.id}&status=expired`)).length, 0);
  assert.equal((await readAll(shop.operatorToken, `userId=${randomUUID()}`)).length, 0);
  for (const [member, wrong] of [
    ['status', 'paid'],
    ['status', 'expired,paid'],
    ['status', ''],
    ['saleId', '1'],
    ['merchantId', '1'],
    ['reference', ''],
    ['reference', '%00'],
    ['placedFrom', 'yesterday'],
    ['placedUntil', '2026-02-30T00:00:00Z'],
    ['colour', 'red'],
  ]) {
    const answer = await send('GET', `${engines.url}/api/v1/orders?${member}=${wrong}`, { token: anna.token });
    assert.equal(answer.status, 400, `${member}=${wrong}`);
    assert.equal(answer.json.errors[0].pointer, `/${member}`);
    assert.equal(answer.json.errors[0].in, 'query');
  }
});

test('filters: several statuses, the reference and the time together', async () => {
  const drop = await shop.createSale({ items: [{ capacity: 1_000 }] });
  const berta = newCustomer();
  const placed: { id: string; placedAt: string }[] = [];
  for (const reference of ['R-1', 'R-1', 'R 2, "é"', undefined]) {
    const body = { saleId: drop.id, lines: [{ itemId: drop.items[0]?.id, quantity: 1 }], reference };
    const answer = await shop.order(drop, { token: berta.token, body });
    assert.equal(answer.status, 201, answer.text);
    placed.push(answer.json);
  }
  // Days apart, as their times say; in the order in which they arrived.
  for (const [index, { id }] of placed.entries()) {
    const placedAt = new Date(Date.UTC(2026, 0, 10 + index)).toISOString();
    // An id begins with the time at which it was made.
    const newId = `${new Date(placedAt).getTime().toString(16).padStart(12, '0')}${id.replaceAll('-', '').slice(12)}`;
    for (const [table, column] of [
      ['order_lines', 'order_id'],
      ['order_events', 'order_id'],
      ['orders', 'id'],
    ]) {
      await database.query(`UPDATE ${table} SET ${column} = $2 WHERE ${column} = $1`, [id, newId]);
    }
    await database.query('UPDATE orders SET placed_at = $2 WHERE id = $1', [newId, placedAt]);
  }
  await database.query(
    `UPDATE orders SET status = 'cancelled' WHERE placed_at = '2026-01-11T00:00:00Z' AND sale_id = $1`,
    [drop.id],
  );
  const arrivals = async (token: string, query: string) =>
    (await readAll(token, query)).map(({ arrival }) => arrival).sort();
  const from = 'placedFrom=2026-01-11T00:00:00Z';
  const until = 'placedUntil=2026-01-13T01:00:00%2B01:00';
  for (const scope of [`saleId=${drop.id}`, `userId=${berta.id}`, `merchantId=${shop.merchantId}&saleId=${drop.id}`]) {
    for (const token of [shop.operatorToken, berta.token]) {
      assert.deepEqual(await arrivals(token, `${scope}&reference=R-1`), [1, 2], scope);
      assert.deepEqual(await arrivals(token, `${scope}&reference=R-1&status=cancelled`), [2]);
      assert.deepEqual(await arrivals(token, `${scope}&reference=${encodeURIComponent('R 2, "é"')}`), [3]);
      assert.deepEqual(await arrivals(token, `${scope}&reference=r-1`), []);
      assert.deepEqual(
        await arrivals(token, `${scope}&${from}&${until}`),
        [2, 3],
        'the first counts, the last does not',
      );
      assert.deepEqual(await arrivals(token, `${scope}&${from}&${until}&status=pending_payment,expired`), [3]);
      assert.deepEqual(await arrivals(token, `${scope}&status=cancelled,pending_payment`), [1, 2, 3, 4]);
      assert.deepEqual(await arrivals(token, `${scope}&${from}&placedUntil=2026-01-11T00:00:00Z`), []);
    }
  }
  assert.deepEqual(await arrivals(shop.operatorToken, `reference=R-1&${from}`), [2]);
});

test("staff see all orders of their merchants' sales and no others, by pages: newest sale first, newest order first", async () => {
  const merchantId = await createMerchant(shop);
  const [staff, apiKey] = [await createMember(shop, merchantId, 'merchant'), await createApiKey(shop, merchantId)];
  const expected: string[] = [];
  const sales: Sale[] = [];
  for (const name of ['Monday', 'Tuesday', 'Wednesday']) {
    const answer = await send('POST', `${engines.url}/api/v1/sales`, {
      token: staff,
      key: 'auto',
      body: saleBody(merchantId, { name, items: [{ capacity: 100 }] }),
    });
    assert.equal(answer.status, 201, answer.text);
    sales.push(answer.json);
  }
  const [monday, , wednesday] = sales;
  assert.ok(monday && wednesday);
  for (const day of [wednesday, monday]) {
    const ofDay: string[] = [];
    for (let count = 0; count < 5; count += 1) ofDay.unshift((await shop.order(day)).json.id);
    expected.push(...ofDay);
  }
  for (const token of [staff, apiKey]) {
    const ids = (await readAll(token, 'limit=3')).map(({ id }) => id);
    assert.deepEqual(ids, expected);
    assert.deepEqual(await readAll(token, `merchantId=${shop.merchantId}`), [], "another's orders are not there");
    assert.deepEqual(await readAll(token, `saleId=${sale.id}`), []);
    assert.deepEqual(await readAll(token, `userId=${anna.id}`), []);
  }
  const asOperator = await readAll(shop.operatorToken, `merchantId=${merchantId.toUpperCase()}&limit=4`);
  assert.deepEqual(
    asOperator.map(({ id }) => id),
    expected,
  );
  const page = await send('GET', `${engines.url}/api/v1/orders?limit=1`, { token: staff });
  const elsewhere = `${engines.url}/api/v1/orders?saleId=${monday.id}&cursor=${page.json.nextCursor}`;
  assert.equal((await send('GET', elsewhere, { token: staff })).json.code, 'cursor-invalid');
});

test('couriers see the orders of their merchants that are ready or on their way, and their own', async () => {
  const lunch = await shop.createSale({ items: [{ capacity: 100 }], fulfillment: 'kitchen' });
  const courierId = randomUUID();
  const statuses = ['preparing', 'ready_for_pickup', 'in_transit', 'completed'];
  for (const status of statuses) {
    const { json } = await shop.order(lunch);
    await database.query(
      `WITH stepped AS (UPDATE orders SET status = $2::order_status, version = 2 WHERE id = $1)
       INSERT INTO order_events (order_id, version, type, status, occurred_at)
       VALUES ($1, 2, 'order.tested', $2::order_status, now())`,
      [json.id, status],
    );
  }
  const own = (await shop.order(lunch, { token: tokenFor(courierId) })).json.id;
  const courier = tokenFor(courierId, 'courier');
  assert.deepEqual(
    (await readAll(courier, '')).map(({ id }) => id),
    [own],
    'a courier of nobody is a customer',
  );

  await database.query(
    `INSERT INTO accounts (id, email, password_hash, role) VALUES ($1, 'courier@example.com', 'x', 'courier')`,
    [courierId],
  );
  await database.query(`INSERT INTO members (merchant_id, account_id, role) VALUES ($1, $2, 'courier')`, [
    shop.merchantId,
    courierId,
  ]);
  const arrivals = async (query: string) => (await readAll(courier, query)).map(({ arrival }) => arrival);
  assert.deepEqual(await arrivals('limit=1'), [3, 2]);
  assert.deepEqual(await arrivals(`saleId=${lunch.id}`), [2, 3]);
  assert.deepEqual(await arrivals('status=in_transit,completed'), [3]);
  assert.deepEqual(await arrivals('status=completed'), []);
  assert.deepEqual(await arrivals(`userId=${anna.id}`), []);
  assert.deepEqual(
    (await readAll(courier, `userId=${courierId}`)).map(({ id }) => id),
    [own],
  );
});

test('SEC-02 ?userId= of somebody else: 403', async () => {
  const answer = await send('GET', `${engines.url}/api/v1/orders?userId=${anna.id}`, { token: newCustomer().token });
  assert.equal(answer.status, 403);
  assert.equal(answer.json.code, 'forbidden');
});
