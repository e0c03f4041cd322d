import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { insertSale, openLedger, orderRequest } from '../../test/support/ledger.ts';
import { createPlaceOrder } from '../actions/place-order.ts';
import type { Database } from '../ledger/database.ts';
import { createRetentionSweeper, type Retention } from './retention-sweeper.ts';

const DAY = 86_400;
const SECONDS: Retention['seconds'] = {
  deliveries: 10 * DAY,
  'kept-back-deliveries': 10 * DAY,
  'dead-letters': 10 * DAY,
  attempts: 10 * DAY,
  incidents: 10 * DAY,
  'audit-log': 100 * DAY,
};

let database: TestDatabase;
let ledger: Database;

before(async () => {
  database = await createTestDatabase();
  ledger = openLedger(database);
});

after(async () => {
  await ledger.close();
  await database.drop();
});

beforeEach(() =>
  database.query('TRUNCATE webhook_deliveries, dead_letters, duty_attempts, notifications, incidents, audit_log'),
);

async function sweep(historySeconds: number | null = null): Promise<void> {
  const sweeper = createRetentionSweeper({ database: ledger, retention: { seconds: SECONDS, historySeconds } });
  while ((await sweeper.runOnce(new AbortController().signal)).more);
}

const statuses = async (table: string) =>
  (await database.query<{ status: string }>(`SELECT status FROM ${table} ORDER BY status`)).map(({ status }) => status);

test('deliveries and dead letters that are over go in time; what is due or waits for a person stays however old', async () => {
  const [endpoint] = await database.query<{ id: string }>(
    `WITH merchant AS (INSERT INTO merchants (id, name) VALUES ($1, 'Shop') RETURNING id)
     INSERT INTO webhook_endpoints (id, merchant_id, url, secret, created_by)
     SELECT $2, id, 'https://example.com', 'whsec_x', id FROM merchant RETURNING id`,
    [randomUUID(), randomUUID()],
  );
  await database.query(
    `INSERT INTO webhook_deliveries (id, endpoint_id, event_type, status, run_at, ended_at)
     SELECT gen_random_uuid(), $1, 'endpoint.test', status, now(), CASE WHEN status <> 'due' THEN now() - age * interval '1 day' END
     FROM unnest(ARRAY['due', 'failed', 'delivered', 'discarded']) AS status CROSS JOIN unnest(ARRAY[9, 11]) AS age`,
    [endpoint?.id],
  );
  await database.query(
    `INSERT INTO dead_letters (id, kind, duty_id, status, error, attempts, died_at, ended_at)
     SELECT gen_random_uuid(), 'refund', gen_random_uuid(), status, 'refused', 1, now() - interval '99 days',
            CASE WHEN status IN ('resolved', 'discarded') THEN now() - age * interval '1 day' END
     FROM unnest(ARRAY['dead', 'redriving', 'resolved', 'discarded']) AS status CROSS JOIN unnest(ARRAY[9, 11]) AS age`,
  );
  await database.query(
    `INSERT INTO duty_attempts (duty_id, number, started_at, duration_ms)
     SELECT duty_id, 1, now() - interval '11 days', 5 FROM dead_letters`,
  );
  await sweep();
  assert.deepEqual(await statuses('webhook_deliveries'), ['delivered', 'discarded', 'due', 'due', 'failed', 'failed']);
  assert.deepEqual(await statuses('dead_letters'), ['dead', 'dead', 'discarded', 'redriving', 'redriving', 'resolved']);
  const [left] = await database.query('SELECT count(*)::int AS attempts FROM duty_attempts');
  assert.deepEqual(left, { attempts: 4 }, 'those of letters that wait for somebody');
});

