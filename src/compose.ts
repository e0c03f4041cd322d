import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createRefusalCounts, type RefusalCounts } from './actions/count-refusals.ts';
import { ensureOperator } from './actions/ensure-operator.ts';
import { makeDemoSale } from './actions/make-demo-sale.ts';
import { createPlaceOrder } from './actions/place-order.ts';
import { createStepOrders } from './actions/step-orders.ts';
import { composeAlerts } from './compose-alerts.ts';
import { composeLimits } from './compose-limits.ts';
import { composeOperations, startHeartbeat } from './compose-operations.ts';
import { composePayments } from './compose-payments.ts';
import { composeReads } from './compose-reads.ts';
import { composeRedis } from './compose-redis.ts';
import { addApiRoutes, addPaymentRoutes, type Parts } from './compose-routes.ts';
import { composeTracing } from './compose-tracing.ts';
import { composeWebhooks } from './compose-webhooks.ts';
import { startWorkers } from './compose-workers.ts';
import { type Config, drainMsOf } from './config/config.ts';
import type { RedisLink } from './gate/redis.ts';
import { createRedisStockGate } from './gate/redis-stock-gate.ts';
import type { StockGate } from './gate/stock-gate.ts';
import type { App } from './http/app.ts';
import { allowEventStreams } from './http/event-streams.ts';
import { describeRoutes } from './http/openapi.ts';
import { limitRates } from './http/rate-limits.ts';
import { apiReferenceRoutes } from './http/routes/documents/api-reference.ts';
import { errorPageRoutes } from './http/routes/documents/error-pages.ts';
import { runbookPageRoutes } from './http/routes/documents/runbook-pages.ts';
import { collectMethods, createServer } from './http/server.ts';
import { createFallbackIdempotencyStore } from './idempotency/fallback-idempotency-store.ts';
import type { IdempotencyStore } from './idempotency/idempotency-store.ts';
import { createInProcessIdempotencyStore } from './idempotency/in-process-idempotency-store.ts';
import { createRedisIdempotencyStore } from './idempotency/redis-idempotency-store.ts';
import { startEmbeddedPostgres } from './ledger/embedded-postgres.ts';
import { getLedgerId } from './ledger/ledger-id.ts';
import { measureDatabase } from './ledger/measured-database.ts';
import { type Ledger, openLedger } from './ledger/open-ledger.ts';
import type { Metrics } from './operations/metrics.ts';
import { hashPassword } from './operations/password.ts';
import { createStopper, type Stopper } from './operations/stopper.ts';
import type { Tracing } from './operations/tracing.ts';
import { VERSION } from './version.ts';
import { createGateReconciler } from './workers/gate-reconciler.ts';
import type { Loops } from './workers/loop.ts';
import { createRefusalCounter } from './workers/refusal-counter.ts';

/** A running engine. */
export interface Engine {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /** Where its metrics are, if they are served. */
  readonly metricsUrl: string | undefined;
  /** Resolves with the reason when the ledger is no longer this engine's to write to. */
  readonly lost: Promise<Error>;
  /**
   * Finishes what was accepted and stops everything in the reverse order of its start. May be called twice. Whether all
   * of it stopped cleanly.
   */
  stop(): Promise<boolean>;
}

/** And this much longer, before a reservation in the gate counts as leaked. */
const LEAK_MARGIN_MS = 2_000;

/** What the answers that this process remembers may take of its memory. */
const ANSWERS_BYTES_MAX = 32 * 1024 * 1024;

/** Puts the parts together by the configuration and starts them. What was started is stopped when a later part fails. */
export async function startEngine(config: Config, log: Logger, stopper = createStopper(log)): Promise<Engine> {
  try {
    return await start(config, log, stopper);
  } catch (error) {
    await stopper.stop();
    throw error;
  }
}

