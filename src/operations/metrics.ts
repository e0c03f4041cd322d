import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client';

/** Seconds; from a refusal out of memory to a ledger in trouble. */
const PLACING_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const BATCH_SIZE_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

const BREAKER_STATES = ['closed', 'open', 'half-open'];

export interface Metrics {
  observePlacing(outcome: string, seconds: number): void;
  observeBatch(requests: number, seconds: number): void;
  observeDeadlines(deadline: string, orders: number): void;
  /** What the gate advised: answered, refuse, reserved, unknown, or away. */
  observeAdvice(advice: string): void;
  observeGate(compared: { driftUnits: number; repaired: number; leaked: number; open: number }): void;
  /** The state of the breaker before Redis: closed, open or half-open. */
  observeBreaker(state: string): void;
  observeDiscrepancies(provider: string, discrepancies: number): void;
  observeHttp(method: string, route: string, status: number, seconds: number): void;
  /** Everything in Prometheus' text format. */
  expose(): Promise<{ contentType: string; text: string }>;
}

/** The metrics of this process. Gauges are read when they are asked for. */
export function createMetrics(read: {
  waitingOrders: () => number;
  databaseConnections: () => { total: number; idle: number; waiting: number };
  paymentJobs: () => Promise<{ due: number; failed: number }>;
  /** Ends of attempts that the gate was never told. */
  untold: () => number;
}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const placing = new Histogram({
    name: 'doorbuster_placing_seconds',
    help: 'Time from a parsed order request to its outcome, by outcome (placed, replayed, sold-out, ...).',
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
  const overdue = new Counter({
    name: 'doorbuster_orders_overdue_total',
    help: 'Orders whose deadline this process carried out: hold-expired, settle-overdue, acceptance-overdue.',
    labelNames: ['deadline'],
    registers,
  });
  const advice = new Counter({
    name: 'doorbuster_gate_advice_total',
    help: 'Advice of the gate on attempts to order: answered, refuse, reserved, unknown, or away.',
    labelNames: ['advice'],
    registers,
  });
  const gateDrift = new Gauge({
    name: 'doorbuster_gate_drift_units',
    help: 'Units by which the gate differed from the ledger at the last comparison of this process.',
    registers,
  });
  const gateOpen = new Gauge({
    name: 'doorbuster_gate_open_reservations',
    help: 'Reservations in the gate whose attempts had not ended at the last comparison of this process.',
    registers,
  });
  const gateRepairs = new Counter({
    name: 'doorbuster_gate_repairs_total',
    help: 'What this process repaired in the gate: stock of items, and reservations that nobody had given back.',
    labelNames: ['what'],
    registers,
  });
  const breaker = new Gauge({
    name: 'doorbuster_redis_breaker',
    help: 'The state of the breaker before Redis: 1 for the state it is in. Absent without Redis.',
    labelNames: ['state'],
    registers,
  });
  const discrepancies = new Gauge({
    name: 'doorbuster_payment_discrepancies',
    help: "Differences between a payment provider's books and the ledger's, at the last comparison of this process.",
    labelNames: ['provider'],
    registers,
  });
  const http = new Histogram({
    name: 'doorbuster_http_request_seconds',
    help: 'Time of HTTP requests by method, route and status, without those in doorbuster_placing_seconds.',
    labelNames: ['method', 'route', 'status'],
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
  new Gauge({
    name: 'doorbuster_database_connections',
    help: 'Connections of the pool by state, and requests that wait for one.',
    labelNames: ['state'],
    registers,
    collect() {
      const { total, idle, waiting } = read.databaseConnections();
      this.set({ state: 'busy' }, total - idle);
      this.set({ state: 'idle' }, idle);
      this.set({ state: 'waiting' }, waiting);
    },
  });

  new Counter({
    name: 'doorbuster_gate_untold_total',
    help: 'Ends of attempts that the gate was not told, because there were too many at once or Redis was away.',
    registers,
    collect() {
      this.reset();
      this.inc(read.untold());
    },
  });
  new Gauge({
    name: 'doorbuster_payment_jobs',
    help: 'Captures, voids, refunds and questions to payment providers that are due now, and such as wait for a person.',
    labelNames: ['status'],
    registers,
    async collect() {
      // While the ledger is away the other metrics are still wanted.
      const jobs = await read.paymentJobs().catch(() => undefined);
      this.reset();
      if (jobs === undefined) return;
      this.set({ status: 'due' }, jobs.due);
      this.set({ status: 'failed' }, jobs.failed);
    },
  });

  return {
    observePlacing: (outcome, seconds) => placing.observe({ outcome }, seconds),
    observeBatch(requests, seconds) {
      batchSize.observe(requests);
      batchSeconds.observe(seconds);
    },
    observeDeadlines: (deadline, orders) => overdue.inc({ deadline }, orders),
    observeAdvice: (outcome) => advice.inc({ advice: outcome }),
    observeGate({ driftUnits, repaired, leaked, open }) {
      gateDrift.set(driftUnits);
      gateOpen.set(open);
      gateRepairs.inc({ what: 'stock' }, repaired);
      gateRepairs.inc({ what: 'reservation' }, leaked);
    },
    observeBreaker(state) {
      for (const each of BREAKER_STATES) breaker.set({ state: each }, each === state ? 1 : 0);
    },
    observeDiscrepancies: (provider, count) => discrepancies.set({ provider }, count),
    observeHttp: (method, route, status, seconds) => http.observe({ method, route, status }, seconds),
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
