import assert from 'node:assert/strict';
import { randomUUIDv7 } from 'node:crypto';
import { after, before, test } from 'node:test';
import { assertBooksBalance, untilMoneyRests } from '../support/books.ts';
import { type Answer, newCustomer, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { createPeople, type People, pay, placeOrder, readOrder, step, type TestOrder } from '../support/orders.ts';
import { eventsOf, sandboxBooks, setSilent, untilStatus } from '../support/payments.ts';
import { createShop, type SaleTerms, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';
import { stopAt } from '../support/stop-points.ts';

const PRICE_MINOR = 1_500;

const stage = createStage({ after });
let database: TestDatabase;
let url: string;
let shop: Shop;
let people: People;

before(async () => {
  database = await stage.database();
  const settings = { DATABASE_URL: database.url, PAYMENT_TIMEOUT_MS: '300', RECONCILE_INTERVAL_SECONDS: '1' };
  // Two of them compare at once.
  const engines = await stage.engines(settings);
  stage.atEnd(async () => {
    await untilMoneyRests(database);
    await assertLedgerSound(database);
    await assertBooksBalance(database);
    await untilDifferences('at rest', []);
  });
  url = engines.url;
  shop = await createShop(url);
  people = await createPeople(shop);
});

const newOrder = async (terms: SaleTerms = {}): Promise<TestOrder> => placeOrder(shop, await shop.createSale(terms));

/** A paid order and the id of its payment, which is old enough to be known to both sides. */
async function paidOrder(terms: SaleTerms = {}): Promise<{ order: TestOrder; paymentId: string }> {
  const order = await newOrder(terms);
  const paid = await pay(url, order);
  assert.equal(paid.status, 200, paid.text);
  await database.query(`UPDATE payments SET created_at = created_at - interval '2 minutes' WHERE order_id = $1`, [
    order.id,
  ]);
  return { order, paymentId: paid.json.payments[0].id };
}

const list = (token: string, query = ''): Promise<Answer> =>
  send('GET', `${url}/api/v1/admin/payment-discrepancies${query}`, { token });

interface Difference {
  readonly kind: string;
  readonly paymentId: string | null;
  readonly orderId: string | null;
  readonly ledgerSays: string | null;
  readonly providerSays: string | null;
}

const PATIENCE_MS = 10_000;

/** Waits until the engine lists exactly these differences about a payment, or about all where none is named. */
async function untilDifferences(
  about: string,
  expected: readonly (readonly [kind: string, ledgerSays: string | null, providerSays: string | null])[],
): Promise<Difference[]> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await list(people.operator);
    assert.equal(answer.status, 200, answer.text);
    const data: Difference[] = answer.json.data;
    const found = about === 'at rest' ? data : data.filter(({ paymentId }) => paymentId === about);
    const shown = found.map(({ kind, ledgerSays, providerSays }) => [kind, ledgerSays, providerSays]);
    if (JSON.stringify(shown.sort()) === JSON.stringify([...expected].sort())) return found;
    if (Date.now() > deadline) assert.deepEqual(shown, expected, about);
    await database.query('SELECT pg_sleep(0.05)');
  }
}

/** Does something to the sandbox's books behind the engine's back. */
const inSandbox = (paymentId: string, change: string) =>
  database.query(`UPDATE sandbox_payments SET ${change} WHERE payment_id = $1`, [paymentId]);

/** Resolves when a comparison that began after this call has ended: it has found what was not there before. */
async function untilCompared(): Promise<void> {
  const { paymentId } = await paidOrder();
  await inSandbox(paymentId, 'refunded_minor = 1');
  await untilDifferences(paymentId, [['refunded', '0', '1']]);
  await inSandbox(paymentId, 'refunded_minor = 0');
  await untilDifferences(paymentId, []);
}

test('the sandbox has money for a payment that the ledger does not know: listed until it is gone', async () => {
  const paymentId = randomUUIDv7();
  await database.query(
    `INSERT INTO sandbox_payments (payment_id, provider_ref, order_id, payment_method, status, capture, currency,
                                   amount_minor, captured_minor)
     VALUES ($1, $2, $3, 'card_ok', 'captured', 'automatic', 'EUR', 777, 777)`,
    [paymentId, `sandbox_${paymentId}`, randomUUIDv7()],
  );
  try {
    const [difference] = await untilDifferences(paymentId, [['unknown_payment', null, 'captured 777 EUR']]);
    assert.equal(difference?.orderId, null);
    await database.query('DELETE FROM sandbox_payments WHERE payment_id = $1', [paymentId]);
    await untilDifferences(paymentId, []);
  } finally {
    await database.query('DELETE FROM payment_discrepancies WHERE payment_id = $1', [paymentId]);
  }
});

