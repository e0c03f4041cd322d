import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Answer, newCustomer, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngine } from '../support/engine.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { pay, placeOrder, step } from '../support/orders.ts';
import { freePort } from '../support/postgres.ts';
import type { TestRedis } from '../support/redis.ts';
import { createShop, type Sale, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });
let database: TestDatabase;
let redis: TestRedis;
let settings: Record<string, string>;
/** Two engine processes on one PostgreSQL and one Redis. */
let engines: [TestEngine, TestEngine];
let shop: Shop;

before(async () => {
  database = await stage.database();
  stage.atEnd(() => assertLedgerSound(database));
  redis = await stage.redis();
  settings = { DATABASE_URL: database.url, REDIS_URL: redis.url, PUBLIC_URL: 'https://shop.example' };
  engines = [await stage.engine(settings), await stage.engine(settings)];
  shop = await createShop(engines[0].url);
});

const other = () => engines[1].url;

/** Orders one unit of the sale's first item; the same request again with the same key. */
function order(url: string, sale: Sale, buyer: { token: string; key: string }): Promise<Answer> {
  return send('POST', `${url}/api/v1/orders`, {
    ...buyer,
    body: { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] },
  });
}

const newBuyer = () => ({ token: newCustomer().token, key: randomUUID() });

function assertReplay(first: Answer, again: Answer): void {
  assert.equal(again.status, first.status, again.text);
  assert.equal(again.text, first.text);
  assert.equal(again.headers.get('etag'), first.headers.get('etag'));
  assert.equal(again.headers.get('idempotent-replayed'), 'true');
}

async function untilRedisIs(url: string, part: 'up' | 'away'): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const { json } = await send('GET', `${url}/health/ready`);
    if (json.parts.redis === part) return;
    assert.ok(Date.now() < deadline, `Redis is still ${json.parts.redis}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('IK-16 FLUSHALL between request and repeat: the same order, on the other process, too', async () => {
  const sale = await shop.createSale();
  const buyer = newBuyer();
  const first = await order(shop.url, sale, buyer);
  assert.equal(first.status, 201);
  await redis.flushAll();
  assertReplay(first, await order(other(), sale, buyer));
  assert.equal((await shop.readSale(sale.id)).items[0]?.stock.held, 1);
});

test('IK-19 IK-16 the buyer of the last unit gets it again after the item sold out, the sale closed, and Redis forgot', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 1 }] });
  const buyer = newBuyer();
  const first = await order(shop.url, sale, buyer);
  assert.equal((await order(other(), sale, newBuyer())).json.code, 'sold-out');
  await redis.flushAll();
  assertReplay(first, await order(other(), sale, buyer));
  await database.query("UPDATE sales SET closes_at = now() - interval '1 second' WHERE id = $1", [sale.id]);
  await redis.flushAll();
  assertReplay(first, await order(other(), sale, buyer));
  assertReplay(first, await order(shop.url, sale, buyer));
});

test('IK-16 steps are repeated from the ledger when Redis has forgotten them, and another body is still 422', async () => {
  const placed = await placeOrder(shop, await shop.createSale());
  const key = randomUUID();
  const first = await pay(shop.url, placed, 'card_ok', { key });
  assert.equal(first.status, 200, first.text);
  await redis.flushAll();
  assertReplay(first, await pay(other(), placed, 'card_ok', { key }));
  await redis.flushAll();
  assert.equal((await pay(other(), placed, 'card_declined', { key })).status, 422);
});

test('IK-16 while Redis is away everything goes on, and each key still has one effect', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 50 }] });
  const before = newBuyer();
  const first = await order(shop.url, sale, before);
  await redis.kill();
  await untilRedisIs(shop.url, 'away');
  assert.equal((await send('GET', `${shop.url}/health/ready`)).status, 200, 'the process stays ready');
  assertReplay(first, await order(shop.url, sale, before));
  const during = newBuyer();
  const placed = await order(shop.url, sale, during);
  assert.equal(placed.status, 201, placed.text);
  assertReplay(placed, await order(other(), sale, during));
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) => order(engines[index % 2]?.url ?? '', sale, { ...during, key: 'one-key' })),
  );
  assert.deepEqual(new Set(answers.map(({ json }) => json.id)).size, 1);
  assert.ok(answers.every(({ status }) => status === 201));

  await redis.start('empty');
  await Promise.all(engines.map(({ url }) => untilRedisIs(url, 'up')));
  assertReplay(placed, await order(other(), sale, during));
});

test('IK-14 kill -9 while a request waits for the ledger: the same key succeeds on the other process, once', async () => {
  const sale = await shop.createSale();
  const port = await freePort();
  const dying = await stage.engine({ ...settings, PORT: String(port) });
  const held = await database.hold('SELECT id FROM sales WHERE id = $1 FOR UPDATE', [sale.id]);
  const buyer = newBuyer();
  const lost = order(dying.url, sale, buyer).catch(() => 'lost');
  await held.blocksSomebody();
  await dying.kill();
  assert.equal(await lost, 'lost');
  await held.release();
  const answer = await order(other(), sale, buyer);
  assert.equal(answer.status, 201, answer.text);
  assert.equal((await shop.readSale(sale.id)).items[0]?.stock.held, 1);
});

test('IK-14 kill -9 while a step is under way: its key is free after the lease at most, and the step happens once', async () => {
  const placed = await placeOrder(shop, await shop.createSale());
  const dying = await stage.engine(settings);
  const held = await database.hold('SELECT id FROM orders WHERE id = $1 FOR UPDATE', [placed.id]);
  const key = randomUUID();
  const cancel = (url: string) => step(url, placed.id, 'cancellation', { token: placed.customer.token, key });
  const lost = cancel(dying.url).catch(() => 'lost');
  await held.blocksSomebody();
  await dying.kill();
  assert.equal(await lost, 'lost');
  await held.release();
  // The claim of the dead process is still there: 409 with Retry-After, until its lease of five seconds is over.
  const freeBy = Date.now() + 8_000;
  let answer = await cancel(other());
  while (answer.status === 409 && Date.now() < freeBy) {
    assert.equal(answer.json.code, 'request-in-progress');
    const seconds = Number(answer.headers.get('retry-after'));
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    answer = await cancel(other());
  }
  assert.equal(answer.status, 200, answer.text);
  const [row] = await database.query('SELECT status, version FROM orders WHERE id = $1', [placed.id]);
  assert.deepEqual(row, { status: 'cancelled', version: 2 });
});
