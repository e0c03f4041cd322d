import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { TestDatabase } from '../../test/support/database.ts';
import { insertSale, openLedger, orderRequest } from '../../test/support/ledger.ts';
import { createStage } from '../../test/support/stage.ts';
import { DEMAND_ORDERS } from '../domain/alert-rules.ts';
import type { Database } from '../ledger/database.ts';
import { bury, countDeadLetters } from '../ledger/dead-letters.ts';
import { keepDiscrepancy } from '../ledger/payment-discrepancies.ts';
import { type ProcessState, reportProcess } from '../ledger/processes.ts';
import { watchAlerts } from './watch-alerts.ts';
import { writeOrders } from './write-orders.ts';

interface Scene {
  readonly database: TestDatabase;
  readonly ledger: Database;
  /** Looks, lets as much time pass as any alert waits for, and looks again. */
  watch(): Promise<void>;
  /** Open incidents, as `alert subject`. */
  open(): Promise<string[]>;
}

async function setUp(context: TestContext): Promise<Scene> {
  const stage = createStage(context);
  const database = await stage.database();
  const ledger = openLedger(database);
  stage.atEnd(() => ledger.close());
  return {
    database,
    ledger,
    async watch() {
      await watchAlerts(ledger, true);
      await database.query(`UPDATE alert_changes SET since = since - interval '5 minutes'`);
      await watchAlerts(ledger, true);
    },
    async open() {
      const rows = await database.query<{ alert: string; subject: string }>(
        'SELECT alert, subject FROM incidents WHERE resolved_at IS NULL ORDER BY alert, subject',
      );
      return rows.map(({ alert, subject }) => `${alert} ${subject}`);
    },
  };
}

const WELL: ProcessState['report'] = {
  ...{ breaker: 'closed', gateDriftUnits: 0, waitingOrders: 0, eventLoopLagMs: 0, requests: 100, errors: 0 },
  duties: [],
};

function report(ledger: Database, id: string, changes: Partial<ProcessState['report']> = {}, startedAt = new Date()) {
  return reportProcess(ledger, { id, role: 'all', version: '1', startedAt, report: { ...WELL, ...changes } });
}

test('many who look at once open one incident and make one notification, and so it is when it is over', async (context: TestContext) => {
  const { database, ledger, open } = await setUp(context);
  await report(ledger, randomUUID());
  await insertSale(database, [{ capacity: 0 }, { capacity: 10 }]);
  await database.query('UPDATE items SET available = 1, sold = capacity - 1 WHERE capacity > 0');
  const lookAll = () => Promise.all(Array.from({ length: 12 }, () => watchAlerts(ledger, true)));
  await lookAll();
  await lookAll();
  assert.equal((await open()).length, 1);
  await database.query('UPDATE items SET available = capacity, sold = 0');
  await lookAll();
  assert.equal((await open()).length, 1, 'its end waits');
  await database.query(`UPDATE alert_changes SET since = since - interval '5 minutes'`);
  await lookAll();
  await lookAll();
  assert.deepEqual(await open(), []);
  const notifications = await database.query('SELECT kind, status FROM notifications ORDER BY id');
  assert.deepEqual(notifications, [
    { kind: 'opened', status: 'due' },
    { kind: 'resolved', status: 'due' },
  ]);
  assert.deepEqual(await database.query('SELECT * FROM alert_changes'), []);
});

test('stock is low in sales that are open now: not in a rehearsal, a paused, a coming or a past sale', async (context: TestContext) => {
  const { database, watch, open } = await setUp(context);
  const at = (hours: number) => new Date(Date.now() + hours * 3_600_000);
  const sell = async (terms?: { opensAt?: Date; closesAt?: Date }) => {
    const { saleId, itemIds } = await insertSale(database, [{ capacity: 10 }], terms);
    return { saleId, itemId: itemIds[0] };
  };
  const [now, paused, rehearsal] = [await sell(), await sell(), await sell()];
  await sell({ opensAt: at(1), closesAt: at(2) });
  await sell({ opensAt: at(-2), closesAt: at(-1) });
  await database.query('UPDATE items SET available = 1, held = 4, sold = 5');
  await database.query('UPDATE sales SET paused_at = now() WHERE id = $1', [paused.saleId]);
  await database.query('UPDATE sales SET test = true WHERE id = $1', [rehearsal.saleId]);
  await watch();
  assert.deepEqual(await open(), [`stock-low ${now.itemId}`]);
  await database.query('UPDATE sales SET closes_at = clock_timestamp() WHERE id = $1', [now.saleId]);
  await watch();
  assert.deepEqual(await open(), []);
});

test('a sale that had demand and has stock takes no orders: an incident until the next order', async (context: TestContext) => {
  const { database, ledger, watch, open } = await setUp(context);
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 1_000 }]);
  const few = await insertSale(database, [{ capacity: 1_000 }]);
  const place = async (sale: { saleId: string; itemIds: [string, ...string[]] }, count: number) => {
    const requests = Array.from({ length: count }, () => orderRequest(sale.saleId, sale.itemIds));
    const outcomes = await writeOrders(ledger, requests, 5_000);
    assert.ok(outcomes.every(({ outcome }) => outcome === 'accepted'));
  };
  await place({ saleId, itemIds }, DEMAND_ORDERS);
  await place(few, DEMAND_ORDERS - 1);
  await database.query('DELETE FROM outbox');
  await watch();
  assert.deepEqual(await open(), []);
  await database.query(`UPDATE orders SET placed_at = placed_at - interval '3 minutes'`);
  await watch();
  assert.deepEqual(await open(), [`no-orders ${saleId}`]);
  await place({ saleId, itemIds }, 1);
  await watch();
  assert.deepEqual(await open(), []);
});

test('what the processes, the outbox, the dead letters and the books tell is judged', async (context: TestContext) => {
  const { database, ledger, watch, open } = await setUp(context);
  const [ill, gone] = [randomUUID(), randomUUID()];
  await report(ledger, ill, { breaker: 'open', gateDriftUnits: 3, errors: 9 }, new Date(Date.now() - 3_600_000));
  await report(ledger, gone, {}, new Date(Date.now() - 3_600_000));
  await database.query(`UPDATE processes SET seen_at = seen_at - interval '1 minute' WHERE id = $1`, [gone]);
  await database.query(
    `INSERT INTO outbox (order_id, version, occurred_at) VALUES (gen_random_uuid(), 1, now() - interval '1 minute')`,
  );
  const none = { merchantId: null, orderId: null, endpointId: null };
  await bury(ledger, { kind: 'refund', dutyId: randomUUID(), ...none, error: 'No.', attempts: 9 });
  const books = { subject: 'pi_1', kind: 'amount', orderId: null, paymentId: null } as const;
  await keepDiscrepancy(ledger, { provider: 'stripe', ...books, ledgerSays: '1', providerSays: '2' }, new Date());
  await watch();
  assert.deepEqual(await open(), [
    'breaker-open all',
    'dead-letters refund',
    'error-rate all',
    'gate-drift all',
    'outbox-lag all',
    'payment-discrepancies stripe',
    `process-down ${gone}`,
  ]);

  await report(ledger, ill);
  await report(ledger, randomUUID());
  await database.query('DELETE FROM outbox');
  await database.query('DELETE FROM payment_discrepancies');
  await database.query(`UPDATE dead_letters SET status = 'resolved'`);
  assert.deepEqual(await countDeadLetters(ledger), []);
  await watch();
  assert.deepEqual(await open(), []);
});
