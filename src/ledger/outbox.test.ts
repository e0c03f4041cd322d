import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { insertSale, openLedger, orderRequest } from '../../test/support/ledger.ts';
import { createStage } from '../../test/support/stage.ts';
import { commitSteps } from '../actions/step-orders.ts';
import { writeOrders } from '../actions/write-orders.ts';
import { takeEvents } from './outbox.ts';

const SETTLE_MS = 5_000;
const stage = createStage({ after });
const database = await stage.database();
const ledger = openLedger(database);
stage.atEnd(() => ledger.close());

/** Orders that were placed and cancelled: two events each, which nobody was told of. */
async function makeOrders(count: number): Promise<string[]> {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: count }]);
  const requests = Array.from({ length: count }, () => orderRequest(saleId, itemIds));
  await writeOrders(ledger, requests, SETTLE_MS);
  const outcomes = await commitSteps(
    ledger,
    requests.map(({ orderId }) => ({
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
    })),
    SETTLE_MS,
  );
  assert.ok(outcomes.every(({ outcome }) => outcome === 'stepped'));
  return requests.map(({ orderId }) => orderId);
}

async function take(limit: number): Promise<string[]> {
  const events = await ledger.transaction((transaction) => takeEvents(transaction, limit));
  return events.map(({ orderId, version }) => `${orderId} ${version}`);
}

test('a first event that somebody has is passed over with all that follow it, and waited for by nobody', async () => {
  const [taken = '', free = ''] = (await makeOrders(2)).sort();
  const relay = await database.hold('SELECT FROM outbox WHERE order_id = $1 AND version = 1 FOR UPDATE', [taken]);
  const told = take(10);
  const outcome = await Promise.race([told, relay.blocksSomebody().then(() => 'it waits')]);
  await relay.release();
  assert.deepEqual(outcome, [`${free} 1`, `${free} 2`]);
  assert.deepEqual(await take(10), [`${taken} 1`, `${taken} 2`]);
});

test('of an order all waiting events are taken at once, the versions in turn, however small the limit is', async () => {
  const orderIds = (await makeOrders(3)).sort();
  for (const orderId of orderIds) assert.deepEqual(await take(1), [`${orderId} 1`, `${orderId} 2`]);
  assert.deepEqual(await take(1), []);
});

test('an event that was written before others and committed after them is taken when it is there', async () => {
  const [late = ''] = await makeOrders(1);
  await take(10);
  const open = await database.hold(
    `UPDATE orders SET version = 3 WHERE id = '${late}';
     INSERT INTO order_events (order_id, version, type, status, occurred_at)
     VALUES ('${late}', 3, 'order.noted', 'cancelled', clock_timestamp())`,
  );
  const [early = ''] = await makeOrders(1);
  assert.deepEqual(await take(10), [`${early} 1`, `${early} 2`]);
  await open.release();
  assert.deepEqual(await take(10), [`${late} 3`]);
});