test('money that the ledger does not know is no difference any more when the sandbox has given all of it back', async () => {
  const paymentId = randomUUIDv7();
  await database.query(
    `INSERT INTO sandbox_payments (payment_id, provider_ref, order_id, payment_method, status, capture, currency,
                                   amount_minor, captured_minor)
     VALUES ($1, $2, $3, 'card_ok', 'captured', 'automatic', 'EUR', 778, 778)`,
    [paymentId, `sandbox_${paymentId}`, randomUUIDv7()],
  );
  try {
    await untilDifferences(paymentId, [['unknown_payment', null, 'captured 778 EUR']]);
    await inSandbox(paymentId, 'refunded_minor = captured_minor');
    await untilDifferences(paymentId, []);
  } finally {
    await database.query('DELETE FROM sandbox_payments WHERE payment_id = $1', [paymentId]);
    await database.query('DELETE FROM payment_discrepancies WHERE payment_id = $1', [paymentId]);
  }
});

test('the ledger has money of which the sandbox knows nothing: listed until it is there again', async () => {
  const { order, paymentId } = await paidOrder();
  const [row] = await database.query<{ row: string }>(
    'DELETE FROM sandbox_payments WHERE payment_id = $1 RETURNING row_to_json(sandbox_payments)::text AS row',
    [paymentId],
  );
  const [difference] = await untilDifferences(paymentId, [['missing_payment', 'captured 1500', null]]);
  assert.equal(difference?.orderId, order.id);
  assert.equal((await readOrder(url, order)).json.status, 'confirmed', 'nobody guesses what to do');
  await database.query('INSERT INTO sandbox_payments SELECT * FROM json_populate_record(NULL::sandbox_payments, $1)', [
    row?.row,
  ]);
  await untilDifferences(paymentId, []);
});

test('both know a payment and differ about amount, status, what was captured or refunded: listed until they agree', async () => {
  const cases = [
    ['amount_minor = amount_minor + 1', 'amount_minor = amount_minor - 1', [['amount', '1500 EUR', '1501 EUR']]],
    [`currency = 'USD'`, `currency = 'EUR'`, [['amount', '1500 EUR', '1500 USD']]],
    [`status = 'authorized'`, `status = 'captured'`, [['status', 'captured', 'authorized']]],
    ['captured_minor = 1499', 'captured_minor = 1500', [['captured', '1500', '1499']]],
    ['refunded_minor = 5', 'refunded_minor = 0', [['refunded', '0', '5']]],
  ] as const;
  const payments = await Promise.all(cases.map(() => paidOrder()));
  for (const [index, [change]] of cases.entries()) await inSandbox(payments[index]?.paymentId ?? '', change);
  for (const [index, [, , expected]] of cases.entries())
    await untilDifferences(payments[index]?.paymentId ?? '', expected);
  for (const { order } of payments) {
    const { status, version } = (await readOrder(url, order)).json;
    assert.deepEqual([status, version], ['confirmed', 3], 'a difference about known money moves nothing');
  }
  for (const [index, [, back]] of cases.entries()) await inSandbox(payments[index]?.paymentId ?? '', back);
  for (const { paymentId } of payments) await untilDifferences(paymentId, []);
});

test('a difference that lasts gives a person one job, not one more with each comparison', async () => {
  const { paymentId } = await paidOrder();
  await inSandbox(paymentId, 'amount_minor = 1');
  await untilDifferences(paymentId, [['amount', '1500 EUR', '1 EUR']]);
  for (let round = 0; round < 2; round += 1) await untilCompared();
  await database.until(
    `SELECT 1 WHERE NOT EXISTS (SELECT FROM payment_jobs WHERE payment_id = $1 AND status = 'due')`,
    [paymentId],
  );
  const failed = await database.query(
    `SELECT last_error FROM payment_jobs WHERE payment_id = $1 AND status = 'failed'`,
    [paymentId],
  );
  await inSandbox(paymentId, `amount_minor = ${PRICE_MINOR}`);
  await untilDifferences(paymentId, []);
  assert.ok(failed.length <= 1, `${failed.length} failed jobs wait for a person about one payment`);
});