async function start(config: Config, log: Logger, stopper: Stopper): Promise<Engine> {
  const operations = await composeOperations(config, log, stopper);
  const { metrics, loops, watched } = operations;
  const tracing = await composeTracing(config, VERSION, log);
  stopper.add('traces', tracing.close);
  watched.tracing = tracing;
  const { ledger, lost } = await startLedger(config, metrics, log, stopper);
  watched.ledger = ledger;
  await prepareLedger(config, ledger, log);

  const redis = await composeRedis(config, log, metrics);
  watched.redis = redis;
  if (redis !== undefined) stopper.add('Redis', redis.close);
  // Its first word tells of Redis, too.
  startHeartbeat(config, operations, ledger.database, stopper);
  const ledgerId = await getLedgerId(ledger.database);
  const limits = composeLimits(config, redis && { redis, ledgerId });
  const gate =
    redis &&
    createRedisStockGate({
      redis,
      ledgerId,
      retentionSeconds: config.IDEMPOTENCY_RETENTION_SECONDS,
      onError: (error) => log.warn({ err: error }, 'the gate answered something unexpected'),
    });
  if (gate !== undefined) stopper.add('gate', gate.close);
  watched.gate = gate;
  stopper.addAttempt('events of the last steps', loops.runLast);
  const placeOrder = createPlaceOrder({
    database: ledger.placing,
    waitingMax: config.PLACING_QUEUE_MAX,
    deadlineMs: config.PLACING_DEADLINE_MS,
    observeBatch: metrics.observeBatch,
    gate,
    observeAdvice: metrics.observeAdvice,
    onSuspicion: () => reconcileGate(),
    tracing,
  });
  stopper.add('placing of orders', placeOrder.close);
  watched.placeOrder = placeOrder;
  const stepOrders = createStepOrders({
    database: ledger.placing,
    waitingMax: config.PLACING_QUEUE_MAX,
    deadlineMs: config.PLACING_DEADLINE_MS,
    tracing,
  });
  stopper.add('steps of orders', stepOrders.close);
  const reads = composeReads(config, { database: ledger.database, tracing });
  stopper.add('reads', reads.close);
  const store = createStore(config, redis, ledgerId);
  stopper.add('idempotency store', store.close);

  const app = await createApp(config, log, metrics, tracing, stopper);
  const payments = await composePayments(config, log, {
    database: ledger.database,
    stepOrders,
    metrics,
    publicUrl: () => app.publicUrl,
    tracing,
  });
  stopper.add('payment jobs', payments.settled);
  const alerts = composeAlerts(config, log, { database: ledger.database, metrics, publicUrl: () => app.publicUrl });
  stopper.add('notifications', alerts.settled);
  const webhooks = composeWebhooks(config, log, { database: ledger.database, metrics, loops, tracing });
  stopper.add('webhooks', webhooks.stop);
  if (config.ROLE !== 'api')
    startWorkers(config, { ledger, payments, alerts, webhooks, metrics, loops, tracing }, log, stopper);
  const reconcileGate = startGateReconciler(config, { ledger, gate, metrics, loops }, stopper);
  redis?.onAvailable(reconcileGate);
  const refusals = startRefusalCounts({ ledger, loops }, stopper);
  const url = await listen(
    app,
    config,
    { refusals, ledger, placeOrder, stepOrders, reads, store, payments, webhooks, limits, metrics, operations },
    stopper,
  );
  stopper.add('payment provider', payments.sandbox.close);
  if (config.ROLE !== 'worker' && drainMsOf(config) > 0) {
    stopper.add('serving until the proxies have noticed', () => pause(drainMsOf(config)));
  }
  watched.started = true;
  return { url, metricsUrl: operations.metricsUrl(url), lost, stop: stopper.stop };
}

/** Keeps the gate equal to the ledger, in every process that asks it. Gives what makes it look at once. */
function startGateReconciler(
  config: Config,
  {
    ledger,
    gate,
    metrics,
    loops,
  }: Pick<Parts, 'ledger' | 'metrics'> & { readonly gate: StockGate | undefined; readonly loops: Loops },
  stopper: Stopper,
): () => void {
  if (gate === undefined) return () => undefined;
  // An attempt waits for its batch, and the batch for the ledger, each at most so long.
  const leakedAfterMs = 2 * config.PLACING_DEADLINE_MS + LEAK_MARGIN_MS;
  const observe = metrics.observeGate;
  const loop = loops.add(createGateReconciler({ database: ledger.database, gate, leakedAfterMs, observe }));
  loop.start();
  stopper.add('gate-reconciler', loop.stop);
  return loop.hurry;
}

