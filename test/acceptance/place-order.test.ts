import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { newCustomer, send } from '../support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startEngines, type TestEngines } from '../support/engines.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { scaled } from '../support/scale.ts';
import { createShop, type Shop } from '../support/shop.ts';

let database: TestDatabase;
/** Two engine processes on one PostgreSQL. */
let engines: TestEngines;
let shop: Shop;

before(async () => {
  database = await createTestDatabase();
  const settings = { DATABASE_URL: database.url };
  engines = await startEngines(settings);
  shop = await createShop(engines.url);
});

after(async () => {
  await assertLedgerSound(database);
  await engines.stop();
  await database.drop();
});

/** Of both processes, unless of a certain one. */
const ordersUrl = (engine?: 0 | 1) => `${engine === undefined ? engines.url : engines.urls[engine]}/api/v1/orders`;

async function ordersOf(saleId: string): Promise<number> {
  const [row] = await database.query<{ count: number }>('SELECT count(*)::int FROM orders WHERE sale_id = $1', [
    saleId,
  ]);
  return row?.count ?? 0;
}

function statuses(answers: readonly { status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

test('201 an order with its arrival, price, and a time to pay by; S-03 it can be read afterwards', async () => {
  const sale = await shop.createSale({ holdSeconds: 120 });
  const customer = newCustomer();
  const placed = await shop.order(sale, {
    token: customer.token,
    body: {
      saleId: sale.id,
      lines: [{ itemId: sale.items[0]?.id, quantity: 2 }],
      reference: 'A-17',
      metadata: { z: 1, a: { nested: ['ü', null] }, '10': true },
    },
  });
  assert.equal(placed.status, 201, placed.text);
  const { id, placedAt, payBy, ...rest } = placed.json;
  assert.deepEqual(rest, {
    saleId: sale.id,
    userId: customer.id,
    status: 'pending_payment',
    version: 1,
    arrival: 1,
    currency: 'EUR',
    totalMinor: 3_000,
    lines: [{ itemId: sale.items[0]?.id, name: 'Poster', quantity: 2, unitPriceMinor: 1_500, totalMinor: 3_000 }],
    reference: 'A-17',
    metadata: { z: 1, a: { nested: ['ü', null] }, '10': true },
    acceptBy: null,
  });
  assert.equal(Date.parse(payBy) - Date.parse(placedAt), 120_000);
  assert.equal(placed.headers.get('location'), `/api/v1/orders/${id}`);

  const read = await send('GET', `${engines.url}/api/v1/orders/${id}`, { token: customer.token });
  assert.equal(read.status, 200);
  assert.equal(read.text, placed.text);
  assert.equal(read.headers.get('etag'), placed.headers.get('etag'));
});

test('CR-01 an order has a strong entity tag, and If-None-Match of the current one is 304 without a body', async () => {
  const sale = await shop.createSale();
  const customer = newCustomer();
  const { json, headers } = await shop.order(sale, { token: customer.token });
  const tag = headers.get('etag') ?? '';
  assert.match(tag, /^"[^"]+"$/);
  const url = `${ordersUrl()}/${json.id}`;
  for (const known of [tag, '*', `"other", ${tag}`, `W/${tag}`]) {
    const answer = await send('GET', url, { token: customer.token, headers: { 'if-none-match': known } });
    assert.equal(answer.status, 304, known);
    assert.equal(answer.text, '');
    assert.equal(answer.headers.get('etag'), tag);
  }
  const changed = await send('GET', url, { token: customer.token, headers: { 'if-none-match': '"other"' } });
  assert.equal(changed.status, 200);
  const malformed = await send('GET', url, { token: customer.token, headers: { 'if-none-match': 'other' } });
  assert.equal(malformed.json.code, 'precondition-invalid');
});

test('IK-01 without a key, or with an empty or blank one: 400 naming the header, and no effect', async () => {
  const sale = await shop.createSale();
  const body = { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] };
  for (const headers of [{}, { 'idempotency-key': '' }, { 'idempotency-key': '   ' }]) {
    const answer = await send('POST', ordersUrl(), { token: newCustomer().token, body, headers });
    assert.equal(answer.status, 400);
    assert.equal(answer.json.code, 'idempotency-key-missing');
    assert.match(answer.json.title, /Idempotency-Key/);
  }
  assert.equal(await ordersOf(sale.id), 0);
});

test('IK-02 255 characters work; 256, control characters, non-ASCII, an open quote, two headers do not', async () => {
  const sale = await shop.createSale();
  const good = await shop.order(sale, { key: 'k'.repeat(255) });
  assert.equal(good.status, 201);
  const body = { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] };
  for (const key of ['k'.repeat(256), 'tab\there', 'caf\u00e9', '"open', '"a"b"', 'one, two', '""']) {
    const answer = await send('POST', ordersUrl(), {
      token: newCustomer().token,
      body,
      headers: { 'idempotency-key': key },
    });
    assert.equal(answer.status, 400, key);
    assert.equal(answer.json.code, 'idempotency-key-invalid');
  }
  const twice = new Headers({ authorization: `Bearer ${newCustomer().token}`, 'content-type': 'application/json' });
  twice.append('idempotency-key', 'one');
  twice.append('idempotency-key', 'two');
  const answer = await fetch(ordersUrl(), { method: 'POST', headers: twice, body: JSON.stringify(body) });
  assert.equal(answer.status, 400);
  assert.equal(await ordersOf(sale.id), 1);
});

