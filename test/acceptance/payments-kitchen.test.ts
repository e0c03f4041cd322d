import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertBooksBalance, untilMoneyRests } from '../support/books.ts';
import type { TestDatabase } from '../support/database.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { createPeople, type People, pay, placeOrder, readOrder, step, type TestOrder } from '../support/orders.ts';
import { eventsOf, hurryJobs, sandboxBooks, setSilent, untilMoment, untilStatus } from '../support/payments.ts';
import { createShop, type SaleTerms, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';
import { deliverWebhook, signWebhook } from '../support/webhooks.ts';

const PRICE_MINOR = 1_500;

const stage = createStage({ after });
let database: TestDatabase;
let url: string;
let shop: Shop;
let people: People;

before(async () => {
  database = await stage.database();
  const engines = await stage.engines({ DATABASE_URL: database.url, PAYMENT_TIMEOUT_MS: '300' });
  stage.atEnd(async () => {
    await untilMoneyRests(database);
    await assertLedgerSound(database);
    await assertBooksBalance(database);
  });
  url = engines.url;
  shop = await createShop(url);
  people = await createPeople(shop);
});

/** A meal that is paid for and waits to be accepted. */
async function orderMeal(card = 'card_ok', terms: SaleTerms = {}): Promise<TestOrder> {
  const order = await placeOrder(shop, await shop.createSale({ fulfillment: 'kitchen', ...terms }));
  const paid = await pay(url, order, card);
  assert.deepEqual([paid.status, paid.json.status], [200, 'pending_acceptance'], paid.text);
  return order;
}

const asMerchant = (order: TestOrder, intent: string, body?: unknown) =>
  step(url, order.id, intent, { token: people.merchant, ...(body === undefined ? {} : { body }) });

async function accept(order: TestOrder): Promise<void> {
  const accepted = await asMerchant(order, 'acceptance');
  assert.deepEqual([accepted.status, accepted.json.status], [200, 'preparing'], accepted.text);
}

const untilPayment = (order: TestOrder, status: string) =>
  database.until('SELECT 1 FROM payments WHERE order_id = $1 AND status::text = $2', [order.id, status]);

const stockOf = async (order: TestOrder) => (await shop.readSale(order.sale.id)).items[0]?.stock;

const lastStep = async (order: TestOrder) => (await readOrder(url, order)).json.history.at(-1);

/** What is at the sandbox: nothing was taken, and nothing is reserved any more. */
async function assertVoided(order: TestOrder): Promise<void> {
  await untilPayment(order, 'cancelled');
  assert.deepEqual(await sandboxBooks(database, order.id), {
    charges: 0,
    capturedMinor: 0,
    refundedMinor: 0,
    refunds: 0,
  });
}

test('a meal is authorized when it is paid and captured when it is accepted', async () => {
  const order = await orderMeal();
  const waiting = (await readOrder(url, order)).json;
  assert.deepEqual([waiting.payments[0].status, waiting.payments[0].capturedMinor], ['authorized', 0]);
  assert.ok(waiting.acceptBy);
  assert.deepEqual(await stockOf(order), { capacity: 10, available: 9, held: 0, sold: 1 });
  assert.deepEqual(await sandboxBooks(database, order.id), {
    charges: 1,
    capturedMinor: 0,
    refundedMinor: 0,
    refunds: 0,
  });

  await accept(order);
  await untilPayment(order, 'captured');
  const read = (await readOrder(url, order)).json;
  assert.deepEqual([read.status, read.acceptBy, read.payments[0].capturedMinor], ['preparing', null, PRICE_MINOR]);
  assert.equal((await sandboxBooks(database, order.id)).capturedMinor, PRICE_MINOR);
  assert.deepEqual(await eventsOf(database, order.id), [
    'order.placed',
    'order.payment_started',
    'order.paid',
    'order.accepted',
    'payment.captured',
  ]);
});

test('a rejected meal is voided and its stock goes back on sale', async () => {
  const order = await orderMeal();
  const rejected = await asMerchant(order, 'rejection', { reason: 'The oven is broken.' });
  assert.deepEqual([rejected.status, rejected.json.status], [200, 'rejected'], rejected.text);
  await assertVoided(order);
  assert.deepEqual(await stockOf(order), { capacity: 10, available: 10, held: 0, sold: 0 });
});

test('a meal rejected as sold out is voided, and its stock does not come back', async () => {
  const order = await orderMeal();
  assert.equal((await asMerchant(order, 'rejection', { soldOut: true })).status, 200);
  await assertVoided(order);
  assert.deepEqual(await stockOf(order), { capacity: 10, available: 9, held: 0, sold: 1 });
});

test('a meal that its customer cancels before it is accepted is voided', async () => {
  const order = await orderMeal();
  const cancelled = await step(url, order.id, 'cancellation', { token: order.customer.token });
  assert.deepEqual([cancelled.status, cancelled.json.status], [200, 'cancelled'], cancelled.text);
  await assertVoided(order);
  assert.equal((await stockOf(order))?.available, 10);
});

test('a meal that nobody accepts in time is rejected by the engine and voided; from the deadline on it cannot be accepted', async () => {
  const order = await orderMeal('card_ok', { acceptanceSeconds: 1 });
  const { acceptBy } = (await readOrder(url, order)).json;
  await untilMoment(database, acceptBy);
  const late = await asMerchant(order, 'acceptance');
  assert.deepEqual([late.status, late.json.code], [409, 'order-step-not-allowed'], late.text);
  await untilStatus(database, order.id, 'rejected');
  await assertVoided(order);
  assert.equal((await stockOf(order))?.available, 10);
  const rejection = (await readOrder(url, order)).json.history.find(
    ({ status }: { status: string }) => status === 'rejected',
  );
  assert.deepEqual([rejection.type, rejection.by, rejection.cause], ['order.rejected', 'system', 'acceptance-overdue']);
});

test('a capture that is refused for good cancels the order, by the system', async () => {
  const order = await orderMeal('card_capture_declined');
  await accept(order);
  await untilStatus(database, order.id, 'cancelled');
  await assertVoided(order);
  const { by, cause, type } = await lastStep(order);
  assert.deepEqual([by, cause, type], ['system', 'authorization-lost', 'order.cancelled']);
  const refused = await asMerchant(order, 'preparation');
  assert.deepEqual([refused.status, refused.json.orderStatus], [409, 'cancelled']);
});

test('PAY-10 a capture that is refused for good after the meal was prepared: the order does not stay paid', async () => {
  const order = await orderMeal('card_capture_declined');
  await setSilent(database, order.id, true);
  await accept(order);
  await asMerchant(order, 'preparation');
  await setSilent(database, order.id, false);
  await hurryJobs(database, order.id);
  await untilPayment(order, 'cancelled');
  assert.equal((await readOrder(url, order)).json.status, 'cancelled', 'nothing was captured for it');
});

test('a capture that is refused for good after the meal has left the kitchen: its job fails, for a person to see', async () => {
  const order = await orderMeal('card_capture_declined');
  await setSilent(database, order.id, true);
  await accept(order);
  assert.equal((await asMerchant(order, 'preparation')).status, 200);
  const pickedUp = await step(url, order.id, 'pickup', { token: people.courier });
  assert.deepEqual([pickedUp.status, pickedUp.json.status], [200, 'in_transit'], pickedUp.text);
  await setSilent(database, order.id, false);
  await hurryJobs(database, order.id);
  await untilPayment(order, 'cancelled');
  const job = await database.until<{ status: string; last_error: string | null }>(
    `SELECT status, last_error FROM payment_jobs WHERE order_id = $1 AND kind = 'capture' AND status <> 'due'`,
    [order.id],
  );
  assert.equal(job.status, 'failed');
  assert.ok(job.last_error);
  // An operator takes the order back: then nothing is paid and nothing is owed.
  const cancelled = await step(url, order.id, 'cancellation', { token: people.operator });
  assert.deepEqual([cancelled.status, cancelled.json.status], [200, 'cancelled'], cancelled.text);
});

test('while nobody knows whether the money is captured, cancelling and refunding wait: 409 capture-pending to retry', async () => {
  const order = await orderMeal();
  await setSilent(database, order.id, true);
  await accept(order);
  for (const answer of [
    await asMerchant(order, 'cancellation'),
    await asMerchant(order, 'refunds', { amountMinor: 1 }),
    await asMerchant(order, 'refunds', { lines: [{ itemId: order.sale.items[0]?.id, quantity: 1 }] }),
  ]) {
    assert.deepEqual([answer.status, answer.json.code], [409, 'capture-pending'], answer.text);
    assert.ok(answer.headers.get('retry-after'));
  }
  assert.equal((await readOrder(url, order)).json.version, 4, 'nothing has moved');

  await setSilent(database, order.id, false);
  await hurryJobs(database, order.id);
  await untilPayment(order, 'captured');
  const cancelled = await asMerchant(order, 'cancellation');
  assert.deepEqual([cancelled.status, cancelled.json.status], [200, 'cancelled'], cancelled.text);
  await database.until(`SELECT 1 FROM refunds WHERE order_id = $1 AND status = 'succeeded'`, [order.id]);
  const books = await sandboxBooks(database, order.id);
  assert.deepEqual([books.capturedMinor, books.refundedMinor, books.refunds], [PRICE_MINOR, PRICE_MINOR, 1]);
  assert.deepEqual(
    await stockOf(order),
    { capacity: 10, available: 9, held: 0, sold: 1 },
    'a prepared meal is not sold again',
  );
});

test('a void that finds the money captured gives it back, once', async () => {
  const order = await orderMeal();
  await setSilent(database, order.id, true);
  assert.equal((await asMerchant(order, 'rejection')).status, 200);
  await database.query(
    `UPDATE sandbox_payments SET status = 'captured', captured_minor = amount_minor, silent = false WHERE order_id = $1`,
    [order.id],
  );
  await hurryJobs(database, order.id);
  await database.until(`SELECT 1 FROM refunds WHERE order_id = $1 AND status = 'succeeded'`, [order.id]);
  const books = await sandboxBooks(database, order.id);
  assert.deepEqual([books.capturedMinor, books.refundedMinor, books.refunds], [PRICE_MINOR, PRICE_MINOR, 1]);
  assert.equal((await readOrder(url, order)).json.status, 'rejected');
});

test('an authorization that is gone before the meal was accepted cancels the order, by the system, and frees the stock', async () => {
  const order = await orderMeal();
  const [payment] = await database.query<{ payment_id: string }>(
    `UPDATE sandbox_payments SET status = 'cancelled' WHERE order_id = $1 RETURNING payment_id`,
    [order.id],
  );
  const told = await deliverWebhook(
    url,
    signWebhook({ paymentId: payment?.payment_id, amountMinor: PRICE_MINOR, currency: 'EUR' }),
  );
  assert.deepEqual([told.status, told.json.outcome], [200, 'kept'], told.text);
  await untilStatus(database, order.id, 'cancelled');
  assert.equal((await lastStep(order)).by, 'system');
  assert.equal((await stockOf(order))?.available, 10);
});

test('PAY-10 of a meal cancelled after its preparation the merchant may keep a part; what is kept and refunded adds up', async () => {
  const order = await orderMeal();
  await accept(order);
  await untilPayment(order, 'captured');
  assert.equal((await asMerchant(order, 'preparation')).status, 200);

  const tooMuch = await asMerchant(order, 'cancellation', { retainMinor: PRICE_MINOR + 1 });
  assert.deepEqual(
    [tooMuch.status, tooMuch.json.code, tooMuch.json.refundableMinor],
    [409, 'amount-exceeded', PRICE_MINOR],
  );
  const cancelled = await asMerchant(order, 'cancellation', {
    retainMinor: 400,
    restock: true,
    reason: 'Nobody came.',
  });
  assert.deepEqual([cancelled.status, cancelled.json.status], [200, 'cancelled'], cancelled.text);
  assert.deepEqual(
    cancelled.json.refunds.map(({ amountMinor, cause }: { amountMinor: number; cause: string }) => [
      amountMinor,
      cause,
    ]),
    [[PRICE_MINOR - 400, 'cancellation']],
  );
  await database.until(`SELECT 1 FROM refunds WHERE order_id = $1 AND status = 'succeeded'`, [order.id]);
  assert.equal((await sandboxBooks(database, order.id)).refundedMinor, PRICE_MINOR - 400);
  const kept = await database.query('SELECT amount_minor::int, reason FROM retained_amounts WHERE order_id = $1', [
    order.id,
  ]);
  assert.deepEqual(kept, [{ amount_minor: 400, reason: 'Nobody came.' }]);
  assert.equal((await stockOf(order))?.available, 10);
});

test('what is kept or restocked of an order is told only once preparation has begun: before, 400 and nothing moves', async () => {
  const order = await orderMeal();
  for (const [member, value] of [
    ['retainMinor', 1],
    ['restock', true],
    ['restock', false],
  ] as const) {
    const answer = await asMerchant(order, 'cancellation', { [member]: value });
    assert.deepEqual([answer.status, answer.json.code], [400, 'validation-failed'], answer.text);
    assert.equal(answer.json.errors[0].pointer, `/${member}`);
  }
  assert.equal((await readOrder(url, order)).json.version, 3);
});

test('an authorization is asked for as long as the provider is slow to tell: 202, then it waits to be accepted', async () => {
  const order = await placeOrder(shop, await shop.createSale({ fulfillment: 'kitchen' }));
  const answer = await pay(url, order, 'card_timeout_charged');
  assert.equal(answer.status, 202, answer.text);
  await untilStatus(database, order.id, 'pending_acceptance');
  assert.equal((await sandboxBooks(database, order.id)).charges, 1);
  await accept(order);
  await untilPayment(order, 'captured');
});
