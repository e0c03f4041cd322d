import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { checkMetrics } from '../../test/support/prometheus.ts';
import type { LedgerState } from './metrics/ledger-state.ts';
import { createMetrics, type MetricSources } from './metrics.ts';

const STATE: LedgerState = {
  outbox: { events: 4, oldestSeconds: 2.5 },
  stock: [{ saleId: 's', itemId: 'i', open: true, capacity: 10, available: 5, held: 3, sold: 2 }],
  openOrders: [{ status: 'pending_payment', orders: 3 }],
  deadLetters: [{ kind: 'webhook', letters: 1 }],
  paymentJobs: { due: 1, failed: 0 },
};

const metricsOf = (own: Partial<MetricSources> = {}) =>
  createMetrics({
    build: { version: '1.2.3', role: 'all' },
    waitingOrders: () => 0,
    databaseConnections: () => ({ total: 3, idle: 1, waiting: 0 }),
    untold: () => 0,
    droppedSpans: () => 0,
    duties: () => [{ name: 'sweeper', lastSuccessAt: '2026-01-01T00:00:00.000Z', failing: true }],
    ledgerState: async () => STATE,
    ...own,
  });

/** The series of the engine's own. */
const seriesOf = (text: string) => text.split('\n').filter((line) => line.startsWith('doorbuster_'));

test('each part of the ledger is a gauge, and one that could not be read is absent', async () => {
  const { text } = await metricsOf().expose();
  for (const line of [
    'doorbuster_item_units{sale="s",item="i",state="available"} 5',
    'doorbuster_item_units{sale="s",item="i",state="held"} 3',
    'doorbuster_item_units{sale="s",item="i",state="sold"} 2',
    'doorbuster_item_capacity_units{sale="s",item="i"} 10',
    'doorbuster_sale_open{sale="s"} 1',
    'doorbuster_open_orders{status="pending_payment"} 3',
    'doorbuster_outbox_events 4',
    'doorbuster_outbox_oldest_seconds 2.5',
    'doorbuster_dead_letters{kind="webhook"} 1',
    `doorbuster_build_info{version="1.2.3",role="all",node="${process.versions.node}"} 1`,
    'doorbuster_duty_last_success_timestamp_seconds{duty="sweeper"} 1767225600',
    'doorbuster_duty_failing{duty="sweeper"} 1',
  ]) {
    assert.ok(text.split('\n').includes(line), line);
  }
  for (const state of [undefined, { ...STATE, outbox: undefined, stock: undefined }]) {
    const away = seriesOf((await metricsOf({ ledgerState: async () => state }).expose()).text);
    assert.equal(
      away.find((line) => /^doorbuster_(outbox_(events|oldest)|item_)/.test(line)),
      undefined,
    );
  }
});

test('what is gone from the ledger is gone from the metrics, and no more than 200 items have any', async () => {
  let items = 1_000;
  const stock = () =>
    Array.from({ length: items }, (_, index) => ({ ...STATE.stock?.[0], saleId: 's', itemId: `i${index}` })) as never;
  const metrics = metricsOf({ ledgerState: async () => ({ ...STATE, stock: stock() }) });
  const itemsIn = async () =>
    seriesOf((await metrics.expose()).text).filter((line) => line.startsWith('doorbuster_item_capacity_units')).length;
  assert.equal(await itemsIn(), 200);
  items = 3;
  assert.equal(await itemsIn(), 3);
});

test('whatever is made up as a route, a method, a reason or a provider, the number of series stays', async () => {
  const metrics = metricsOf();
  function flood(times: number): void {
    for (let count = 0; count < times; count += 1) {
      const made = randomUUID();
      metrics.observePlacing(made, 0.01);
      metrics.observeDeadlines(made, 1);
      metrics.observeAdvice(made);
      metrics.observePaymentCall(made, made, made, 0.1);
      metrics.observeDiscrepancies(made, 1);
      metrics.observeDelivery(made as 'failed', 0.1);
      metrics.observeIncidents(made, 1);
      metrics.observeHttp(made, made, 200 + (count % 5), 0.1);
      metrics.observeHttp('GET', made, 404, 0.1);
      metrics.observeBreaker(made);
    }
  }
  flood(1_000);
  const series = seriesOf((await metrics.expose()).text).length;
  flood(10_000);
  assert.equal(seriesOf((await metrics.expose()).text).length, series);
  assert.ok(series < 10_000, `${series}`);
});

test('orders are counted by outcome: placed once, repeats apart, refusals by reason', async () => {
  const metrics = metricsOf();
  for (const outcome of ['placed', 'placed', 'replayed', 'sold-out', 'sold-out', 'sold-out', 'limit-reached']) {
    metrics.observePlacing(outcome, 0.002);
  }
  const lines = seriesOf((await metrics.expose()).text);
  for (const line of [
    'doorbuster_orders_placed_total 2',
    'doorbuster_orders_refused_total{reason="sold-out"} 3',
    'doorbuster_orders_refused_total{reason="limit-reached"} 1',
    'doorbuster_orders_refused_total{reason="overloaded"} 0',
    'doorbuster_placing_seconds_count{outcome="placed"} 2',
  ]) {
    assert.ok(lines.includes(line), line);
  }
});

test('requests are counted for the heartbeat, errors among them', () => {
  const metrics = metricsOf();
  for (const status of [200, 201, 404, 500, 503]) metrics.observeHttp('GET', '/x', status, 0.1);
  assert.deepEqual(metrics.httpTotals(), { requests: 5, errors: 2 });
});

test('promtool finds no fault, with all metrics in use', async () => {
  const metrics = metricsOf();
  metrics.observePlacing('placed', 0.002);
  metrics.observeBatch(3, 0.002);
  metrics.observeDeadlines('hold-expired', 1);
  metrics.observeAdvice('reserved');
  metrics.observeGate({ driftUnits: 1, repaired: 1, leaked: 0, open: 2 });
  metrics.observeBreaker('closed');
  metrics.observeRedisCall(true, 0.001);
  metrics.observeDatabase('statement', 0.001);
  metrics.observePaymentCall('sandbox', 'charge', 'captured', 0.1);
  metrics.observeDiscrepancies('sandbox', 0);
  metrics.observePublished(3);
  metrics.observeDelivery('delivered', 0.1);
  metrics.observeIncidents('stock-low', 1);
  metrics.observeHttp('GET', '/x', 200, 0.1);
  assert.deepEqual(checkMetrics((await metrics.expose()).text), []);
});

test('an order costs the metrics a fraction of a microsecond, on a busy machine a few', () => {
  const metrics = metricsOf();
  const orders = 200_000;
  const observe = (count: number) => {
    for (let order = 0; order < count; order += 1) {
      metrics.observePlacing('placed', order / orders);
      metrics.observeHttp('POST', '/api/v1/orders', 201, undefined);
      if (order % 10 === 0) {
        metrics.observeBatch(10, 0.001);
        metrics.observeDatabase('connect', 0.001);
      }
    }
  };
  observe(orders);
  const before = process.cpuUsage();
  observe(orders);
  const { user, system } = process.cpuUsage(before);
  const microseconds = (user + system) / orders;
  assert.ok(microseconds < 5, `${microseconds} µs`);
});