test('IK-03 the bare and the quoted form are one key', async () => {
  const sale = await shop.createSale();
  const { token } = newCustomer();
  const key = randomUUID();
  const bare = await shop.order(sale, { token, key });
  const quoted = await shop.order(sale, { token, key: `"${key}"` });
  assert.equal(bare.status, 201);
  assert.equal(quoted.headers.get('idempotent-replayed'), 'true');
  assert.equal(quoted.text, bare.text);
});

test('IK-04 a repeat after success: the same status, bytes, Location, ETag and content type, marked, on any process', async () => {
  const sale = await shop.createSale();
  const { token } = newCustomer();
  const key = randomUUID();
  const body = {
    saleId: sale.id,
    lines: [{ itemId: sale.items[0]?.id, quantity: 1 }],
    metadata: { b: 1, a: '\u2028' },
  };
  const first = await send('POST', ordersUrl(0), { token, key, body });
  assert.equal(first.status, 201);
  assert.equal(first.headers.get('idempotent-replayed'), null);
  for (const engine of [0, 1] as const) {
    const again = await send('POST', ordersUrl(engine), { token, key, body });
    assert.equal(again.status, 201);
    assert.equal(again.text, first.text);
    for (const name of ['location', 'etag', 'content-type'])
      assert.equal(again.headers.get(name), first.headers.get(name));
    assert.equal(again.headers.get('idempotent-replayed'), 'true');
    assert.notEqual(again.headers.get('request-id'), first.headers.get('request-id'));
  }
  assert.equal(await ordersOf(sale.id), 1);
});

test('IK-04 the repeat is what the order was placed at, though price, name and the order itself have changed since', async () => {
  const sale = await shop.createSale({ holdSeconds: 1, items: [{ name: 'Poster', priceMinor: 1_500 }] });
  const { token } = newCustomer();
  const key = randomUUID();
  const first = await shop.order(sale, { token, key });
  assert.equal(first.status, 201);
  const [item] = sale.items;
  const changed = await send('PATCH', `${engines.url}/api/v1/sales/${sale.id}/items/${item?.id}`, {
    token: shop.operatorToken,
    headers: { 'if-match': '*' },
    body: { name: 'Rare poster', priceMinor: 9_900 },
  });
  assert.equal(changed.status, 200, changed.text);
  await database.until("SELECT id FROM orders WHERE id = $1 AND status = 'expired'", [first.json.id]);
  const again = await shop.order(sale, { token, key });
  assert.equal(again.text, first.text);
  assert.equal(again.headers.get('etag'), first.headers.get('etag'));
  assert.equal((await shop.order(sale)).json.totalMinor, 9_900, 'new orders have the new price');
});

