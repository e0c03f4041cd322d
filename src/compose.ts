import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createCollectionCodes } from './actions/collection-code.ts';
import { createRefusalCounts, type RefusalCounts } from './actions/count-refusals.ts';
import { ensureOperator } from './actions/ensure-operator.ts';
import { createFindShopCustomer } from './actions/find-shop-customer.ts';
import { createLogIn, LOG_IN_LIMITS } from './actions/log-in.ts';
import { makeDemoSale } from './actions/make-demo-sale.ts';
import { createPlaceOrder, type PlaceOrder } from './actions/place-order.ts';
import { createStepOrders, type StepOrders } from './actions/step-orders.ts';
import { type Alerts, composeAlerts } from './compose-alerts.ts';
import { addDeadLetterRoutes } from './compose-dead-letters.ts';
import { composeLimits, type Limits } from './compose-limits.ts';
import { addLiveRoutes } from './compose-live.ts';
import { composeOperations, type Operations, startHeartbeat } from './compose-operations.ts';
import { composeOutsideTokens } from './compose-outside-tokens.ts';
import { composePayments, type Payments } from './compose-payments.ts';
import { composeRedis } from './compose-redis.ts';
import { composeRetention } from './compose-retention.ts';
import { composeTracing } from './compose-tracing.ts';
import { composeWebhooks, type Webhooks } from './compose-webhooks.ts';
import { type Config, drainMsOf } from './config.ts';
import type { Deadline } from './domain/pass-deadline.ts';
import type { RedisLink } from './gate/redis.ts';
import { createRedisStockGate } from './gate/redis-stock-gate.ts';
import type { StockGate } from './gate/stock-gate.ts';
import { createAccessTokens } from './http/access-tokens.ts';
import { createFindApiKey } from './http/api-keys.ts';
import type { App } from './http/app.ts';
import { createAuthenticate, requireCaller } from './http/authentication.ts';
import { allowEventStreams } from './http/event-streams.ts';
import { describeRoutes, VERSION } from './http/openapi.ts';
import { limitRates } from './http/rate-limits.ts';
import { eraseAccountRoute } from './http/routes/accounts/erase-account.ts';
import { getOwnAccountRoute } from './http/routes/accounts/get-own-account.ts';
import { logInRoute } from './http/routes/accounts/log-in.ts';
import { registerRoute } from './http/routes/accounts/register.ts';
import { changeStockRoute } from './http/routes/admin/change-stock.ts';
import { createAccountRoute } from './http/routes/admin/create-account.ts';
import { listAccountsRoute } from './http/routes/admin/list-accounts.ts';
import { listAuditLogRoute } from './http/routes/admin/list-audit-log.ts';
import { listDiscrepanciesRoute } from './http/routes/admin/list-discrepancies.ts';
import { listIncidentsRoute } from './http/routes/admin/list-incidents.ts';
import { makeTestBuyersRoute } from './http/routes/admin/make-test-buyers.ts';
import { apiReferenceRoutes } from './http/routes/documents/api-reference.ts';
import { errorPageRoutes } from './http/routes/documents/error-pages.ts';
import { runbookPageRoutes } from './http/routes/documents/runbook-pages.ts';
import { addMemberRoute } from './http/routes/merchants/add-member.ts';
import { createApiKeyRoute } from './http/routes/merchants/create-api-key.ts';
import { createMerchantRoute } from './http/routes/merchants/create-merchant.ts';
import { eraseCustomerRoute } from './http/routes/merchants/erase-customer.ts';
import { listApiKeysRoute } from './http/routes/merchants/list-api-keys.ts';
import { listMembersRoute } from './http/routes/merchants/list-members.ts';
import { listMerchantsRoute } from './http/routes/merchants/list-merchants.ts';
import { removeMemberRoute } from './http/routes/merchants/remove-member.ts';
import { revokeApiKeyRoute } from './http/routes/merchants/revoke-api-key.ts';
import { acceptOrderRoute } from './http/routes/orders/accept-order.ts';
import { cancelOrderRoute } from './http/routes/orders/cancel-order.ts';
import { deliverOrderRoute } from './http/routes/orders/deliver-order.ts';
import { exportOrdersRoute } from './http/routes/orders/export-orders.ts';
import { fulfillOrderRoute } from './http/routes/orders/fulfill-order.ts';
import { getCollectionCodeRoute } from './http/routes/orders/get-collection-code.ts';
import { getOrderRoute } from './http/routes/orders/get-order.ts';
import { listOrdersRoute } from './http/routes/orders/list-orders.ts';
import { payOrderRoute } from './http/routes/orders/pay-order.ts';
import { pickUpOrderRoute } from './http/routes/orders/pick-up-order.ts';
import { placeOrderRoute } from './http/routes/orders/place-order.ts';
import { prepareOrderRoute } from './http/routes/orders/prepare-order.ts';
import { refundOrderRoute } from './http/routes/orders/refund-order.ts';
import { reinstateOrderRoute } from './http/routes/orders/reinstate-order.ts';
import { rejectOrderRoute } from './http/routes/orders/reject-order.ts';
import { receiveWebhookRoute } from './http/routes/payments/receive-webhook.ts';
import { addItemRoute } from './http/routes/sales/add-item.ts';
import { changeItemRoute } from './http/routes/sales/change-item.ts';
import { changeSaleRoute } from './http/routes/sales/change-sale.ts';
import { createSaleRoute } from './http/routes/sales/create-sale.ts';
import { getItemRoute } from './http/routes/sales/get-item.ts';
import { getSaleRoute } from './http/routes/sales/get-sale.ts';
import { listSalesRoute } from './http/routes/sales/list-sales.ts';
import { pauseSaleRoute } from './http/routes/sales/pause-sale.ts';
import { resumeSaleRoute } from './http/routes/sales/resume-sale.ts';
import { answerAuthenticationRoute } from './http/routes/sandbox/answer-authentication.ts';
import { showAuthenticationRoute } from './http/routes/sandbox/show-authentication.ts';
import { collectMethods, createServer } from './http/server.ts';
import { createFallbackIdempotencyStore } from './idempotency/fallback-idempotency-store.ts';
import type { IdempotencyStore } from './idempotency/idempotency-store.ts';
import { createInProcessIdempotencyStore } from './idempotency/in-process-idempotency-store.ts';
import { createRedisIdempotencyStore } from './idempotency/redis-idempotency-store.ts';
import { startEmbeddedPostgres } from './ledger/embedded-postgres.ts';
import { getLedgerId } from './ledger/ledger-id.ts';
import { measureDatabase } from './ledger/measured-database.ts';
import { type Ledger, openLedger } from './ledger/open-ledger.ts';
import { insertDeliveries } from './ledger/webhook-deliveries.ts';
import type { Metrics } from './operations/metrics.ts';
import { hashPassword, verifyPassword } from './operations/password.ts';
import { createStopper, type Stopper } from './operations/stopper.ts';
import type { Tracing } from './operations/tracing.ts';
import { createAnswerSweeper } from './workers/answer-sweeper.ts';
import { createDeadlineSweeper } from './workers/deadline-sweeper.ts';
import { createGateReconciler } from './workers/gate-reconciler.ts';
import type { Duty, Loops } from './workers/loop.ts';
import { createOutboxRelay } from './workers/outbox-relay.ts';
import { createRedriver } from './workers/redriver.ts';
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

