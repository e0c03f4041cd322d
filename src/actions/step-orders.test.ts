import assert from 'node:assert/strict';
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { after, test } from 'node:test';
import type { TestDatabase } from '../../test/support/database.ts';
import { assertLedgerSound, insertSale, openLedger, orderRequest } from '../../test/support/ledger.ts';
import { createStage } from '../../test/support/stage.ts';
import type { IntentStep } from '../domain/take-intent.ts';
import type { Database } from '../ledger/database.ts';
import { writeSteps } from '../ledger/order-steps.ts';
import { askSoon, claimJobs, postponeJob } from '../ledger/payment-jobs.ts';
import type { ChargeRequest, PaymentProvider } from '../payments/payment-provider.ts';
import { decideSteps, type IntentRequest } from './decide-steps.ts';
import { passDeadlines } from './pass-deadlines.ts';
import { createPayOrder } from './pay-order.ts';
import { reconcileMoney } from './reconcile-money.ts';
import { commitSteps, createStepOrders, type StepOrders } from './step-orders.ts';
import { writeOrders } from './write-orders.ts';

const stage = createStage({ after });
const SETTLE_MS = 5_000;
const database: TestDatabase = await stage.database();
stage.atEnd(() => assertLedgerSound(database));
const ledger: Database = openLedger(database);
stage.atEnd(() => ledger.close());
const stepOrders: StepOrders = createStepOrders({ database: ledger, waitingMax: 1_000, deadlineMs: SETTLE_MS });
stage.atEnd(() => stepOrders.close());

/** What somebody who may do anything asks of an order. */
function intent(orderId: string, step: IntentStep): IntentRequest {
  return {
    kind: 'intent',
    orderId,
    step,
    actorId: randomUUID(),
    roles: new Set(['owner', 'operator', 'merchant']),
    expected: () => true,
    idempotencyKey: randomUUID(),
    fingerprint: 'ab'.repeat(32),
    requestId: randomUUID(),
    traceParent: null,
  };
}

async function place(saleId: string, itemIds: readonly string[], customerId = randomUUID()): Promise<string> {
  const request = orderRequest(saleId, itemIds, { customerId });
  const [outcome] = await writeOrders(ledger, [request], SETTLE_MS);
  assert.equal(outcome?.outcome, 'accepted');
  return request.orderId;
}

async function openPayment(orderId: string): Promise<string> {
  const paymentId = randomUUIDv7();
  const step = { intent: 'payment', paymentId, provider: 'sandbox', testProvider: 'sandbox' } as const;
  assert.equal((await stepOrders(intent(orderId, step))).outcome, 'stepped');
  return paymentId;
}

const captured = (paymentId: string) =>
  ({
    paymentId,
    providerRef: `ref-${paymentId}`,
    status: 'captured',
    amountMinor: 1_500,
    currency: 'EUR',
    nextActionUrl: null,
    declineCode: null,
  }) as const;

async function statusesOf(orderIds: readonly string[]): Promise<string[]> {
  const rows = await database.query<{ status: string }>('SELECT status FROM orders WHERE id = ANY ($1) ORDER BY id', [
    orderIds,
  ]);
  return rows.map(({ status }) => status);
}

test('S-07 two late payments of one customer in one batch take no more than the limit', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 10, limitPerCustomer: 1 }]);
  const customerId = randomUUID();
  const late: { orderId: string; paymentId: string }[] = [];
  for (let index = 0; index < 2; index += 1) {
    const orderId = await place(saleId, itemIds, customerId);
    const paymentId = await openPayment(orderId);
    await database.query(`UPDATE orders SET settle_by = now() - interval '1 second' WHERE id = $1`, [orderId]);
    assert.equal((await stepOrders({ kind: 'payment-abandoned', orderId, paymentId })).outcome, 'stepped');
    late.push({ orderId, paymentId });
  }
  await Promise.all(
    late.map(({ orderId, paymentId }) => stepOrders({ kind: 'payment-report', orderId, report: captured(paymentId) })),
  );
  const statuses = await statusesOf(late.map(({ orderId }) => orderId));
  assert.deepEqual(statuses.sort(), ['confirmed', 'expired']);
  const [units] = await database.query('SELECT units FROM customer_units WHERE item_id = $1', [itemIds[0]]);
  assert.deepEqual(units, { units: 1 });
});

