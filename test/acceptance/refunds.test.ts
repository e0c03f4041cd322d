import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { assertBooksBalance, untilMoneyRests } from '../support/books.ts';
import { type Answer, newCustomer, type RequestOptions } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { createPeople, type People, pay, placeOrder, readOrder, step, type TestOrder } from '../support/orders.ts';
import { inRounds, sandboxBooks } from '../support/payments.ts';
import { createShop, type SaleTerms, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

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

/** A paid order of three units for 10.00 each and two for 2.50 each: 35.00. */
async function paidOrder(
  card = 'card_ok',
  terms: SaleTerms = {},
): Promise<{ order: TestOrder; items: readonly [string, string] }> {
  const sale = await shop.createSale({
    items: [
      { priceMinor: 1_000, capacity: 10 },
      { priceMinor: 250, capacity: 10 },
    ],
    ...terms,
  });
  const [first, second] = sale.items.map(({ id }) => id);
  if (first === undefined || second === undefined) throw new Error('The sale has no two items.');
  const lines = [
    { itemId: first, quantity: 3 },
    { itemId: second, quantity: 2 },
  ];
  const order = await placeOrder(shop, sale, { lines });
  const paid = await pay(urls[0], order, card);
  assert.equal(paid.status, 200, paid.text);
  return { order, items: [first, second] };
}

const refund = (
  order: Pick<TestOrder, 'id'>,
  body: unknown,
  options: RequestOptions & { tag?: string } = {},
): Promise<Answer> => step(urls[0], order.id, 'refunds', { token: people.merchant, body, ...options });

async function refunded(order: TestOrder, body: unknown): Promise<Answer> {
  const answer = await refund(order, body);
  assert.equal(answer.status, 201, answer.text);
  return answer;
}

const untilRefunds = (order: TestOrder, status: string, count: number) =>
  database.until('SELECT 1 FROM refunds WHERE order_id = $1 AND status::text = $2 HAVING count(*) = $3', [
    order.id,
    status,
    count,
  ]);

/** Units of the sale's items that can be bought. */
const available = async ({ sale }: TestOrder) =>
  (await shop.readSale(sale.id)).items.map(({ stock }) => stock.available);

test('the price of named lines goes back, and their units only where that is asked for; the order stays what it is', async () => {
  const { order, items } = await paidOrder();
  const first = await refunded(order, {
    lines: [
      { itemId: items[0], quantity: 1, restock: true },
      { itemId: items[1], quantity: 1 },
    ],
    reason: 'One was broken.',
  });
  assert.equal(first.headers.get('location'), `/api/v1/orders/${order.id}?include=refunds`);
  assert.equal(first.headers.get('etag'), `"${first.json.version}"`);
  assert.equal(first.json.status, 'confirmed');
  const [made] = first.json.refunds;
  assert.deepEqual(
    { ...made, id: null, paymentId: null, createdAt: null },
    {
      id: null,
      paymentId: null,
      status: 'pending',
      amountMinor: 1_250,
      cause: 'requested',
      reason: 'One was broken.',
      lines: [
        { itemId: items[0], quantity: 1, restocked: 1 },
        { itemId: items[1], quantity: 1, restocked: 0 },
      ],
      createdAt: null,
      settledAt: null,
    },
  );
  assert.deepEqual(await available(order), [8, 8]);
  await untilRefunds(order, 'succeeded', 1);
  assert.equal((await sandboxBooks(database, order.id)).refundedMinor, 1_250);

  await refunded(order, { lines: [{ itemId: items[0], quantity: 2 }] });
  const exceeded = await refund(order, {
    lines: [
      { itemId: items[0], quantity: 1 },
      { itemId: items[1], quantity: 1 },
    ],
  });
  assert.deepEqual([exceeded.status, exceeded.json.code], [409, 'lines-exceeded'], exceeded.text);
  assert.deepEqual(exceeded.json.lines, [{ itemId: items[0], refundable: 0, restockable: 2 }]);
  assert.deepEqual(await available(order), [8, 8]);
  await untilRefunds(order, 'succeeded', 2);
  const read = (await readOrder(urls[1], order)).json;
  assert.deepEqual([read.status, read.refunds.length], ['confirmed', 2]);
  assert.equal((await sandboxBooks(database, order.id)).refundedMinor, 3_250);
});

test('never more units go back on sale than are sold, nor lines that the order does not have', async () => {
  const { order, items } = await paidOrder();
  const other = await paidOrder();
  for (const line of [
    { itemId: items[0], quantity: 4, restock: true },
    { itemId: items[1], quantity: 3 },
    { itemId: other.items[0], quantity: 1 },
    { itemId: randomUUID(), quantity: 1 },
  ]) {
    const answer = await refund(order, {
      lines: [{ itemId: items[0], quantity: 1 }, line].slice(line.itemId === items[0] ? 1 : 0),
    });
    assert.deepEqual([answer.status, answer.json.code], [409, 'lines-exceeded'], answer.text);
  }
  assert.equal((await readOrder(urls[1], order)).json.version, 3);
  assert.deepEqual(await available(order), [7, 8]);
});

test("a full refund with restock gives the customer's limit back", async () => {
  const { order, items } = await paidOrder('card_ok', {
    items: [{ priceMinor: 1_000, limitPerCustomer: 3 }, { priceMinor: 250 }],
  });
  const again = () =>
    shop.order(order.sale, { token: order.customer.token, lines: [{ itemId: items[0], quantity: 3 }] });
  assert.equal((await again()).json.code, 'limit-reached');
  await refunded(order, { lines: [{ itemId: items[0], quantity: 3, restock: true }] });
  assert.equal((await again()).status, 201);
});

test('the same refund twice under one key is one refund; under another key with the old tag it is 412', async () => {
  const { order } = await paidOrder();
  const key = randomUUID();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      step(urls[index % 2 === 0 ? 0 : 1], order.id, 'refunds', {
        token: people.merchant,
        body: { amountMinor: 500 },
        key,
        tag: '"3"',
      }),
    ),
  );
  const [made] = answers.filter(({ status }) => status === 201);
  assert.ok(made);
  for (const answer of answers) {
    if (answer.status === 201) assert.equal(answer.text, made.text);
    else assert.equal(answer.json.code, 'request-in-progress', answer.text);
  }
  const stale = await refund(order, { amountMinor: 500 }, { tag: '"3"' });
  assert.deepEqual([stale.status, stale.json.code], [412, 'precondition-failed'], stale.text);
  const other = await refund(order, { amountMinor: 501 }, { key });
  assert.deepEqual([other.status, other.json.code], [422, 'idempotency-key-reused'], other.text);
  await untilRefunds(order, 'succeeded', 1);
  const books = await sandboxBooks(database, order.id);
  assert.deepEqual([books.refunds, books.refundedMinor], [1, 500]);
});