test('IK-05 100 identical requests at once over two processes: one order, and every answer is it', async () => {
  const sale = await shop.createSale();
  const { token } = newCustomer();
  const key = randomUUID();
  const body = { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] };
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => send('POST', ordersUrl(index % 2 ? 1 : 0), { token, key, body })),
  );
  for (const answer of answers) {
    if (answer.status === 409) assert.ok(answer.headers.get('retry-after'), answer.text);
    else assert.equal(answer.status, 201, answer.text);
  }
  const orders = new Set(answers.filter(({ status }) => status === 201).map(({ text }) => text));
  assert.equal(orders.size, 1);
  assert.equal(
    answers.filter(({ status, headers }) => status === 201 && !headers.has('idempotent-replayed')).length,
    1,
  );
  assert.equal(await ordersOf(sale.id), 1);
  assert.equal((await send('POST', ordersUrl(), { token, key, body })).headers.get('idempotent-replayed'), 'true');
});

test('IK-06 the same key for another body: 422, and the original still gets its answer', async () => {
  const sale = await shop.createSale();
  const { token } = newCustomer();
  const key = randomUUID();
  const line = (quantity: number) => [{ itemId: sale.items[0]?.id, quantity }];
  const first = await shop.order(sale, { token, key, lines: line(1) });
  for (const engine of [0, 1] as const) {
    const other = await send('POST', ordersUrl(engine), { token, key, body: { saleId: sale.id, lines: line(2) } });
    assert.equal(other.status, 422);
    assert.equal(other.json.code, 'idempotency-key-reused');
  }
  const again = await shop.order(sale, { token, key, lines: line(1) });
  assert.equal(again.text, first.text);
});

test('IK-06 another body while the first still runs in the same process: 422 at once, and 409 for a twin', async () => {
  const { order, underWay, release } = await orderUnderWay();
  try {
    const [other, twin] = await Promise.all([order(0, 2), order(0, 1)]);
    assert.deepEqual([other.status, other.json.code], [422, 'idempotency-key-reused']);
    assert.deepEqual([twin.status, twin.json.code], [409, 'request-in-progress']);
    assert.ok(twin.headers.get('retry-after'));
  } finally {
    await release();
  }
  const first = await underWay;
  assert.equal(first.status, 201);
  assert.equal((await order(0, 1)).text, first.text);
});

test('IK-06 another body while the first still runs in another process waits for its end: 422, and the first has its answer', async () => {
  const { order, underWay, release } = await orderUnderWay();
  const there = order(1, 2);
  try {
    await database.until(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' HAVING count(*) = 2",
    );
  } finally {
    await release();
  }
  const [first, other] = await Promise.all([underWay, there]);
  assert.equal(first.status, 201);
  assert.deepEqual([other.status, other.json.code], [422, 'idempotency-key-reused']);
  assert.equal((await order(1, 1)).text, first.text);
});

/** An order that waits in the first process for the sale's lock, which the test holds; `order` sends its key again. */
async function orderUnderWay() {
  const sale = await shop.createSale();
  const { token } = newCustomer();
  const key = randomUUID();
  const order = (at: 0 | 1, quantity: number) =>
    send('POST', ordersUrl(at), {
      token,
      key,
      body: { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity }] },
    });
  const lock = await database.hold('SELECT FROM sales WHERE id = $1 FOR UPDATE', [sale.id]);
  const underWay = order(0, 1);
  await lock.blocksSomebody();
  return { order, underWay, release: () => lock.release() };
}

test("IK-08 another user's key and body make that user an own order", async () => {
  const sale = await shop.createSale();
  const key = randomUUID();
  const anna = newCustomer();
  const ben = newCustomer();
  const hers = await shop.order(sale, { token: anna.token, key });
  const his = await shop.order(sale, { token: ben.token, key });
  assert.deepEqual([hers.status, his.status], [201, 201]);
  assert.equal(his.json.userId, ben.id);
  assert.notEqual(his.json.id, hers.json.id);
});

test('IK-10 the same JSON in another member order and with other blanks is a repeat', async () => {
  const sale = await shop.createSale();
  const { token } = newCustomer();
  const key = randomUUID();
  const itemId = sale.items[0]?.id;
  const one = `{"saleId":"${sale.id}","lines":[{"itemId":"${itemId}","quantity":1}],"reference":"r"}`;
  const other = `{ "reference": "r",\n "lines": [ {"quantity": 1, "itemId": "${itemId}"} ], "saleId": "${sale.id}" }`;
  const first = await send('POST', ordersUrl(), { token, key, rawBody: one });
  const again = await send('POST', ordersUrl(), { token, key, rawBody: other });
  assert.equal(first.status, 201);
  assert.equal(again.headers.get('idempotent-replayed'), 'true');
  assert.equal(again.text, first.text);
});