test('S-09 a batch that takes stock again locks all of its items at once, in the order in which placing does', async () => {
  const { saleId, itemIds } = await insertSale(database, [{}, {}]);
  const [low = '', high = ''] = [...itemIds].sort();
  const expired = await place(saleId, [high]);
  const pending = await place(saleId, [low]);
  await database.query(`UPDATE orders SET pay_by = now() - interval '1 second' WHERE id = $1`, [expired]);
  await stepOrders({ kind: 'deadline', orderId: expired, deadline: 'hold-expired' });

  const held = await database.hold('SELECT id FROM items WHERE id = $1 FOR NO KEY UPDATE', [low]);
  const connection = await ledger.connect();
  await connection.execute('BEGIN');
  const requests = [
    intent(expired, { intent: 'reinstatement' }),
    intent(pending, { intent: 'cancellation', reason: null, restock: null, retainMinor: null }),
  ];
  const decided = decideSteps(connection, requests, randomUUIDv7);
  await held.blocksSomebody();
  // It waits for the lower item without holding the higher one.
  await database.query('SELECT id FROM items WHERE id = $1 FOR NO KEY UPDATE NOWAIT', [high]);
  await held.release();
  const { steps } = await decided;
  await writeSteps(connection, steps, randomUUIDv7);
  await connection.execute('COMMIT');
  connection.release();
  assert.deepEqual(await statusesOf([expired, pending]), ['pending_payment', 'cancelled']);
});

test('S-06 an overdue order that cannot be written holds up no other', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 20 }]);
  const orderIds: string[] = [];
  for (let index = 0; index < 9; index += 1) orderIds.push(await place(saleId, itemIds));
  const [broken = ''] = orderIds;
  await database.query(`UPDATE orders SET pay_by = now() - interval '1 minute' WHERE id = ANY ($1)`, [orderIds]);
  // The next version of the oldest one is taken already: a defect that no retry mends.
  await database.query(
    `INSERT INTO order_events (order_id, version, type, status, occurred_at) VALUES ($1, 2, 'x', 'expired', now())`,
    [broken],
  );
  const { passed, failures, more } = await passDeadlines(ledger, 'hold-expired');
  assert.deepEqual([passed, failures.length, more], [8, 1, false]);
  await database.query(`DELETE FROM order_events WHERE order_id = $1 AND type = 'x'`, [broken]);
  await database.query('DELETE FROM outbox WHERE order_id = $1 AND version = 2', [broken]);
  assert.equal((await passDeadlines(ledger, 'hold-expired')).passed, 1);
  assert.deepEqual(new Set(await statusesOf(orderIds)), new Set(['expired']));
});

test('S-06 the sweep reads by the index of its deadline, whatever the planner believes about them', async () => {
  for (const [status, deadline, index] of [
    ['pending_payment', 'pay_by', 'orders_to_expire'],
    ['payment_processing', 'settle_by', 'orders_to_settle'],
    ['pending_acceptance', 'accept_by', 'orders_to_accept'],
  ]) {
    const plan = JSON.stringify(
      await database.onOneConnection([
        'SET enable_seqscan = off',
        `EXPLAIN SELECT id FROM orders WHERE status = '${status}' AND ${deadline} <= now() ORDER BY ${deadline} LIMIT 500`,
      ]),
    );
    assert.match(plan, new RegExp(`Index Scan using ${index}`));
    assert.doesNotMatch(plan, /Sort|Nested/);
  }
});

test('a payment on a ledger without any reads no table as a whole, nor do the checks of its foreign keys', async (context) => {
  const own = createStage(context);
  const fresh = await own.database();
  // As after the vacuum of a new ledger: known to be empty.
  await fresh.query('VACUUM (ANALYZE) orders, payments, payment_jobs, refunds, order_events, outbox');
  await fresh.query('SELECT pg_stat_reset()');
  const connections = openLedger(fresh);
  const { saleId, itemIds } = await insertSale(fresh, [{ capacity: 100 }]);
  // Often enough that the plans are those that are kept.
  for (let count = 0; count < 10; count += 1) {
    const order = orderRequest(saleId, itemIds);
    const paymentId = randomUUIDv7();
    const step = { intent: 'payment', paymentId, provider: 'sandbox', testProvider: 'sandbox' } as const;
    await writeOrders(connections, [order], SETTLE_MS);
    const report = { kind: 'payment-report', orderId: order.orderId, report: captured(paymentId) } as const;
    for (const request of [intent(order.orderId, step), report]) {
      const [outcome] = await commitSteps(connections, [request], SETTLE_MS);
      assert.equal(outcome?.outcome, 'stepped');
    }
  }
  // A connection counts when it ends.
  await connections.close();
  await fresh.until("SELECT 1 AS counted FROM pg_stat_user_tables WHERE relname = 'payments' AND idx_scan > 0");
  const read = await fresh.query(
    `SELECT relname, seq_scan FROM pg_stat_user_tables
     WHERE relname IN ('orders', 'order_lines', 'order_events', 'payments', 'payment_jobs', 'refunds') AND seq_scan > 0`,
  );
  assert.deepEqual(read, []);
});