test('never more than was captured goes back, pending refunds counted: 409 with what is left', async () => {
  const { order } = await paidOrder();
  for (const amountMinor of [3_501, 7_000, Number.MAX_SAFE_INTEGER]) {
    const answer = await refund(order, { amountMinor });
    assert.deepEqual(
      [answer.status, answer.json.code, answer.json.refundableMinor],
      [409, 'amount-exceeded', 3_500],
      answer.text,
    );
  }
  await refunded(order, { amountMinor: 3_499 });
  const two = await refund(order, { amountMinor: 2 });
  assert.deepEqual([two.status, two.json.refundableMinor], [409, 1], two.text);
  await refunded(order, { amountMinor: 1 });
  const none = await refund(order, { amountMinor: 1 });
  assert.deepEqual([none.status, none.json.refundableMinor], [409, 0], none.text);
  await untilRefunds(order, 'succeeded', 2);
  assert.equal((await sandboxBooks(database, order.id)).refundedMinor, 3_500);
});

test('the price of a line goes back only as far as money is left', async () => {
  const { order, items } = await paidOrder();
  await refunded(order, { amountMinor: 3_000 });
  const answer = await refund(order, { lines: [{ itemId: items[0], quantity: 1, restock: true }] });
  assert.deepEqual(
    [answer.status, answer.json.code, answer.json.refundableMinor],
    [409, 'amount-exceeded', 500],
    answer.text,
  );
  assert.deepEqual(await available(order), [7, 8]);
  await refunded(order, { lines: [{ itemId: items[1], quantity: 2 }] });
});