test('IK-11 after 400 for a bad body the same key executes', async () => {
  const sale = await shop.createSale();
  const { token } = newCustomer();
  const key = randomUUID();
  assert.equal((await shop.order(sale, { token, key, lines: [] })).status, 400);
  assert.equal((await shop.order(sale, { token, key })).status, 201);
});

test('IK-12 sold out is not pinned to the key: it succeeds after a restock', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 0 }] });
  const { token } = newCustomer();
  const key = randomUUID();
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const refused = await shop.order(sale, { token, key });
    assert.equal(refused.status, 409);
    assert.equal(refused.json.code, 'sold-out');
    assert.deepEqual(refused.json.items, [{ itemId: sale.items[0]?.id, requested: 1, available: 0 }]);
    assert.equal(refused.headers.get('retry-after'), null);
  }
  const restock = await send('POST', `${engines.url}/api/v1/admin/stock`, {
    token: shop.operatorToken,
    key: 'auto',
    body: { itemId: sale.items[0]?.id, adjustBy: 1 },
  });
  assert.equal(restock.status, 200, restock.text);
  assert.equal(
    (await shop.order(sale, { token, key })).status,
    201,
    'S-08 the next request after a restock elsewhere finds it',
  );
});

const HANG_UPS = scaled(20, 1_000);

test('IK-15 the client hangs up right after sending: at most one order, and the retry returns it', async () => {
  const sale = await shop.createSale({ items: [{ capacity: HANG_UPS }] });
  for (let round = 0; round < HANG_UPS; round += 1) {
    const { token } = newCustomer();
    const key = randomUUID();
    const hangUp = new AbortController();
    const lost = shop.order(sale, { token, key, signal: hangUp.signal });
    setTimeout(() => hangUp.abort(), round % 5);
    await lost.catch(() => undefined);
    const retried = await shop.order(sale, { token, key });
    assert.equal(retried.status, 201, retried.text);
  }
  assert.equal(await ordersOf(sale.id), HANG_UPS);
});

test('IK-18 two keys, the same body, the same user: two orders', async () => {
  const sale = await shop.createSale();
  const { token } = newCustomer();
  const [first, second] = [await shop.order(sale, { token }), await shop.order(sale, { token })];
  assert.deepEqual([first.status, second.status], [201, 201]);
  assert.notEqual(first.json.id, second.json.id);
});

test('IK-19 the buyer of the last unit retries after it sold out, after pausing, after closing, on another process: that order', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 1 }] });
  const { token } = newCustomer();
  const key = randomUUID();
  const won = await shop.order(sale, { token, key });
  assert.equal(won.status, 201);
  for (const engine of [0, 1] as const) {
    const body = { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] };
    const tell = async () => {
      const again = await send('POST', ordersUrl(engine), { token, key, body });
      assert.equal(again.status, 201, again.text);
      assert.equal(again.text, won.text);
    };
    await database.query("UPDATE sales SET paused_at = NULL, closes_at = now() + interval '1 hour' WHERE id = $1", [
      sale.id,
    ]);
    for (let refusals = 0; refusals < 3; refusals += 1) {
      assert.equal(
        (await send('POST', ordersUrl(engine), { token: newCustomer().token, key: 'auto', body })).json.code,
        'sold-out',
      );
    }
    await tell();
    await database.query('UPDATE sales SET paused_at = now() WHERE id = $1', [sale.id]);
    assert.equal(
      (await send('POST', ordersUrl(engine), { token: newCustomer().token, key: 'auto', body })).json.saleStatus,
      'paused',
    );
    await tell();
    await database.query('UPDATE sales SET paused_at = NULL, closes_at = now() WHERE id = $1', [sale.id]);
    assert.equal(
      (await send('POST', ordersUrl(engine), { token: newCustomer().token, key: 'auto', body })).json.saleStatus,
      'closed',
    );
    await tell();
  }
});

test('S-02 more buyers than units over two processes: exactly the capacity is sold', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 40 }] });
  const body = { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] };
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      send('POST', ordersUrl(index % 2 ? 1 : 0), { token: newCustomer().token, key: 'auto', body }),
    ),
  );
  assert.deepEqual(statuses(answers), { 201: 40, 409: 160 });
  const { stock } = (await shop.readSale(sale.id)).items[0] ?? {};
  assert.deepEqual(stock, { capacity: 40, available: 0, held: 40, sold: 0 });
});

