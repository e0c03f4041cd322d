import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { PlaceOrder } from './actions/place-order.ts';
import { type Config, servesPublicMetrics } from './config/config.ts';
import type { RedisLink } from './gate/redis.ts';
import type { App } from './http/app.ts';
import { healthRoutes } from './http/routes/operations/health.ts';
import { metricsRoute } from './http/routes/operations/metrics.ts';
import { createServer } from './http/server.ts';
import type { Database } from './ledger/database.ts';
import { countDeadLetters } from './ledger/dead-letters.ts';
import type { Ledger } from './ledger/open-ledger.ts';
import { countOpenOrders } from './ledger/open-orders.ts';
import { readOutboxLag } from './ledger/outbox.ts';
import { countJobs } from './ledger/payment-jobs.ts';
import { ledgerAnswers } from './ledger/readiness.ts';
import { readItemStock } from './ledger/sale-statistics.ts';
import { createHealth, type Health } from './operations/health.ts';
import { createKeptReading } from './operations/kept-reading.ts';
import { ITEMS_MAX, type LedgerState } from './operations/metrics/ledger-state.ts';
import { createMetrics, type Metrics } from './operations/metrics.ts';
import type { Stopper } from './operations/stopper.ts';
import { VERSION } from './version.ts';
import { createHeartbeat } from './workers/heartbeat.ts';
import { createLoops, type Loops } from './workers/loop.ts';

/** What is looked at from outside: each part is filled in when it has started. */
interface Watched {
  ledger?: Ledger;
  placeOrder?: PlaceOrder;
  redis?: RedisLink | undefined;
  gate?: { dropped(): number } | undefined;
  tracing?: { dropped(): number };
  started?: true;
}

/** How the process is seen from outside. */
export interface Operations {
  readonly metrics: Metrics;
  readonly loops: Loops;
  readonly watched: Watched;
  /** Adds what the public port has of it. */
  addRoutes(app: App): void;
  /** Where the metrics are, if they are served; `url` is that of the public port. */
  metricsUrl(url: string): string | undefined;
}

/** How often the ledger is asked for what metrics and health show, at most, and how long they wait for it. */
const LEDGER_STATE_KEPT_MS = 1_000;
const LEDGER_STATE_TIMEOUT_MS = 1_000;

/** A probe sees a change of the ledger that late, at most. */
const READINESS_KEPT_MS = 100;
const READINESS_TIMEOUT_MS = 1_000;

/** Metrics and health, with a port of their own where one is configured: open first and closed last. */
export async function composeOperations(config: Config, log: Logger, stopper: Stopper): Promise<Operations> {
  const watched: Watched = {};
  const loops = createLoops(log);
  const ledgerState = createKeptReading(() => watchedDatabase(watched).withConnection(readLedgerState), {
    timeoutMs: LEDGER_STATE_TIMEOUT_MS,
    keptMs: LEDGER_STATE_KEPT_MS,
  });
  const metrics = createMetrics({
    build: { version: VERSION, role: config.ROLE },
    waitingOrders: () => watched.placeOrder?.waiting() ?? 0,
    databaseConnections: () => watched.ledger?.database.counts() ?? { total: 0, idle: 0, waiting: 0 },
    untold: () => watched.gate?.dropped() ?? 0,
    droppedSpans: () => watched.tracing?.dropped() ?? 0,
    duties: loops.reports,
    ledgerState,
  });
  const health = createHealth({
    role: config.ROLE,
    started: () => watched.started === true,
    ledgerAnswers: createKeptReading(() => ledgerAnswers(watchedDatabase(watched), READINESS_TIMEOUT_MS), {
      timeoutMs: READINESS_TIMEOUT_MS,
      keptMs: READINESS_KEPT_MS,
    }),
    outbox: async () => (await ledgerState())?.outbox,
    breaker: () => watched.redis?.state(),
    gateDriftUnits: metrics.gateDriftUnits,
    duties: loops.reports,
    accepting: () => !stopper.stopping(),
  });
  const apart =
    config.METRICS_PORT === undefined
      ? undefined
      : await listenApart(config, config.METRICS_PORT, { log, metrics, health }, stopper);
  return {
    metrics,
    loops,
    watched,
    addRoutes(app) {
      healthRoutes(app, health);
      if (servesPublicMetrics(config)) metricsRoute(app, { expose: metrics.expose, token: config.METRICS_TOKEN });
    },
    metricsUrl: (url) => ((apart ?? servesPublicMetrics(config)) ? `${apart ?? url}/metrics` : undefined),
  };
}

function watchedDatabase({ ledger }: Watched): Database {
  if (ledger === undefined) throw new Error('The ledger is not open yet.');
  return ledger.database;
}

async function listenApart(
  config: Config,
  port: number,
  { log, metrics, health }: { log: Logger; metrics: Metrics; health: Health },
  stopper: Stopper,
): Promise<string> {
  const app = await createServer({
    log,
    publicUrl: config.PUBLIC_URL ?? `http://${config.HOST}:${config.PORT}`,
    answerRetentionSeconds: config.IDEMPOTENCY_RETENTION_SECONDS,
    corsOrigins: [],
    observe: () => undefined,
    stopping: () => false,
  });
  healthRoutes(app, health);
  metricsRoute(app, { expose: metrics.expose, token: config.METRICS_TOKEN });
  const url = await app.listen({ host: config.METRICS_HOST, port });
  log.info({ url: `${url}/metrics` }, 'metrics and health have a port of their own');
  stopper.add('listener of metrics and health', () => app.close());
  return url;
}

/** One part that fails does not hide the others. All of it takes one connection. */
async function readLedgerState(db: Parameters<typeof readOutboxLag>[0]): Promise<LedgerState> {
  const [outbox, stock, openOrders, deadLetters, paymentJobs] = await Promise.allSettled([
    readOutboxLag(db),
    readItemStock(db, ITEMS_MAX),
    countOpenOrders(db),
    countDeadLetters(db),
    countJobs(db),
  ]);
  return {
    outbox: readOrNot(outbox),
    stock: readOrNot(stock),
    openOrders: readOrNot(openOrders),
    deadLetters: readOrNot(deadLetters),
    paymentJobs: readOrNot(paymentJobs),
  };
}

function readOrNot<Value>(settled: PromiseSettledResult<Value>): Value | undefined {
  return settled.status === 'fulfilled' ? settled.value : undefined;
}

/** Lets the other processes and the operator know of this one, from its start until its ledger is closed. */
export function startHeartbeat(
  config: Config,
  { metrics, loops, watched }: Operations,
  database: Database,
  stopper: Stopper,
): void {
  const heartbeat = createHeartbeat({
    database,
    process: { id: randomUUID(), role: config.ROLE, version: VERSION, startedAt: new Date() },
    totals: metrics.httpTotals,
    report: () => ({
      breaker: watched.redis?.state() ?? 'none',
      gateDriftUnits: metrics.gateDriftUnits(),
      waitingOrders: watched.placeOrder?.waiting() ?? 0,
      eventLoopLagMs: metrics.takeEventLoopLagMs(),
      duties: [...loops.reports()],
    }),
  });
  const loop = loops.add(heartbeat);
  loop.start();
  stopper.addAttempt('heartbeat', async () => {
    await loop.stop();
    await heartbeat.lastWord();
  });
}
