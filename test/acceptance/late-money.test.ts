import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { assertBooksBalance, untilMoneyRests } from '../support/books.ts';
import { newCustomer, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { createPeople, type People, pay, placeOrder, readOrder, step, type TestOrder } from '../support/orders.ts';
import {
  eventsOf,
  hurryJobs,
  inRounds,
  passMinute,
  sandboxBooks,
  setSilent,
  untilMoment,
  untilStatus,
} from '../support/payments.ts';
import { scaled } from '../support/scale.ts';
import { createShop, type Sale, type SaleTerms, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';
import { deliverWebhook, signWebhook } from '../support/webhooks.ts';

const PRICE_MINOR = 1_500;
const PIN_SECONDS = 1;

const stage = createStage({ after });
let database: TestDatabase;
let urls: readonly [string, string];
let shop: Shop;
let people: People;

before(async () => {
  database = await stage.database();
  const settings = { DATABASE_URL: database.url, PAYMENT_TIMEOUT_MS: '300' };
  const engines = await stage.engines(settings);
  stage.atEnd(async () => {
    await untilMoneyRests(database);
    await assertLedgerSound(database);
    await assertBooksBalance(database);
  });
  urls = engines.urls;
  shop = await createShop(engines.url);
  people = await createPeople(shop);
});

const stockOf = async (sale: Sale) => (await shop.readSale(sale.id)).items[0]?.stock;

const createSale = (terms: SaleTerms = {}) =>
  shop.createSale({ pinSeconds: PIN_SECONDS, items: [{ capacity: 1 }], ...terms });

/** An order that has expired while its payment was under way: the sandbox has charged, and tells nobody. */
async function expiredUnderPayment(sale: Sale, customer = newCustomer()): Promise<TestOrder> {
  const order = await placeOrder(shop, sale, { customer });
  const answer = await pay(urls[0], order, 'card_silent');
  assert.equal(answer.status, 202, answer.text);
  await untilStatus(database, order.id, 'expired');
  return order;
}

/** The provider tells what it has done; resolves when the engine has taken it in. */
async function tellLate(order: TestOrder): Promise<void> {
  await setSilent(database, order.id, false);
  await hurryJobs(database, order.id);
  await database.until(
    `SELECT 1 WHERE NOT EXISTS (
       SELECT FROM payments WHERE order_id = $1 AND status IN ('processing', 'requires_action')
     )`,
    [order.id],
  );
}

async function assertRefundedOnce(order: TestOrder, cause: string): Promise<void> {
  await database.until(`SELECT 1 FROM refunds WHERE order_id = $1 AND status = 'succeeded'`, [order.id]);
  const { refunds } = (await readOrder(urls[1], order)).json;
  assert.deepEqual(
    refunds.map((refund: { cause: string; amountMinor: number }) => [refund.cause, refund.amountMinor]),
    [[cause, PRICE_MINOR]],
  );
  const books = await sandboxBooks(database, order.id);
  assert.deepEqual([books.refunds, books.refundedMinor], [1, PRICE_MINOR]);
}

/** The sandbox has charged a payment after all that it had said to be cancelled, and tells. */
async function chargeAfterAll(order: TestOrder): Promise<void> {
  const [payment] = await database.query<{ payment_id: string }>(
    `UPDATE sandbox_payments SET status = 'captured', captured_minor = amount_minor
     WHERE order_id = $1 AND status = 'cancelled' RETURNING payment_id`,
    [order.id],
  );
  const event = { paymentId: payment?.payment_id, amountMinor: PRICE_MINOR, currency: 'EUR' };
  for (const url of urls) assert.equal((await deliverWebhook(url, signWebhook(event))).json.outcome, 'kept');
}

// Each waits for the limit of a pin: they wait together.
describe('money that comes late', { concurrency: true }, () => {
  test('PAY-08 S-06 past the limit of the pin a silent provider keeps no stock: the order expires, the attempt stays unknown', async () => {
    const sale = await createSale();
    const order = await placeOrder(shop, sale);
    const key = randomUUID();
    const answer = await pay(urls[0], order, 'card_silent', { key });
    assert.equal(answer.status, 202, answer.text);
    await untilStatus(database, order.id, 'expired');
    assert.deepEqual(await stockOf(sale), { capacity: 1, available: 1, held: 0, sold: 0 });
    const [payment] = (await readOrder(urls[1], order)).json.payments;
    assert.equal(payment.status, 'processing');
    const [held] = await database.query<{ over_seconds: number }>(
      `SELECT extract(epoch FROM expired.occurred_at - started.occurred_at)::float8 - $2 AS over_seconds
     FROM order_events AS expired JOIN order_events AS started USING (order_id)
     WHERE order_id = $1 AND expired.type = 'order.expired' AND started.type = 'order.payment_started'`,
      [order.id, PIN_SECONDS],
    );
    assert.ok((held?.over_seconds ?? 60) < 5, `held ${held?.over_seconds} s past the limit`);

    await tellLate(order);
    const again = await pay(urls[1], order, 'card_silent', { key, tag: '"1"' });
    assert.deepEqual([again.status, again.text], [202, answer.text], 'a repeat gets the first answer');
  });

  test('PAY-08 money after expiry is kept if the stock can be taken again', async () => {
    const sale = await createSale();
    const order = await expiredUnderPayment(sale);
    await tellLate(order);
    assert.equal((await readOrder(urls[1], order)).json.status, 'confirmed');
    assert.deepEqual(await stockOf(sale), { capacity: 1, available: 0, held: 0, sold: 1 });
    assert.deepEqual(await eventsOf(database, order.id), [
      'order.placed',
      'order.payment_started',
      'order.expired',
      'order.paid',
    ]);
    const books = await sandboxBooks(database, order.id);
    assert.deepEqual([books.charges, books.refunds], [1, 0]);
  });

  test('PAY-08 money after expiry is refunded exactly once if the stock went to somebody else', async () => {
    const sale = await createSale();
    const order = await expiredUnderPayment(sale);
    const other = await placeOrder(shop, sale);
    assert.equal((await pay(urls[1], other)).status, 200);
    await tellLate(order);
    await assertRefundedOnce(order, 'late_payment');
    assert.equal((await readOrder(urls[1], order)).json.status, 'expired');
    assert.deepEqual(await stockOf(sale), { capacity: 1, available: 0, held: 0, sold: 1 });
  });

  test("PAY-08 money after expiry is refunded exactly once if the customer's limit is used up meanwhile", async () => {
    const sale = await createSale({ items: [{ capacity: 10, limitPerCustomer: 1 }] });
    const customer = newCustomer();
    const order = await expiredUnderPayment(sale, customer);
    const second = await placeOrder(shop, sale, { customer });
    await tellLate(order);
    await assertRefundedOnce(order, 'late_payment');
    assert.equal((await readOrder(urls[1], order)).json.status, 'expired');
    assert.equal((await pay(urls[0], second)).status, 200);
    assert.deepEqual(await stockOf(sale), { capacity: 10, available: 9, held: 0, sold: 1 });
  });

  test('PAY-08 a late authorization without stock is voided, not captured', async () => {
    const sale = await createSale({ fulfillment: 'kitchen' });
    const order = await expiredUnderPayment(sale);
    await placeOrder(shop, sale);
    await tellLate(order);
    await database.until(`SELECT 1 FROM sandbox_payments WHERE order_id = $1 AND status = 'cancelled'`, [order.id]);
    await database.until(`SELECT 1 FROM payments WHERE order_id = $1 AND status = 'cancelled'`, [order.id]);
    assert.equal((await readOrder(urls[1], order)).json.status, 'expired');
    assert.deepEqual((await readOrder(urls[1], order)).json.refunds, []);
  });

  test('PAY-08 a late authorization with stock waits to be accepted, with its whole time', async () => {
    const sale = await createSale({ fulfillment: 'kitchen', acceptanceSeconds: 60 });
    const order = await expiredUnderPayment(sale);
    await tellLate(order);
    const { status, acceptBy } = (await readOrder(urls[1], order)).json;
    assert.equal(status, 'pending_acceptance');
    const [{ occurred_at: paidAt } = { occurred_at: new Date(0) }] = await database.query<{ occurred_at: Date }>(
      `SELECT occurred_at FROM order_events WHERE order_id = $1 AND type = 'order.paid'`,
      [order.id],
    );
    assert.equal(Date.parse(acceptBy) - paidAt.getTime(), 60_000);
  });

  test('PAY-08 an authentication nobody has ended by the limit of the pin is cancelled at the provider: expired, and never charged', async () => {
    const sale = await createSale();
    const order = await placeOrder(shop, sale);
    const answer = await pay(urls[0], order, 'card_authentication_required');
    assert.equal(answer.status, 202, answer.text);
    try {
      await untilStatus(database, order.id, 'expired');
    } finally {
      await passMinute(database, [order.id]);
    }
    assert.deepEqual(await stockOf(sale), { capacity: 1, available: 1, held: 0, sold: 0 });
    const pressed = await send('POST', `${answer.json.payments[0].nextAction.url}/approval`);
    assert.ok(pressed.status < 500, pressed.text);
    assert.equal((await sandboxBooks(database, order.id)).charges, 0);
  });

  test('PAY-08 an expired order that an operator reinstates is not charged again while its attempt is unknown; then it is paid', async () => {
    const sale = await createSale();
    const order = await expiredUnderPayment(sale);
    const reinstated = await step(urls[0], order.id, 'reinstatement', { token: people.operator });
    assert.deepEqual([reinstated.status, reinstated.json.status], [200, 'pending_payment'], reinstated.text);
    const second = await pay(urls[1], order);
    assert.deepEqual([second.status, second.json.code], [409, 'payment-open'], second.text);
    assert.ok(second.headers.get('retry-after'));
    await tellLate(order);
    await untilStatus(database, order.id, 'confirmed');
    assert.equal((await sandboxBooks(database, order.id)).charges, 1);
    assert.deepEqual(await stockOf(sale), { capacity: 1, available: 0, held: 0, sold: 1 });
  });

  test('PAY-08 money after a cancellation is refunded exactly once, though there is stock', async () => {
    const sale = await createSale({ pinSeconds: 60, items: [{ capacity: 10 }] });
    const order = await placeOrder(shop, sale);
    assert.equal((await pay(urls[0], order, 'card_timeout_not_charged')).status, 202);
    await untilStatus(database, order.id, 'pending_payment');
    const cancelled = await step(urls[0], order.id, 'cancellation', { token: order.customer.token });
    assert.equal(cancelled.status, 200, cancelled.text);
    await chargeAfterAll(order);
    await assertRefundedOnce(order, 'late_payment');
    assert.equal((await readOrder(urls[1], order)).json.status, 'cancelled');
    assert.deepEqual(await stockOf(sale), { capacity: 10, available: 10, held: 0, sold: 0 });
  });

  test('PAY-08 a second payment for an order that is paid already is refunded exactly once', async () => {
    const sale = await createSale({ pinSeconds: 60 });
    const order = await placeOrder(shop, sale);
    assert.equal((await pay(urls[0], order, 'card_timeout_not_charged')).status, 202);
    await untilStatus(database, order.id, 'pending_payment');
    assert.equal((await pay(urls[1], order)).status, 200);
    await chargeAfterAll(order);
    await assertRefundedOnce(order, 'duplicate_payment');
    assert.equal((await readOrder(urls[1], order)).json.status, 'confirmed');
    assert.equal((await sandboxBooks(database, order.id)).capturedMinor, 2 * PRICE_MINOR);
  });
});

test('PAY-08 late money races new buyers for the released stock: each order is paid or refunded once, nothing is oversold', async () => {
  const orders = scaled(20, 200);
  const sale = await createSale({ items: [{ capacity: orders }] });
  const late = await Promise.all(Array.from({ length: orders }, () => placeOrder(shop, sale)));
  await inRounds(orders, 20, async (round) => {
    const answer = await pay(urls[round % 2 === 0 ? 0 : 1], late[round] ?? assert.fail(), 'card_silent');
    assert.equal(answer.status, 202, answer.text);
  });
  const [limit] = await database.query<{ at: string }>(
    'SELECT max(settle_by)::text AS at FROM orders WHERE sale_id = $1',
    [sale.id],
  );
  // Half of them are told while their pin ends, half of them later; buyers take what is released.
  const told = late.map(async (order, index) => {
    await untilMoment(database, limit?.at ?? '', index % 2 === 0 ? 100 : -500);
    await setSilent(database, order.id, false);
    await hurryJobs(database, order.id);
  });
  await untilMoment(database, limit?.at ?? '');
  const buying = inRounds(2 * orders, 10, async (round) => {
    const { token } = newCustomer();
    const placed = await shop.order(sale, { token });
    if (placed.status !== 201) return assert.equal(placed.json.code, 'sold-out', placed.text);
    await pay(urls[round % 2 === 0 ? 0 : 1], { id: placed.json.id, customer: { id: '', token } });
  });
  await Promise.all([...told, buying]);
  await database.until(
    `SELECT 1 WHERE NOT EXISTS (
       SELECT FROM payments JOIN orders ON orders.id = order_id WHERE sale_id = $1 AND payments.status = 'processing'
     )`,
    [sale.id],
  );
  await untilMoneyRests(database);
  const counts = await database.query<{ status: string; refunds: number; orders: number }>(
    `SELECT status, refunds.count AS refunds, count(*)::int AS orders FROM orders
     CROSS JOIN LATERAL (SELECT count(*)::int FROM refunds WHERE order_id = orders.id) AS refunds
     WHERE id = ANY ($1) GROUP BY 1, 2`,
    [late.map(({ id }) => id)],
  );
  for (const { status, refunds } of counts)
    assert.equal(refunds, status === 'confirmed' ? 0 : 1, `${status} with ${refunds}`);
  for (const { status } of counts) assert.ok(['confirmed', 'expired'].includes(status), status);
  const stock = await stockOf(sale);
  assert.deepEqual([stock?.held, (stock?.available ?? 0) + (stock?.sold ?? 0)], [0, orders]);
});