test('PAY-07 amounts near 2^53 are exact to the last unit, for charges and refunds', async () => {
  const MOST = 1_000_000_000_000;
  const sale = await shop.createSale({
    items: Array.from({ length: 50 }, () => ({ priceMinor: MOST, capacity: 100 })),
  });
  const order = await placeOrder(shop, sale, { lines: sale.items.map(({ id }) => ({ itemId: id, quantity: 100 })) });
  const paid = await pay(urls[0], order);
  assert.equal(paid.status, 200, paid.text);
  const total = 50 * 100 * MOST;
  assert.deepEqual([paid.json.totalMinor, paid.json.payments[0].capturedMinor], [total, total]);
  const above = await refund(order, { amountMinor: total + 1 });
  assert.deepEqual([above.status, above.json.refundableMinor], [409, total], above.text);
  await refunded(order, { amountMinor: total - 1 });
  const left = await refund(order, { amountMinor: 2 });
  assert.deepEqual([left.status, left.json.refundableMinor], [409, 1], left.text);
  await untilRefunds(order, 'succeeded', 1);
  assert.deepEqual(await sandboxBooks(database, order.id), {
    charges: 1,
    capturedMinor: total,
    refundedMinor: total - 1,
    refunds: 1,
  });
});

test('zero, negative, fractional, too large, of another currency, or with anything unknown: 400, and nothing moves', async () => {
  const { order, items } = await paidOrder();
  const [itemId] = items;
  const line = { itemId, quantity: 1 };
  const bodies: unknown[] = [
    ...[0, -1, -1_500, 1.5, 2 ** 53, 1e300, '1500', null, true, [1]].map((amountMinor) => ({ amountMinor })),
    ...[0, -1, 1.5, 101, 2 ** 53, '1', null].map((quantity) => ({ lines: [{ itemId, quantity }] })),
    { amountMinor: 1, currency: 'USD' },
    { amountMinor: 1, currency: 'EUR' },
    { amountMinor: 1, status: 'succeeded' },
    { amountMinor: 1, paymentId: randomUUID() },
    { lines: [{ ...line, priceMinor: 1 }] },
    { lines: [{ ...line, restock: 'yes' }] },
    { lines: [line, line] },
    { lines: [line, { ...line, itemId: itemId.toUpperCase() }] },
    { lines: [] },
    { lines: [{ quantity: 1 }] },
    { lines: [{ itemId: 'poster', quantity: 1 }] },
    { lines: line },
    { amountMinor: 1, lines: [line] },
    { reason: 'why not' },
    { amountMinor: 1, reason: '' },
    { amountMinor: 1, reason: 'a\u0000b' },
    {},
    [],
    'all of it',
  ];
  for (const body of bodies) {
    const answer = await refund(order, body);
    assert.deepEqual(
      [answer.status, answer.json.code],
      [400, 'validation-failed'],
      `${JSON.stringify(body)}: ${answer.text}`,
    );
  }
  const read = (await readOrder(urls[1], order)).json;
  assert.deepEqual([read.version, read.refunds], [3, []]);
  assert.deepEqual(await available(order), [7, 8]);
});

test('a refund that the provider refuses for good fails: its job waits for a person, and the amount is refundable again', async () => {
  const { order } = await paidOrder('card_refund_declined');
  await refunded(order, { amountMinor: 3_500 });
  await untilRefunds(order, 'failed', 1);
  const job = await database.until<{ status: string; last_error: string | null }>(
    `SELECT status, last_error FROM payment_jobs WHERE order_id = $1 AND kind = 'refund' AND status <> 'due'`,
    [order.id],
  );
  assert.equal(job.status, 'failed');
  assert.ok(job.last_error);
  const read = (await readOrder(urls[1], order)).json;
  assert.deepEqual([read.status, read.refunds[0].status], ['confirmed', 'failed']);
  assert.ok(read.refunds[0].settledAt);
  assert.equal((await sandboxBooks(database, order.id)).refundedMinor, 0);

  await database.query(`UPDATE sandbox_payments SET payment_method = 'card_ok' WHERE order_id = $1`, [order.id]);
  await refunded(order, { amountMinor: 3_500 });
  await untilRefunds(order, 'succeeded', 1);
  assert.equal((await sandboxBooks(database, order.id)).refundedMinor, 3_500);
  const none = await refund(order, { amountMinor: 1 });
  assert.deepEqual([none.status, none.json.refundableMinor], [409, 0], none.text);
});