/** How long past the pin's limit, and past the provider's time-out, the stock of an open payment may be held. */
const SETTLE_GRACE_MS = 5_000;

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
  startHeartbeat(config, operations, ledger.database, stopper);

  const redis = await composeRedis(config, log, metrics);
  watched.redis = redis;
  if (redis !== undefined) stopper.add('Redis', redis.close);
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
  const store = createStore(config, redis, ledgerId);
  stopper.add('idempotency store', store.close);

  const app = await createApp(config, log, metrics, tracing, stopper);
  const payments = composePayments(config, log, {
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
    { refusals, ledger, placeOrder, stepOrders, store, payments, alerts, webhooks, limits, metrics, loops, operations },
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
  }: Pick<Parts, 'ledger' | 'metrics' | 'loops'> & { readonly gate: StockGate | undefined },
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
function startRefusalCounts({ ledger, loops }: Pick<Parts, 'ledger' | 'loops'>, stopper: Stopper): RefusalCounts {
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

function startWorkers(
  config: Config,
  {
    ledger,
    payments,
    alerts,
    webhooks,
    metrics,
    loops,
    tracing,
  }: Pick<Parts, 'ledger' | 'payments' | 'alerts' | 'webhooks' | 'metrics' | 'loops'> & {
    readonly tracing: Tracing;
  },
  log: Logger,
  stopper: Stopper,
): void {
  const { database, placing } = ledger;
  const duties = [
    sweeper('hold-expired', 0),
    sweeper('acceptance-overdue', 0),
    // The provider is told first; then the stock waits no longer, whatever the provider does.
    sweeper('settle-overdue', config.PAYMENT_TIMEOUT_MS + SETTLE_GRACE_MS),
    createAnswerSweeper({ database, retentionSeconds: config.IDEMPOTENCY_RETENTION_SECONDS }),
    createRedriver({ database, schedule: config.DEAD_LETTER_REDRIVE_SECONDS }),
    composeRetention(config, database),
    createOutboxRelay({ database, makeDeliveries: insertDeliveries, observe: published, tracing }),
    ...payments.duties,
    ...alerts.duties,
  ];
  const started = duties.map((duty) => loops.add(duty));
  for (const loop of started) loop.start();
  // All at once: a long one must not keep the others working.
  stopper.add('background duties', () => Promise.all(started.map((loop) => loop.stop())));

  function published(events: number): void {
    metrics.observePublished(events);
    webhooks.hurry();
  }

  function sweeper(deadline: Deadline, graceMs: number): Duty {
    return createDeadlineSweeper({
      database: placing,
      deadline,
      graceMs,
      observe({ passed, failures }) {
        metrics.observeDeadlines(deadline, passed);
        for (const { error } of failures) log.error({ err: error, deadline }, 'an overdue order could not be changed');
      },
    });
  }
}

interface Parts {
  readonly ledger: Ledger;
  readonly placeOrder: PlaceOrder;
  readonly stepOrders: StepOrders;
  readonly store: IdempotencyStore;
  readonly payments: Payments;
  readonly alerts: Alerts;
  readonly webhooks: Webhooks;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly loops: Loops;
  readonly operations: Operations;
  readonly refusals: RefusalCounts;
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

/** What payment providers and their customers call. */
async function addPaymentRoutes(app: App, { ledger, payments }: Parts): Promise<void> {
  const { providers, sandbox } = payments;
  await receiveWebhookRoute(app, { database: ledger.database, findProvider: providers.byName });
  showAuthenticationRoute(app, { sandbox });
  await answerAuthenticationRoute(app, { sandbox });
}

/** The API, as its table of contents. */
function addApiRoutes(app: App, config: Config, parts: Parts): void {
  const { ledger, placeOrder, stepOrders, store, payments, limits, metrics } = parts;
  const { database } = ledger;
  const tokens = createAccessTokens({
    keys: config.TOKEN_KEYS,
    issuer: config.TOKEN_ISSUER,
    audience: config.TOKEN_AUDIENCE,
    ttlSeconds: config.TOKEN_TTL_SECONDS,
  });
  const outside = composeOutsideTokens(config, app.log);
  const authenticate = createAuthenticate({ tokens, findApiKey: createFindApiKey(database), outside });
  const authenticated = requireCaller(authenticate);

  registerRoute(app, { database, hashPassword });
  logInRoute(app, {
    logIn: createLogIn(database, verifyPassword, LOG_IN_LIMITS, limits.createFailureCounter),
    tokens,
    clientAddressOf: limits.rateLimits.clientAddressOf,
  });
  getOwnAccountRoute(app, { authenticated, database });
  eraseAccountRoute(app, { authenticated, database });

  createMerchantRoute(app, { authenticated, database });
  listMerchantsRoute(app, { authenticated, database });
  addMemberRoute(app, { authenticated, database });
  listMembersRoute(app, { authenticated, database });
  removeMemberRoute(app, { authenticated, database });
  createApiKeyRoute(app, { authenticated, database });
  listApiKeysRoute(app, { authenticated, database });
  revokeApiKeyRoute(app, { authenticated, database });
  eraseCustomerRoute(app, { authenticated, database });
  parts.webhooks.addRoutes(app, authenticated);

  createSaleRoute(app, { authenticated, database });
  listSalesRoute(app, { authenticated, database });
  getSaleRoute(app, { database });
  changeSaleRoute(app, { authenticated, database });
  pauseSaleRoute(app, { authenticated, database });
  resumeSaleRoute(app, { authenticated, database });
  addItemRoute(app, { authenticated, database });
  getItemRoute(app, { database });
  changeItemRoute(app, { authenticated, database });

  placeOrderRoute(app, {
    authenticated,
    placeOrder,
    findShopCustomer: createFindShopCustomer(database),
    observe: metrics.observePlacing,
    countRefusal: parts.refusals.count,
  });
  getOrderRoute(app, { authenticated, database });
  listOrdersRoute(app, { authenticated, database });
  exportOrdersRoute(app, { authenticated, database });
  addLiveRoutes(app, { authenticate, authenticated, database });

  const steps = { authenticated, database, store, stepOrders };
  const collectionCode = createCollectionCodes(database);
  const handovers = { ...steps, collectionCode };
  getCollectionCodeRoute(app, { authenticated, database, collectionCode });
  payOrderRoute(app, { authenticated, database, store, payOrder: payments.payOrder });
  acceptOrderRoute(app, steps);
  rejectOrderRoute(app, steps);
  prepareOrderRoute(app, steps);
  pickUpOrderRoute(app, handovers);
  deliverOrderRoute(app, handovers);
  fulfillOrderRoute(app, handovers);
  cancelOrderRoute(app, steps);
  refundOrderRoute(app, steps);
  reinstateOrderRoute(app, steps);

  createAccountRoute(app, { authenticated, database, hashPassword });
  listAccountsRoute(app, { authenticated, database });
  changeStockRoute(app, { authenticated, database });
  listDiscrepanciesRoute(app, { authenticated, database });
  addDeadLetterRoutes(app, { authenticated, database, schedule: config.DEAD_LETTER_REDRIVE_SECONDS });
  listAuditLogRoute(app, { authenticated, database });
  listIncidentsRoute(app, { authenticated, database });
  makeTestBuyersRoute(app, { authenticated, database, signToken: tokens.sign });
}