test('what a paused or disabled endpoint was to get goes in time, too, and nothing that is sent', async () => {
  const [merchantId, paused, sending] = [randomUUID(), randomUUID(), randomUUID()];
  await database.query(`INSERT INTO merchants (id, name) VALUES ($1, 'Shop')`, [merchantId]);
  await database.query(
    `INSERT INTO webhook_endpoints (id, merchant_id, url, secret, created_by, paused_at)
     SELECT id, $3, 'https://example.com', 'whsec_x', $3, CASE WHEN id = $1 THEN now() END
     FROM unnest(ARRAY[$1, $2]::uuid[]) AS id`,
    [paused, sending, merchantId],
  );
  await database.query(
    `INSERT INTO webhook_deliveries (id, endpoint_id, event_type, run_at)
     SELECT gen_random_uuid(), endpoint, 'webhook.test', now() - age * interval '1 day'
     FROM unnest(ARRAY[$1, $2]::uuid[]) AS endpoint CROSS JOIN unnest(ARRAY[9, 11]) AS age`,
    [paused, sending],
  );
  await sweep();
  const left = await database.query(
    'SELECT endpoint_id, count(*)::int AS due FROM webhook_deliveries GROUP BY 1 ORDER BY 2',
  );
  assert.deepEqual(left, [
    { endpoint_id: paused, due: 1 },
    { endpoint_id: sending, due: 2 },
  ]);
});

test('incidents go with their notifications, unless one is still to be told; the audit log has its own time', async () => {
  await database.query(
    `WITH incident AS (
       INSERT INTO incidents (id, alert, subject, summary, details, opened_at, resolved_at)
       SELECT gen_random_uuid(), 'low-stock', n::text, '', '{}', now() - interval '20 days',
              CASE WHEN n < 3 THEN now() - interval '11 days' END
       FROM generate_series(1, 3) AS n RETURNING id, subject)
     INSERT INTO notifications (id, incident_id, kind, status, run_at)
     SELECT gen_random_uuid(), id, 'opened', CASE subject WHEN '2' THEN 'due' ELSE 'delivered' END, now() FROM incident`,
  );
  await database.query(
    `INSERT INTO audit_log (id, occurred_at, action, target, details)
     SELECT gen_random_uuid(), now() - age * interval '1 day', 'createSale', '', '{}' FROM unnest(ARRAY[99, 101]) AS age`,
  );
  await sweep();
  assert.deepEqual(await database.query('SELECT subject FROM incidents ORDER BY 1'), [
    { subject: '2' },
    { subject: '3' },
  ]);
  const [left] = await database.query('SELECT count(*)::int AS rows FROM audit_log');
  assert.deepEqual(left, { rows: 1 });
});

test('history between the first and the last row of orders that ended long ago goes, where that is wanted, and nothing else', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 10 }]);
  const place = createPlaceOrder({
    database: ledger,
    waitingMax: 10,
    deadlineMs: 5_000,
    observeBatch: () => undefined,
  });
  const orders = [];
  for (const days of [20, 20, 20, 5]) {
    const request = { ...orderRequest(saleId, itemIds), orderId: agedId(days) };
    assert.equal((await place(request)).outcome, 'placed');
    orders.push(request.orderId);
  }
  await place.close();
  const [ended = '', open = '', untold = '', young = ''] = orders;
  await database.query("UPDATE orders SET version = 4, status = 'cancelled' WHERE id <> $1", [open]);
  await database.query(
    `INSERT INTO order_events (order_id, version, type, status, occurred_at)
     SELECT id, step, 'order.cancelled', 'cancelled', now() - interval '15 days'
     FROM orders CROSS JOIN generate_series(2, 4) AS step`,
  );
  await database.query('DELETE FROM outbox WHERE order_id <> $1', [untold]);

  const versions = async (orderId: string) =>
    (await database.query('SELECT version FROM order_events WHERE order_id = $1 ORDER BY 1', [orderId])).map(
      ({ version }) => version,
    );
  await sweep();
  assert.deepEqual(await versions(ended), [1, 2, 3, 4], 'kept for ever unless told otherwise');
  await sweep(10 * DAY);
  assert.deepEqual(await versions(ended), [1, 4]);
  for (const orderId of [open, untold, young]) assert.deepEqual(await versions(orderId), [1, 2, 3, 4]);
});

/** The id of an order that was placed so many days ago. */
function agedId(days: number): string {
  const ms = (Date.now() - days * DAY * 1_000).toString(16).padStart(12, '0');
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7${randomUUID().slice(15)}`;
}
