import { Counter, Gauge, Histogram, type Registry } from '@prometheus-io/client';
import { PLACING_BUCKETS } from './buckets.ts';
import { createKnownLabel } from './known-label.ts';

const BATCH_SIZE_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

const PLACED = ['placed', 'replayed'];

const REFUSED = [
  ...['sold-out', 'limit-reached', 'sale-not-open', 'unknown-sale', 'unknown-item', 'key-reused', 'in-progress'],
  ...['overloaded', 'deadline', 'unavailable', 'unknown', 'failed', 'other'],
];

const DEADLINES = ['hold-expired', 'settle-overdue', 'acceptance-overdue'];

export interface OrderMetrics {
  /** How an attempt to order ended: `placed`, `replayed`, or why not. */
  observePlacing(outcome: string, seconds: number): void;
  observeBatch(requests: number, seconds: number): void;
  observeDeadlines(deadline: string, orders: number): void;
}

/** Placing orders, and what becomes of those that nobody pays. */
export function createOrderMetrics(registry: Registry, read: { waitingOrders: () => number }): OrderMetrics {
  const registers = [registry];
  const outcomeOf = createKnownLabel([...PLACED, ...REFUSED]);
  const deadlineOf = createKnownLabel(DEADLINES);
  /** Plain numbers, because each request passes here. */
  const counts = new Map([...PLACED, ...REFUSED].map((outcome) => [outcome, 0]));

  new Counter({
    name: 'doorbuster_orders_placed_total',
    help: 'Orders that this process placed. Repeats of a placed order do not count.',
    registers,
    collect() {
      this.reset();
      this.inc(counts.get('placed') ?? 0);
    },
  });
  new Counter({
    name: 'doorbuster_orders_refused_total',
    help: `Requests to order that this process refused, by reason: ${REFUSED.join(', ')}. Those with 401, 429 or an invalid body stand in doorbuster_http_requests_total.`,
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const reason of REFUSED) this.inc({ reason }, counts.get(reason) ?? 0);
    },
  });
  const placing = new Histogram({
    name: 'doorbuster_placing_seconds',
    help: 'Time from a parsed order request to its outcome: placed, replayed, or the reason of its refusal.',
    labelNames: ['outcome'],
    buckets: PLACING_BUCKETS,
    registers,
  });
  const batchSize = new Histogram({
    name: 'doorbuster_batch_orders',
    help: 'Order requests that one transaction decided.',
    buckets: BATCH_SIZE_BUCKETS,
    registers,
  });
  const batchSeconds = new Histogram({
    name: 'doorbuster_batch_seconds',
    help: 'Time of one batch, from its start to its commit.',
    buckets: PLACING_BUCKETS,
    registers,
  });
  new Gauge({
    name: 'doorbuster_placing_waiting',
    help: 'Order requests that wait for a batch.',
    registers,
    collect() {
      this.set(read.waitingOrders());
    },
  });
  const overdue = new Counter({
    name: 'doorbuster_orders_overdue_total',
    help: `Orders whose deadline this process carried out: ${DEADLINES.join(', ')}.`,
    labelNames: ['deadline'],
    registers,
  });

  return {
    observePlacing(outcome, seconds) {
      const known = outcomeOf(outcome);
      counts.set(known, (counts.get(known) ?? 0) + 1);
      placing.observe({ outcome: known }, seconds);
    },
    observeBatch(requests, seconds) {
      batchSize.observe(requests);
      batchSeconds.observe(seconds);
    },
    observeDeadlines: (deadline, orders) => overdue.inc({ deadline: deadlineOf(deadline) }, orders),
  };
}