/** What this process refuses, told to the ledger once a second, and a last time when no more orders are taken. */
function startRefusalCounts(
  { ledger, loops }: Pick<Parts, 'ledger'> & { readonly loops: Loops },
  stopper: Stopper,
): RefusalCounts {
  const refusals = createRefusalCounts(ledger.database);
  const loop = loops.add(createRefusalCounter(refusals));
  loop.start();
  stopper.add('refusal-counter', loop.stop);
  return refusals;
}

/** The memory of keys: shared by all processes where there is Redis. */
function createStore(config: Config, redis: RedisLink | undefined, ledgerId: string): IdempotencyStore {
  const retentionMs = config.IDEMPOTENCY_RETENTION_SECONDS * 1_000;
  const own = createInProcessIdempotencyStore({ retentionMs, bytesMax: ANSWERS_BYTES_MAX });
  if (redis === undefined) return own;
  return createFallbackIdempotencyStore(createRedisIdempotencyStore({ redis, ledgerId, retentionMs }), own);
}

/** The user's own PostgreSQL, or one that the engine runs itself. */
async function startLedger(
  config: Config,
  metrics: Metrics,
  log: Logger,
  stopper: Stopper,
): Promise<{ ledger: Ledger; lost: Promise<Error> }> {
  const never = new Promise<Error>(() => undefined);
  const embedded =
    config.DATABASE_URL === undefined
      ? await startEmbeddedPostgres({
          dataDir: config.DATA_DIR,
          binaries: config.EMBEDDED_POSTGRES,
          log: (message, details) => log.info(details ?? {}, message),
        })
      : undefined;
  if (embedded !== undefined) stopper.add('embedded PostgreSQL', embedded.stop);

  const ledger = await openLedger({
    connection: embedded ? { ...embedded.connection, ssl: false } : { connectionString: config.DATABASE_URL ?? '' },
    poolSize: config.DATABASE_POOL_SIZE,
    onError: (error) => log.warn({ err: error }, 'a connection to the ledger broke and is replaced'),
    log: (message) => log.warn(message),
  });
  stopper.add('connections to the ledger', ledger.close);
  const measured = {
    ...ledger,
    database: measureDatabase(ledger.database, metrics.observeDatabase),
    placing: measureDatabase(ledger.placing, metrics.observeDatabase),
  };
  return { ledger: measured, lost: embedded?.lost ?? never };
}

async function prepareLedger(config: Config, { database }: Ledger, log: Logger): Promise<void> {
  const operator = { email: config.OPERATOR_EMAIL, password: config.OPERATOR_PASSWORD };
  if (await ensureOperator(database, hashPassword, operator))
    log.info({ email: operator.email }, 'made the first operator');
  if (config.NODE_ENV === 'development' && (await makeDemoSale(database))) log.info('made two demo sales');
}

/** The HTTP server, without its routes. */
function createApp(config: Config, log: Logger, metrics: Metrics, tracing: Tracing, stopper: Stopper): Promise<App> {
  return createServer({
    log,
    publicUrl: config.PUBLIC_URL ?? `http://${config.HOST}:${config.PORT}`,
    answerRetentionSeconds: config.IDEMPOTENCY_RETENTION_SECONDS,
    corsOrigins: config.CORS_ORIGINS ?? [],
    observe: metrics.observeHttp,
    stopping: stopper.stopping,
    traces: tracing.on ? { tracing, from: config.TRACE_FROM ?? [] } : undefined,
  });
}

/** Adds the routes and listens. Returns the address. */
async function listen(app: App, config: Config, parts: Parts, stopper: Stopper): Promise<string> {
  const addMethodsNotAllowed = collectMethods(app);
  await describeRoutes(app);
  limitRates(app, parts.limits.rateLimits);
  parts.operations.addRoutes(app);
  if (config.ROLE !== 'worker') {
    await apiReferenceRoutes(app);
    await errorPageRoutes(app);
    await runbookPageRoutes(app);
    await allowEventStreams(app);
    addApiRoutes(app, config, parts);
    await addPaymentRoutes(app, parts);
  }
  addMethodsNotAllowed();

  const url = await app.listen({ host: config.HOST, port: config.PORT });
  if (config.PUBLIC_URL === undefined) app.publicUrl = url;
  stopper.add('HTTP server', () => app.close());
  return url;
}
