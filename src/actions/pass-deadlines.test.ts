import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { assertLedgerSound, insertSale, openLedger, orderRequest } from '../../test/support/ledger.ts';
import { createStage } from '../../test/support/stage.ts';
import type { StepRequest } from './decide-steps.ts';
import { passDeadlines } from './pass-deadlines.ts';
import { commitSteps } from './step-orders.ts';
import { writeOrders } from './write-orders.ts';

const SETTLE_MS = 5_000;
const stage = createStage({ after });
const database = await stage.database();
stage.atEnd(() => assertLedgerSound(database));
/** Two engine processes. */
const [first, second] = [openLedger(database), openLedger(database)];
stage.atEnd(() => Promise.all([first.close(), second.close()]));

const cancellation = (orderId: string): StepRequest => ({
  kind: 'intent',
  orderId,
  step: { intent: 'cancellation', reason: null, restock: null, retainMinor: null },
  actorId: randomUUID(),
  roles: new Set(['owner']),
  expected: () => true,
  idempotencyKey: randomUUID(),
  fingerprint: 'ab'.repeat(32),
  requestId: 'test',
  traceParent: null,
});

/** Unpaid orders of three units each of one item, of which there are `capacity`. */
async function makeOrders(count: number, capacity: number): Promise<{ itemId: string; orderIds: string[] }> {
  const { saleId, itemIds } = await insertSale(database, [{ capacity }]);
  const requests = Array.from({ length: count }, () => orderRequest(saleId, itemIds, { quantity: 3 }));
  await writeOrders(first, requests, SETTLE_MS);
  return { itemId: itemIds[0], orderIds: requests.map(({ orderId }) => orderId) };
}

const endHold = (orderId: string) =>
  database.query(`UPDATE orders SET pay_by = now() - interval '1 second' WHERE id = $1`, [orderId]);

const stockOf = (itemId: string) => database.query('SELECT available, held, sold FROM items WHERE id = $1', [itemId]);

test('S-06 a sweeper waits for whoever is at work on an order, and then one of them ends it', async () => {
  const { itemId, orderIds } = await makeOrders(1, 10);
  const [orderId = ''] = orderIds;
  await endHold(orderId);
  const lock = await database.hold('SELECT FROM orders WHERE id = $1 FOR UPDATE', [orderId]);
  const swept = [passDeadlines(first, 'hold-expired'), passDeadlines(second, 'hold-expired')];
  const cancelled = commitSteps(second, [cancellation(orderId)], SETTLE_MS);
  // All have begun before any of them can go on.
  await database.until(
    `SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' HAVING count(*) = 3`,
  );
  await lock.release();
  const [one, other] = await Promise.all(swept);
  const [asked] = await cancelled;
  assert.deepEqual([one?.failures, other?.failures], [[], []]);
  const ends = (one?.passed ?? 0) + (other?.passed ?? 0) + (asked?.outcome === 'stepped' ? 1 : 0);
  assert.equal(ends, 1);
  assert.ok(asked?.outcome === 'stepped' || asked?.outcome === 'not-allowed', asked?.outcome);
  assert.deepEqual(await stockOf(itemId), [{ available: 10, held: 0, sold: 0 }]);
  assert.deepEqual(await database.query('SELECT version FROM orders WHERE id = $1', [orderId]), [{ version: 2 }]);
});

test('S-01 what a cancelled or expired order held is back on sale once, beside others that hold', async () => {
  const { itemId, orderIds } = await makeOrders(3, 20);
  const [cancelled = '', expired = ''] = orderIds;
  assert.deepEqual(await stockOf(itemId), [{ available: 11, held: 9, sold: 0 }]);
  await commitSteps(first, [cancellation(cancelled), cancellation(cancelled)], SETTLE_MS);
  assert.deepEqual(await stockOf(itemId), [{ available: 14, held: 6, sold: 0 }]);
  await endHold(expired);
  await passDeadlines(first, 'hold-expired');
  await passDeadlines(second, 'hold-expired');
  assert.deepEqual(await stockOf(itemId), [{ available: 17, held: 3, sold: 0 }]);
});