/** A provider that charges at once. */
function chargingProvider(): PaymentProvider & { readonly charges: ChargeRequest[] } {
  const charges: ChargeRequest[] = [];
  const away = () => Promise.reject(new Error('not asked for here'));
  return {
    charges,
    name: 'sandbox',
    async charge(payment) {
      charges.push(payment);
      const { id, amountMinor, currency } = payment;
      return { ...captured(id), amountMinor, currency, capturedMinor: amountMinor, refundedMinor: 0 };
    },
    find: away,
    capture: away,
    cancel: away,
    refund: away,
    readWebhook: () => assert.fail('no webhook was sent'),
    async *listPayments() {},
  };
}

test('PAY-04 an attempt whose own commit lost its answer is charged, once', async () => {
  const { saleId, itemIds } = await insertSale(database);
  const orderId = await place(saleId, itemIds);
  const provider = chargingProvider();
  // The batch was committed, its answer was lost, and it ran again: it meets its own step.
  let lost = false;
  const lossy: StepOrders = Object.assign(
    async (request: Parameters<StepOrders>[0]) => {
      if (request.kind === 'intent' && !lost) {
        lost = true;
        await stepOrders(request);
      }
      return stepOrders(request);
    },
    { close: () => Promise.resolve() },
  );
  const payOrder = createPayOrder({
    database: ledger,
    stepOrders: lossy,
    providers: { live: provider, test: provider, byName: () => provider },
    onUnknown: (error) => assert.fail(String(error)),
  });
  const { kind: _kind, step: _step, ...asked } = intent(orderId, { intent: 'reinstatement' });
  const outcome = await payOrder({ ...asked, paymentId: randomUUIDv7(), paymentMethod: 'card_ok', returnUrl: null });
  assert.ok(outcome.outcome === 'answered');
  assert.deepEqual([outcome.answer, outcome.replayed], [{ status: 200, version: 3 }, false]);
  assert.equal(provider.charges.length, 1);
  assert.deepEqual(await statusesOf([orderId]), ['confirmed']);
});

test('PAY-05 a hint that comes while its job is under way is not put off by it', async () => {
  const { saleId, itemIds } = await insertSale(database);
  const paymentId = await openPayment(await place(saleId, itemIds));
  await database.query('UPDATE payment_jobs SET run_at = now() WHERE payment_id = $1', [paymentId]);
  const job = (await claimJobs(ledger, 'ask', 100, 60_000)).find(({ payment }) => payment.id === paymentId);
  assert.ok(job !== undefined);
  await askSoon(ledger, paymentId);
  await postponeJob(ledger, job, 3_600_000, null);
  const [due] = await database.query(
    'SELECT run_at <= clock_timestamp() AS now FROM payment_jobs WHERE payment_id = $1',
    [paymentId],
  );
  assert.deepEqual(due, { now: true });
});

test('PAY-10 a difference that nobody has explained stays, though its payment is too old to be listed', async () => {
  const seen = { ...captured(randomUUID()), capturedMinor: 1_500, refundedMinor: 0 };
  const books = (listed: readonly (typeof seen)[]): PaymentProvider => ({
    ...chargingProvider(),
    find: async () => seen,
    async *listPayments() {
      yield* listed;
    },
  });
  const now = new Date();
  const span = { since: new Date(now.getTime() - 60_000), now, settledBefore: now, stopping: AbortSignal.abort() };
  const whole = { ...span, stopping: new AbortController().signal };
  assert.equal((await reconcileMoney(ledger, books([seen]), whole)).discrepancies, 1);
  const later = new Date(now.getTime() + 60_000);
  const next = { ...whole, since: later, now: later, settledBefore: later };
  assert.equal((await reconcileMoney(ledger, books([]), next)).discrepancies, 1);
  const kinds = await database.query('SELECT kind FROM payment_discrepancies WHERE payment_id = $1', [seen.paymentId]);
  assert.deepEqual(kinds, [{ kind: 'unknown_payment' }]);
  assert.deepEqual(await reconcileMoney(ledger, books([seen]), span), { compared: 0, discrepancies: 0 });
});
