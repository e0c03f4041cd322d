import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import {
  type ClientOptions,
  createClient,
  isProblem,
  newIdempotencyKey,
  type Order,
  type Tagged,
} from '../../client/src/index.ts';
import { mulberry32 } from '../../lab/rush/random.ts';
import { assertBooksBalance, untilMoneyRests } from '../support/books.ts';
import { newCustomer } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { sandboxBooks } from '../support/payments.ts';
import { scaled } from '../support/scale.ts';
import { createShop, type Sale, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';
import { createUnreliableProxy, type Fate, type UnreliableProxy } from '../support/unreliable-proxy.ts';

const stage = createStage({ after });

interface World {
  readonly database: TestDatabase;
  readonly shop: Shop;
  readonly sale: Sale;
  readonly proxy: UnreliableProxy;
  engine(): TestEngine;
  /** kill -9, and another process in its place. */
  restart(): Promise<void>;
}

/** An engine behind a proxy; at the end its ledger and its money are looked through. */
async function createWorld(fateOf: () => Fate, settings: Readonly<Record<string, string>> = {}): Promise<World> {
  const database = await stage.database();
  const start = () => startEngine({ DATABASE_URL: database.url, ...settings });
  let engine = await start();
  stage.atEnd(() => engine.stop());
  stage.atEnd(async () => {
    await untilMoneyRests(database);
    await assertLedgerSound(database);
    await assertBooksBalance(database);
  });
  const proxy = await createUnreliableProxy(engine.url, fateOf);
  stage.atEnd(() => proxy.close());
  const shop = await createShop(engine.url);
  const sale = await shop.createSale({ items: [{ capacity: 1_000, priceMinor: 1_000 }] });
  return {
    database,
    shop,
    sale,
    proxy,
    engine: () => engine,
    async restart() {
      await engine.kill();
      engine = await start();
      proxy.passTo(engine.url);
    },
  };
}

/** Patient, and quick about it. */
function clientOf(world: World, token: string, options: Partial<ClientOptions> = {}) {
  const retry = { attempts: 200, baseDelayMs: 10, maxDelayMs: 200, ...options.retry };
  return createClient({ baseUrl: world.proxy.url, token, timeoutMs: 5_000, ...options, retry });
}

const wish = (sale: Sale, reference: string) => ({
  saleId: sale.id,
  lines: [{ itemId: sale.items[0]?.id ?? '', quantity: 1 }],
  reference,
});

/** Orders, pays and gets some of the money back: three intents, each of which anything may happen to. */
async function buyAndReturn(world: World): Promise<Tagged<Order>> {
  const buyer = clientOf(world, newCustomer().token);
  const operator = clientOf(world, world.shop.operatorToken);
  const order = await buyer.orders.place(wish(world.sale, randomUUID()));
  await buyer.orders.pay(order, { paymentMethod: 'card_ok' });
  return operator.orders.refund({ id: order.id, etag: '*' }, { amountMinor: 100 });
}

/** Counts in the ledger and in the provider's books. */
async function assertOneEffectEach(world: World, orders: readonly Order[]): Promise<void> {
  const { database, sale } = world;
  await untilMoneyRests(database);
  const [placed] = await database.query('SELECT count(*)::int AS orders FROM orders WHERE sale_id = $1', [sale.id]);
  assert.deepEqual(placed, { orders: orders.length });
  for (const { id } of orders) {
    const [counts] = await database.query(
      `SELECT (SELECT count(*)::int FROM payments WHERE order_id = $1) AS payments,
              (SELECT count(*)::int FROM refunds WHERE order_id = $1) AS refunds`,
      [id],
    );
    assert.deepEqual(counts, { payments: 1, refunds: 1 });
    const books = await sandboxBooks(database, id);
    assert.deepEqual(books, { charges: 1, capturedMinor: 1_000, refundedMinor: 100, refunds: 1 });
  }
  const { items } = await createClient({ baseUrl: world.engine().url }).sales.get(sale.id);
  assert.equal(items[0]?.stock.sold, orders.length);
}

/** The error of what must fail. */
const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => assert.fail('it was to be refused'),
    (error: unknown) => error,
  );

const SEED = 8;

for (const fate of ['lose-answer', 'blur-answer', 'refuse', 'cut'] as const) {
  test(`CL-01 every second request meets "${fate}": each intent has one effect`, async () => {
    const random = mulberry32(SEED);
    const world = await createWorld(() => (random() < 0.5 ? fate : 'pass'));
    const orders = await Promise.all(Array.from({ length: scaled(10, 100) }, () => buyAndReturn(world)));
    await assertOneEffectEach(world, orders);
    assert.ok((world.proxy.met.get(fate) ?? 0) > orders.length, 'the fault was hardly met');
  });
}

test('CL-01 the engine is killed and started again while orders are placed and paid: each intent has one effect', async () => {
  const world = await createWorld(() => 'pass');
  const lives: Promise<Order>[] = [];
  for (let life = 0; life < scaled(2, 8); life += 1) {
    const before = world.proxy.met.get('pass') ?? 0;
    lives.push(...Array.from({ length: 20 }, () => buyAndReturn(world)));
    // In the middle of it: some are answered, some under way, most not sent yet.
    while ((world.proxy.met.get('pass') ?? 0) < before + 15) await new Promise(setImmediate);
    await world.restart();
  }
  await assertOneEffectEach(world, await Promise.all(lives));
});