test('S-07 limit_per_customer holds under 100 requests at once with different keys over two processes', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 100, limitPerCustomer: 2 }] });
  const { token } = newCustomer();
  const body = { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] };
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => send('POST', ordersUrl(index % 2 ? 1 : 0), { token, key: 'auto', body })),
  );
  assert.deepEqual(statuses(answers), { 201: 2, 409: 98 });
  const refused = answers.find(({ status }) => status === 409);
  assert.equal(refused?.json.code, 'limit-reached');
  assert.deepEqual(refused?.json.items, [{ itemId: sale.items[0]?.id, limit: 2, taken: 2 }]);
});

test('S-09 several lines, reversed by half of the buyers, over two processes: all or nothing, and no deadlock', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 30 }, { capacity: 20 }, { capacity: 25 }] });
  const lines = sale.items.map(({ id }) => ({ itemId: id, quantity: 1 }));
  const answers = await Promise.all(
    Array.from({ length: 80 }, (_, index) =>
      send('POST', ordersUrl(index % 2 ? 1 : 0), {
        token: newCustomer().token,
        key: 'auto',
        body: { saleId: sale.id, lines: index % 4 < 2 ? lines : lines.toReversed() },
      }),
    ),
  );
  assert.deepEqual(statuses(answers), { 201: 20, 409: 60 });
  const { items } = await shop.readSale(sale.id);
  assert.deepEqual(
    items.map((item) => item.stock.held),
    [20, 20, 20],
  );
});

test('S-10 no order before opensAt nor from closesAt on; before it Retry-After says when', async () => {
  const soon = await shop.createSale({
    opensAt: new Date(Date.now() + 60_000).toISOString(),
    closesAt: new Date(Date.now() + 120_000).toISOString(),
  });
  const early = await shop.order(soon);
  assert.equal(early.status, 409);
  assert.equal(early.json.saleStatus, 'scheduled');
  const retryAfter = Number(early.headers.get('retry-after'));
  assert.ok(retryAfter > 50 && retryAfter <= 60, String(retryAfter));

  const over = await shop.createSale({
    opensAt: new Date(Date.now() - 120_000).toISOString(),
    closesAt: new Date(Date.now() - 60_000).toISOString(),
  });
  const late = await shop.order(over);
  assert.equal(late.json.saleStatus, 'closed');
  assert.equal(late.headers.get('retry-after'), null);
  assert.equal((await ordersOf(soon.id)) + (await ordersOf(over.id)), 0);
});

test('S-06 an unpaid order expires once, with two sweepers at work, and its stock and the customer’s units come back', async () => {
  const sale = await shop.createSale({ holdSeconds: 1, items: [{ capacity: 6, limitPerCustomer: 5 }] });
  const { token } = newCustomer();
  const placed = await shop.order(sale, { token, quantity: 5 });
  assert.equal(placed.status, 201);
  assert.equal((await shop.order(sale, { token })).json.code, 'limit-reached');
  const expired = await database.until<{ version: number }>(
    "SELECT version FROM orders WHERE id = $1 AND status = 'expired'",
    [placed.json.id],
  );
  assert.equal(expired.version, 2);
  const [held] = await database.query<{ late_ms: number }>(
    `SELECT extract(epoch FROM expired.occurred_at - placed.pay_by)::float * 1000 AS late_ms
     FROM order_events AS placed JOIN order_events AS expired USING (order_id)
     WHERE order_id = $1 AND placed.version = 1 AND expired.version = 2`,
    [placed.json.id],
  );
  assert.ok(
    held && held.late_ms >= 0 && held.late_ms < 1_000,
    `the stock came back ${held?.late_ms} ms after its time`,
  );
  const { stock } = (await shop.readSale(sale.id)).items[0] ?? {};
  assert.deepEqual(stock, { capacity: 6, available: 6, held: 0, sold: 0 });
  assert.equal((await shop.order(sale, { token, quantity: 5 })).status, 201);
  const read = await send('GET', `${ordersUrl()}/${placed.json.id}`, { token });
  assert.equal(read.json.status, 'expired');
  assert.notEqual(read.headers.get('etag'), placed.headers.get('etag'));
});
