import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { assertBooksBalance, untilMoneyRests } from '../support/books.ts';
import { type Answer, newCustomer, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { createPeople, type People, pay, placeOrder, readOrder, step, type TestOrder } from '../support/orders.ts';
import { eventsOf, sandboxBooks, untilStatus } from '../support/payments.ts';
import { createShop, type Sale, type SaleTerms, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

const PRICE_MINOR = 1_500;

const stage = createStage({ after });
let database: TestDatabase;
let urls: readonly [string, string];
let shop: Shop;
let people: People;

before(async () => {
  database = await stage.database();
  const settings = { DATABASE_URL: database.url, PAYMENT_TIMEOUT_MS: '300' };
  const engines = await stage.engines(settings);
  urls = engines.urls;
  stage.atEnd(async () => {
    await untilMoneyRests(database);
    await assertLedgerSound(database);
    await assertBooksBalance(database);
  });
  shop = await createShop(engines.url);
  people = await createPeople(shop);
});

const newOrder = async (terms: SaleTerms = {}): Promise<TestOrder> => placeOrder(shop, await shop.createSale(terms));

const url = (round: number): string => urls[round % 2 === 0 ? 0 : 1];

const stockOf = async (sale: Sale) => (await shop.readSale(sale.id)).items[0]?.stock;

/** Answers by status and problem code, and how often each came. */
function outcomes(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, json } of answers) {
    const outcome = [status, json?.code].filter(Boolean).join(' ');
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}

const hundred = (request: (index: number) => Promise<Answer>) =>
  Promise.all(Array.from({ length: 100 }, (_, index) => request(index)));

test('a direct order is charged and confirmed: the answer is the order with the payment, and so is what is read', async () => {
  const order = await newOrder();
  const paid = await pay(url(0), order, 'card_ok', { tag: '"1"' });
  assert.equal(paid.status, 200, paid.text);
  const { status, version, payBy, payments } = paid.json;
  assert.deepEqual([status, version, payBy], ['confirmed', 3, null]);
  assert.equal(paid.headers.get('etag'), '"3"');
  assert.deepEqual(
    payments.map((payment: Record<string, unknown>) => [
      payment['status'],
      payment['amountMinor'],
      payment['capturedMinor'],
    ]),
    [['captured', PRICE_MINOR, PRICE_MINOR]],
  );
  const read = await readOrder(url(1), order);
  assert.equal(read.headers.get('etag'), '"3"');
  assert.deepEqual(read.json.payments, payments);
  assert.deepEqual(await stockOf(order.sale), { capacity: 10, available: 9, held: 0, sold: 1 });
});

test('PAY-01 100 payments at once on one order under one key: one charge, and each answer is the payment or a 409 to retry', async () => {
  const order = await newOrder();
  const key = randomUUID();
  const answers = await hundred((index) => pay(url(index), order, 'card_ok', { key }));
  const paid = answers.filter(({ status }) => status === 200);
  assert.ok(paid.length > 0, JSON.stringify(outcomes(answers)));
  for (const answer of answers) {
    if (answer.status === 200) assert.equal(answer.text, paid[0]?.text);
    else {
      assert.deepEqual([answer.status, answer.json.code], [409, 'request-in-progress'], answer.text);
      assert.ok(answer.headers.get('retry-after'));
    }
  }
  assert.equal(paid.filter(({ headers }) => !headers.has('idempotent-replayed')).length, 1);
  assert.deepEqual(await eventsOf(database, order.id), ['order.placed', 'order.payment_started', 'order.paid']);
  assert.equal((await sandboxBooks(database, order.id)).charges, 1);
  for (const each of urls) {
    const again = await pay(each, order, 'card_ok', { key });
    assert.deepEqual([again.status, again.text], [200, paid[0]?.text]);
    assert.equal(again.headers.get('idempotent-replayed'), 'true');
  }
});

test('PAY-01 100 payments at once on one order under different keys: one charge, the others 409', async () => {
  const order = await newOrder();
  const answers = await hundred((index) => pay(url(index), order, 'card_ok'));
  assert.deepEqual(outcomes(answers), { 200: 1, '409 order-step-not-allowed': 99 });
  assert.deepEqual(await eventsOf(database, order.id), ['order.placed', 'order.payment_started', 'order.paid']);
  assert.equal((await sandboxBooks(database, order.id)).charges, 1);
});

test('PAY-01 100 payments at once under different keys and the same tag: one charge, the others 412', async () => {
  const order = await newOrder();
  const answers = await hundred((index) => pay(url(index), order, 'card_ok', { tag: '"1"' }));
  assert.deepEqual(outcomes(answers), { 200: 1, '412 precondition-failed': 99 });
  assert.equal((await sandboxBooks(database, order.id)).charges, 1);
});

test('PAY-01 100 payments at once while the provider does not answer: one charge, which is found', async () => {
  const order = await newOrder();
  const answers = await hundred((index) => pay(url(index), order, 'card_timeout_charged'));
  assert.deepEqual(outcomes(answers), { 202: 1, '409 order-step-not-allowed': 99 });
  await untilStatus(database, order.id, 'confirmed');
  assert.deepEqual(await sandboxBooks(database, order.id), {
    charges: 1,
    capturedMinor: PRICE_MINOR,
    refundedMinor: 0,
    refunds: 0,
  });
});

test('PAY-02 the provider times out but charged: 202, not failed, no second attempt, settled later with one charge', async () => {
  const order = await newOrder();
  const key = randomUUID();
  const answer = await pay(url(0), order, 'card_timeout_charged', { key });
  assert.equal(answer.status, 202, answer.text);
  assert.deepEqual([answer.json.status, answer.json.payments[0].status], ['payment_processing', 'processing']);
  const stock = await stockOf(order.sale);
  assert.equal((stock?.held ?? 0) + (stock?.sold ?? 0), 1, 'nobody else gets the unit meanwhile');

  await untilStatus(database, order.id, 'confirmed');
  assert.deepEqual(await stockOf(order.sale), { capacity: 10, available: 9, held: 0, sold: 1 });
  assert.equal((await sandboxBooks(database, order.id)).charges, 1);
  const read = await readOrder(url(1), order);
  assert.deepEqual(
    read.json.payments.map((payment: Record<string, unknown>) => payment['status']),
    ['captured'],
  );
  for (const each of urls) {
    const again = await pay(each, order, 'card_timeout_charged', { key });
    assert.deepEqual([again.status, again.text], [202, answer.text], 'a repeat gets the first answer');
  }
});

test('PAY-02 the provider times out and did not charge: the stock is kept, then the order is payable again', async () => {
  const order = await newOrder({ items: [{ capacity: 1 }] });
  const answer = await pay(url(0), order, 'card_timeout_not_charged');
  assert.equal(answer.status, 202, answer.text);
  await untilStatus(database, order.id, 'pending_payment');
  assert.deepEqual(await stockOf(order.sale), { capacity: 1, available: 0, held: 1, sold: 0 });
  assert.equal((await sandboxBooks(database, order.id)).charges, 0);
  const [attempt] = (await readOrder(url(1), order)).json.payments;
  assert.deepEqual([attempt.status, attempt.declineCode, attempt.capturedMinor], ['cancelled', 'not_charged', 0]);

  const paid = await pay(url(1), order, 'card_ok');
  assert.deepEqual([paid.status, paid.json.status], [200, 'confirmed'], paid.text);
  assert.equal((await sandboxBooks(database, order.id)).charges, 1);
});

test('PAY-02 while the outcome is unknown nothing else is done with the order: no second attempt, no cancellation', async () => {
  const order = await newOrder();
  await pay(url(0), order, 'card_silent');
  for (const answer of [
    await pay(url(1), order, 'card_ok'),
    await step(url(1), order.id, 'cancellation', { token: people.operator }),
  ]) {
    assert.deepEqual(
      [answer.status, answer.json.code, answer.json.allowed],
      [409, 'order-step-not-allowed', []],
      answer.text,
    );
    assert.equal(answer.json.orderStatus, 'payment_processing');
  }
  await database.query('UPDATE sandbox_payments SET silent = false WHERE order_id = $1', [order.id]);
  await untilStatus(database, order.id, 'confirmed');
  assert.equal((await sandboxBooks(database, order.id)).charges, 1);
});

test('PAY-03 the provider answers 500 and then charges: the same provider key, one payment at either side', async () => {
  const order = await newOrder();
  const paid = await pay(url(0), order, 'card_error_then_ok');
  assert.deepEqual([paid.status, paid.json.status], [200, 'confirmed'], paid.text);
  const rows = await database.query('SELECT payment_id, status FROM sandbox_payments WHERE order_id = $1', [order.id]);
  assert.deepEqual(rows, [{ payment_id: paid.json.payments[0].id, status: 'captured' }]);
});

test('PAY-03 the provider answers 500 to a refund and then carries it out: the same provider key, refunded once', async () => {
  const order = await newOrder();
  assert.equal((await pay(url(0), order, 'card_refund_error_then_ok')).status, 200);
  const cancelled = await step(url(1), order.id, 'cancellation', { token: order.customer.token });
  assert.equal(cancelled.status, 200, cancelled.text);
  const [refund] = cancelled.json.refunds;
  await database.until(`SELECT 1 FROM refunds WHERE id = $1 AND status = 'succeeded'`, [refund.id]);
  const rows = await database.query(
    'SELECT refund_id, sandbox_refunds.status FROM sandbox_refunds JOIN sandbox_payments USING (payment_id) WHERE order_id = $1',
    [order.id],
  );
  assert.deepEqual(rows, [{ refund_id: refund.id, status: 'succeeded' }]);
  assert.equal((await sandboxBooks(database, order.id)).refundedMinor, PRICE_MINOR);
});

for (const [card, declineCode] of [
  ['card_declined', 'card_declined'],
  ['card_insufficient_funds', 'insufficient_funds'],
  ['card_expired', 'expired_card'],
  ['4242424242424242', 'payment_method_unknown'],
] as const) {
  test(`PAY-06 ${card} is refused: 402 with ${declineCode}, the hold unchanged, payable again`, async () => {
    const order = await newOrder();
    const before = await readOrder(url(0), order);
    const key = randomUUID();
    const declined = await pay(url(0), order, card, { key });
    assert.equal(declined.status, 402, declined.text);
    assert.match(declined.headers.get('content-type') ?? '', /^application\/problem\+json/);
    const { code, declineCode: told, orderStatus, version, payBy } = declined.json;
    assert.deepEqual([code, told, orderStatus, version], ['payment-declined', declineCode, 'pending_payment', 3]);
    assert.equal(payBy, before.json.payBy);
    assert.equal(declined.headers.get('etag'), '"3"');
    assert.deepEqual(await stockOf(order.sale), { capacity: 10, available: 9, held: 1, sold: 0 });

    for (const each of urls) {
      const again = await pay(each, order, card, { key, tag: '"1"' });
      assert.deepEqual([again.status, again.text], [402, declined.text]);
      assert.equal(again.headers.get('idempotent-replayed'), 'true');
      const other = await pay(each, order, 'card_ok', { key });
      assert.deepEqual(
        [other.status, other.json.code],
        [422, 'idempotency-key-reused'],
        'another attempt needs another key',
      );
    }
    const paid = await pay(url(1), order, 'card_ok', { tag: '"3"' });
    assert.deepEqual([paid.status, paid.json.status], [200, 'confirmed'], paid.text);
    assert.equal((await sandboxBooks(database, order.id)).charges, 1);
  });
}

test('PAY-06 what a customer pays with is kept nowhere, be it a card number', async () => {
  const number = '4000056655665556';
  const order = await newOrder();
  assert.equal((await pay(url(0), order, number)).status, 402);
  const tables = await database.query<{ name: string }>(
    `SELECT quote_ident(relname) AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
  );
  for (const { name } of tables) {
    const rows = await database.query(`SELECT 1 FROM ${name} AS kept WHERE kept::text LIKE '%${number}%'`);
    assert.deepEqual(rows, [], name);
  }
});

test('PAY-06 whoever is refused near the end of the hold keeps the stock long enough to try again, once', async () => {
  const order = await newOrder({ holdSeconds: 30, retrySeconds: 120 });
  const before = (await readOrder(url(0), order)).json;
  const first = await pay(url(0), order, 'card_declined');
  const [refusal] = await database.query<{ occurred_at: Date }>(
    `SELECT occurred_at FROM order_events WHERE order_id = $1 AND type = 'order.payment_refused'`,
    [order.id],
  );
  assert.equal(Date.parse(first.json.payBy) - (refusal?.occurred_at.getTime() ?? 0), 120_000);
  assert.ok(first.json.payBy > before.payBy);
  const second = await pay(url(1), order, 'card_declined');
  assert.equal(second.json.payBy, first.json.payBy, 'extended once only');
});

test('PAY-07 the server prices, whatever the client sends: a price in the body is 400 and nothing is attempted', async () => {
  const order = await newOrder();
  for (const member of ['amountMinor', 'amount', 'price', 'totalMinor', 'currency', 'capturedMinor']) {
    const answer = await pay(url(0), order, 'card_ok', { body: { paymentMethod: 'card_ok', [member]: 1 } });
    assert.deepEqual([answer.status, answer.json.code], [400, 'validation-failed'], answer.text);
  }
  for (const paymentMethod of [undefined, null, '', 1, 'a b', 'x'.repeat(201), ['card_ok'], 'card_ok\n']) {
    const answer = await pay(url(0), order, 'card_ok', { body: { paymentMethod } });
    assert.deepEqual([answer.status, answer.json.code], [400, 'validation-failed'], answer.text);
  }
  for (const returnUrl of ['javascript:alert(1)', '/relative', 'ftp://example.com', '']) {
    const answer = await pay(url(0), order, 'card_ok', { body: { paymentMethod: 'card_ok', returnUrl } });
    assert.deepEqual([answer.status, answer.json.code], [400, 'validation-failed'], answer.text);
  }
  assert.deepEqual(await eventsOf(database, order.id), ['order.placed']);
  assert.deepEqual(await database.query('SELECT FROM payments WHERE order_id = $1', [order.id]), []);
});

test("PAY-07 the charge is what the order was placed at, in integers of the sale's currency, though the price has changed since", async () => {
  const sale = await shop.createSale({ currency: 'JPY', items: [{ priceMinor: 333 }, { priceMinor: 1 }] });
  const [first, second] = sale.items;
  const order = await placeOrder(shop, sale, {
    lines: [
      { itemId: first?.id, quantity: 3 },
      { itemId: second?.id, quantity: 1 },
    ],
  });
  const changed = await send('PATCH', `${url(0)}/api/v1/sales/${sale.id}/items/${first?.id}`, {
    token: shop.operatorToken,
    body: { priceMinor: 99_999 },
    headers: { 'if-match': '*' },
  });
  assert.equal(changed.status, 200, changed.text);
  const paid = await pay(url(1), order);
  assert.equal(paid.status, 200, paid.text);
  const [payment] = paid.json.payments;
  assert.deepEqual([payment.amountMinor, payment.currency], [1_000, 'JPY']);
  const rows = await database.query(
    'SELECT amount_minor::int, currency, captured_minor::int FROM sandbox_payments WHERE order_id = $1',
    [order.id],
  );
  assert.deepEqual(rows, [{ amount_minor: 1_000, currency: 'JPY', captured_minor: 1_000 }]);
});

test('a payment that the customer must approve waits with its address, and is paid or refused as the customer says', async () => {
  for (const [button, status, declineCode] of [
    ['approval', 'confirmed', null],
    ['refusal', 'pending_payment', 'authentication_failed'],
  ] as const) {
    const order = await newOrder();
    const returnUrl = 'https://shop.example/back?order=1';
    const answer = await pay(url(0), order, 'card_authentication_required', {
      body: { paymentMethod: 'card_authentication_required', returnUrl },
    });
    assert.equal(answer.status, 202, answer.text);
    const [{ nextAction, status: waiting }] = answer.json.payments;
    assert.deepEqual(
      [answer.json.status, waiting, nextAction.type],
      ['payment_processing', 'requires_action', 'redirect'],
    );
    const [seenByStaff] = (await readOrder(url(0), order, people.merchant)).json.payments;
    assert.equal(seenByStaff.nextAction, null, 'the address is for the customer alone');

    const pressed = await send('POST', `${nextAction.url}/${button}`);
    assert.deepEqual([pressed.status, pressed.headers.get('location')], [303, returnUrl]);
    await untilStatus(database, order.id, status);
    const [payment] = (await readOrder(url(1), order)).json.payments;
    assert.deepEqual([payment.declineCode, payment.nextAction], [declineCode, null]);
    assert.equal((await sandboxBooks(database, order.id)).charges, status === 'confirmed' ? 1 : 0);
    await send('POST', `${nextAction.url}/approval`);
  }
});

test("another's order cannot be paid, and is not there", async () => {
  const order = await newOrder();
  const stranger = newCustomer();
  for (const orderId of [order.id, randomUUID()]) {
    const answer = await step(url(0), orderId, 'payment', {
      token: stranger.token,
      body: { paymentMethod: 'card_ok' },
    });
    assert.deepEqual([answer.status, answer.json.code], [404, 'not-found']);
  }
  assert.deepEqual(await database.query('SELECT FROM payments WHERE order_id = $1', [order.id]), []);
});