test('CL-03 an engine that limits the rate gets each intent once, no sooner than it asks for', async () => {
  const world = await createWorld(() => 'pass', { RATE_LIMIT_PER_USER: '5/1' });
  const buyer = clientOf(world, newCustomer().token);
  const waits: number[] = [];
  const orders = await Promise.all(
    Array.from({ length: 12 }, () =>
      buyer.orders.place(wish(world.sale, randomUUID()), {
        onRetry({ error, delayMs }) {
          assert.ok(isProblem(error, 'rate-limited'));
          assert.ok(delayMs >= 1_000 * (error.retryAfterSeconds ?? Number.POSITIVE_INFINITY));
          waits.push(delayMs);
        },
      }),
    ),
  );
  assert.ok(waits.length >= 7, `${waits.length} were limited`);
  assert.equal(new Set(orders.map(({ id }) => id)).size, 12);
  const rows = await world.database.query('SELECT 1 FROM orders WHERE sale_id = $1', [world.sale.id]);
  assert.equal(rows.length, 12);
});

test('CL-01 CL-04 a key that a page has kept finds its order after the page was left, and tells that it did', async () => {
  let fate: Fate = 'lose-answer';
  const world = await createWorld(() => fate);
  const { token } = newCustomer();
  const idempotencyKey = newIdempotencyKey();
  const wanted = wish(world.sale, 'reloaded');
  const before = clientOf(world, token, { retry: { attempts: 2 } });
  await assert.rejects(before.orders.place(wanted, { idempotencyKey }), { effectUnknown: true, idempotencyKey });
  fate = 'pass';
  const answer = await clientOf(world, token).call('placeOrder', { body: wanted }, { idempotencyKey });
  assert.deepEqual([answer.status, answer.replayed, answer.etag], [201, true, '"1"']);
  const other = clientOf(world, token).orders.place({ ...wanted, reference: 'another' }, { idempotencyKey });
  await assert.rejects(other, (error) => isProblem(error, 'idempotency-key-reused'));
  assert.equal((await world.database.query('SELECT 1 FROM orders')).length, 1);
});

test('CL-05 an order is followed over a restart of the engine without a gap or a repeat', async () => {
  const world = await createWorld(() => 'pass');
  const customer = newCustomer();
  const buyer = clientOf(world, customer.token);
  const order = await buyer.orders.place(wish(world.sale, 'followed'));
  const versions: number[] = [];
  for await (const { id, data } of buyer.orders.watch(order.id)) {
    assert.equal(id, String(data.version));
    versions.push(data.version);
    if (data.type === 'order.placed') {
      await world.restart();
      await buyer.orders.pay(order, { paymentMethod: 'card_ok' });
    }
    if (data.type === 'order.paid') break;
  }
  assert.deepEqual(
    versions,
    Array.from({ length: versions.length }, (_, index) => index + 1),
  );
  const { status, etag, history } = await buyer.orders.get(order.id, { include: 'history' });
  assert.equal(status, 'confirmed');
  assert.equal(history?.length, Number(JSON.parse(etag)));
});

test('a step on what has changed is refused with the present state, and then made with it', async () => {
  const world = await createWorld(() => 'pass');
  const buyer = clientOf(world, newCustomer().token);
  const order = await buyer.orders.place(wish(world.sale, 'stale'));
  const paid = await buyer.orders.pay(order, { paymentMethod: 'card_ok' });
  const stale = await failureOf(buyer.orders.cancel(order));
  assert.ok(isProblem(stale, 'precondition-failed'));
  assert.deepEqual([stale.extras.orderStatus, stale.extras.version], ['confirmed', paid.version]);
  assert.ok(stale.extras.allowed?.includes('cancellation'));
  const cancelled = await buyer.orders.cancel(paid, { reason: 'Changed my mind' });
  assert.equal(cancelled.status, 'cancelled');
});

test('what problems say by their code is what the types tell', async () => {
  const world = await createWorld(() => 'pass');
  const { shop } = world;
  const sale = await shop.createSale({ items: [{ capacity: 3, limitPerCustomer: 2 }] });
  const buyer = clientOf(world, newCustomer().token);
  const itemId = sale.items[0]?.id ?? '';
  const refusalOf = (quantity: number) =>
    failureOf(buyer.orders.place({ saleId: sale.id, lines: [{ itemId, quantity }] }));
  const limit = await refusalOf(3);
  assert.ok(isProblem(limit, 'limit-reached'));
  assert.deepEqual(limit.extras, { items: [{ itemId, limit: 2, taken: 0 }] });
  await shop.order(sale, { quantity: 2 });
  const short = await refusalOf(2);
  assert.ok(isProblem(short, 'sold-out'));
  assert.deepEqual(short.extras, { items: [{ itemId, requested: 2, available: 1 }] });
  const early = await shop.createSale({
    opensAt: new Date(Date.now() + 3_600_000).toISOString(),
    closesAt: new Date(Date.now() + 7_200_000).toISOString(),
  });
  const closed = await failureOf(buyer.orders.place(wish(early, 'early')));
  assert.ok(isProblem(closed, 'sale-not-open'));
  assert.equal(closed.extras.saleStatus, 'scheduled');
  assert.ok((closed.retryAfterSeconds ?? 0) > 3_000);
  const invalid = await refusalOf(0);
  assert.ok(isProblem(invalid, 'validation-failed'));
  assert.equal(invalid.errors[0]?.pointer, '/lines/0/quantity');
});