test('a payment whose outcome the ledger has missed is taken in, though nothing else would ask for it', async () => {
  const order = await newOrder();
  const answer = await pay(url, order, 'card_silent');
  assert.equal(answer.status, 202, answer.text);
  await database.query('DELETE FROM payment_jobs WHERE order_id = $1', [order.id]);
  await setSilent(database, order.id, false);
  await untilStatus(database, order.id, 'confirmed');
  assert.deepEqual(await eventsOf(database, order.id), ['order.placed', 'order.payment_started', 'order.paid']);
  assert.equal((await sandboxBooks(database, order.id)).charges, 1);
});

test('an attempt that was closed as not charged and was charged after all pays its order, while that still waits', async () => {
  const order = await newOrder();
  assert.equal((await pay(url, order, 'card_timeout_not_charged')).status, 202);
  await untilStatus(database, order.id, 'pending_payment');
  await database.query(
    `UPDATE sandbox_payments SET status = 'captured', captured_minor = amount_minor WHERE order_id = $1`,
    [order.id],
  );
  await untilStatus(database, order.id, 'confirmed');
});

test('a kitchen payment that was captured behind the engine is noticed and stands in the order', async () => {
  const { order, paymentId } = await paidOrder({ fulfillment: 'kitchen' });
  assert.equal((await step(url, order.id, 'acceptance', { token: people.merchant })).status, 200);
  await database.until(`SELECT 1 FROM payments WHERE id = $1 AND status = 'captured'`, [paymentId]);
  await untilDifferences(paymentId, []);
});

test('a silent payment hides no other difference', async () => {
  const order = await newOrder();
  assert.equal((await pay(url, order, 'card_silent')).status, 202);
  const { paymentId } = await paidOrder();
  await inSandbox(paymentId, 'refunded_minor = 7');
  try {
    await untilDifferences(paymentId, [['refunded', '0', '7']]);
  } finally {
    await inSandbox(paymentId, 'refunded_minor = 0');
    await setSilent(database, order.id, false);
    await untilStatus(database, order.id, 'confirmed');
    await untilDifferences('at rest', []);
  }
});

test('a payment that is charged and about to be committed is no difference', async () => {
  const { paymentId } = await paidOrder();
  const order = await newOrder();
  const point = await stopAt(
    database,
    'commit',
    'order_events',
    `NEW.order_id = '${order.id}' AND NEW.type = 'order.paid'`,
  );
  const paying = pay(url, order);
  await point.reached();
  // A comparison that finds this has seen the other payment, too.
  await inSandbox(paymentId, 'refunded_minor = 2');
  try {
    await untilDifferences('at rest', [['refunded', '0', '2']]);
  } finally {
    await point.open();
    await inSandbox(paymentId, 'refunded_minor = 0');
    await paying;
    await untilDifferences('at rest', []);
  }
});

test('the list is for operators alone, comes in pages, and takes nothing unknown', async () => {
  for (const token of [newCustomer().token, people.merchant, people.courier]) {
    const answer = await list(token);
    assert.deepEqual([answer.status, answer.json.code], [403, 'forbidden']);
  }
  const anonymous = await send('GET', `${url}/api/v1/admin/payment-discrepancies`);
  assert.deepEqual([anonymous.status, anonymous.json.code], [401, 'unauthenticated']);
  for (const query of ['?limit=0', '?limit=101', '?unknown=1', '?cursor=x']) {
    assert.equal((await list(people.operator, query)).status, 400, query);
  }

  const payments = await Promise.all(Array.from({ length: 5 }, () => paidOrder()));
  const ids = payments.map(({ paymentId }) => paymentId);
  for (const id of ids) await inSandbox(id, 'refunded_minor = 3');
  for (const id of ids) await untilDifferences(id, [['refunded', '0', '3']]);
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Answer = await list(people.operator, `?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`);
    assert.equal(page.status, 200, page.text);
    assert.ok(page.json.data.length <= 2);
    seen.push(...page.json.data.map(({ paymentId }: Difference) => paymentId));
    cursor = page.json.nextCursor;
  } while (cursor !== null);
  for (const id of ids) await inSandbox(id, 'refunded_minor = 0');
  assert.deepEqual(seen.toSorted(), ids.toSorted());
  for (const id of ids) await untilDifferences(id, []);
});