test('lines whose refund the provider has refused can be refunded again; what went back on sale is not put back twice', async () => {
  const { order, items } = await paidOrder('card_refund_declined');
  await refunded(order, { lines: [{ itemId: items[0], quantity: 3, restock: true }] });
  await untilRefunds(order, 'failed', 1);
  assert.deepEqual(await available(order), [10, 8]);
  await database.query(`UPDATE sandbox_payments SET payment_method = 'card_ok' WHERE order_id = $1`, [order.id]);
  await refunded(order, { lines: [{ itemId: items[0], quantity: 3 }] });
  await untilRefunds(order, 'succeeded', 1);
  assert.deepEqual(await available(order), [10, 8]);
  assert.equal((await sandboxBooks(database, order.id)).refundedMinor, 3_000);
});

test('an order that is refunded in part and then cancelled gives the rest back, and only the units that were not back yet', async () => {
  const { order, items } = await paidOrder();
  await refunded(order, { lines: [{ itemId: items[0], quantity: 1, restock: true }] });
  const cancelled = await step(urls[1], order.id, 'cancellation', { token: order.customer.token });
  assert.deepEqual([cancelled.status, cancelled.json.status], [200, 'cancelled'], cancelled.text);
  assert.deepEqual(
    cancelled.json.refunds.map(({ amountMinor }: { amountMinor: number }) => amountMinor),
    [2_500],
  );
  assert.deepEqual(await available(order), [10, 10]);
  await untilRefunds(order, 'succeeded', 2);
  assert.equal((await sandboxBooks(database, order.id)).refundedMinor, 3_500);
});

test('nothing is refunded of an order that is unpaid, free or over; nobody but its staff refunds', async () => {
  const sale = await shop.createSale();
  const unpaid = await placeOrder(shop, sale);
  const answer = await refund(unpaid, { amountMinor: 1 });
  assert.deepEqual(
    [answer.status, answer.json.code, answer.json.orderStatus],
    [409, 'order-step-not-allowed', 'pending_payment'],
  );
  const free = await placeOrder(shop, await shop.createSale({ items: [{ priceMinor: 0 }] }));
  for (const body of [{ amountMinor: 1 }, { lines: [{ itemId: free.sale.items[0]?.id, quantity: 1 }] }]) {
    const nothing = await refund(free, body);
    assert.deepEqual([nothing.status, nothing.json.code], [409, 'amount-exceeded'], nothing.text);
  }

  const { order } = await paidOrder();
  const asOwner = await refund(order, { amountMinor: 1 }, { token: order.customer.token });
  assert.deepEqual([asOwner.status, asOwner.json.code], [403, 'forbidden']);
  const asStranger = await refund(order, { amountMinor: 1 }, { token: newCustomer().token });
  assert.deepEqual([asStranger.status, asStranger.json.code], [404, 'not-found']);
  assert.equal((await step(urls[0], order.id, 'cancellation', { token: order.customer.token })).status, 200);
  const over = await refund(order, { amountMinor: 1 });
  assert.deepEqual([over.status, over.json.orderStatus], [409, 'cancelled'], over.text);
});

test('many small refunds at once on one order add up to exactly what was captured', async () => {
  const { order } = await paidOrder();
  let made = 0;
  await inRounds(50, 25, async (round) => {
    const answer = await step(urls[round % 2 === 0 ? 0 : 1], order.id, 'refunds', {
      token: round % 3 === 0 ? people.operator : people.merchant,
      body: { amountMinor: 100 },
    });
    if (answer.status === 201) made += 1;
    else assert.deepEqual([answer.status, answer.json.code], [409, 'amount-exceeded'], answer.text);
  });
  assert.equal(made, 35);
  await untilRefunds(order, 'succeeded', 35);
  assert.equal((await sandboxBooks(database, order.id)).refundedMinor, 3_500);
});
