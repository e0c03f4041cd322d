import type { Logger } from 'pino';
import { createCollectionCodes } from './actions/collection-code.ts';
import { ensureOperator } from './actions/ensure-operator.ts';
import { createFindShopCustomer } from './actions/find-shop-customer.ts';
import { createLogIn, LOG_IN_LIMITS } from './actions/log-in.ts';
import { makeDemoSale } from './actions/make-demo-sale.ts';
import { createPlaceOrder, type PlaceOrder } from './actions/place-order.ts';
import { createStepOrders, type StepOrders } from './actions/step-orders.ts';
import { composeLimits, type Limits } from './compose-limits.ts';
import { composeOutsideTokens } from './compose-outside-tokens.ts';
import { composePayments, type Payments } from './compose-payments.ts';
import { composeRedis } from './compose-redis.ts';
import type { Config } from './config.ts';
import type { Deadline } from './domain/pass-deadline.ts';
import type { RedisLink } from './gate/redis.ts';
import { createRedisStockGate } from './gate/redis-stock-gate.ts';
import type { StockGate } from './gate/stock-gate.ts';
import { createAccessTokens } from './http/access-tokens.ts';
import { createFindApiKey } from './http/api-keys.ts';
import type { App } from './http/app.ts';
import { createAuthenticate, requireCaller } from './http/authentication.ts';
import { describeRoutes } from './http/openapi.ts';
import { limitRates } from './http/rate-limits.ts';
import { eraseAccountRoute } from './http/routes/accounts/erase-account.ts';
import { getOwnAccountRoute } from './http/routes/accounts/get-own-account.ts';
import { logInRoute } from './http/routes/accounts/log-in.ts';
import { registerRoute } from './http/routes/accounts/register.ts';
import { changeStockRoute } from './http/routes/admin/change-stock.ts';
import { createAccountRoute } from './http/routes/admin/create-account.ts';
import { listAccountsRoute } from './http/routes/admin/list-accounts.ts';
import { listDiscrepanciesRoute } from './http/routes/admin/list-discrepancies.ts';
import { makeTestBuyersRoute } from './http/routes/admin/make-test-buyers.ts';
import { apiReferenceRoutes } from './http/routes/documents/api-reference.ts';
import { errorPageRoutes } from './http/routes/documents/error-pages.ts';
import { addMemberRoute } from './http/routes/merchants/add-member.ts';
import { createApiKeyRoute } from './http/routes/merchants/create-api-key.ts';
import { createMerchantRoute } from './http/routes/merchants/create-merchant.ts';
import { eraseCustomerRoute } from './http/routes/merchants/erase-customer.ts';
import { listApiKeysRoute } from './http/routes/merchants/list-api-keys.ts';
import { listMembersRoute } from './http/routes/merchants/list-members.ts';
import { listMerchantsRoute } from './http/routes/merchants/list-merchants.ts';
import { removeMemberRoute } from './http/routes/merchants/remove-member.ts';
import { revokeApiKeyRoute } from './http/routes/merchants/revoke-api-key.ts';
import { healthRoutes } from './http/routes/operations/health.ts';
import { metricsRoute } from './http/routes/operations/metrics.ts';
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
import { type Ledger, openLedger } from './ledger/open-ledger.ts';
import { countJobs } from './ledger/payment-jobs.ts';
import { ledgerAnswers } from './ledger/readiness.ts';
import { createMetrics, type Metrics } from './operations/metrics.ts';
import { hashPassword, verifyPassword } from './operations/password.ts';
import { createStopper, type Stopper } from './operations/stopper.ts';
import { createAnswerSweeper } from './workers/answer-sweeper.ts';
import { createDeadlineSweeper } from './workers/deadline-sweeper.ts';
import { createGateReconciler } from './workers/gate-reconciler.ts';
import { createLoop, type Duty } from './workers/loop.ts';

/** A running engine. */
export interface Engine {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /** Resolves with the reason when the ledger is no longer this engine's to write to. */
  readonly lost: Promise<Error>;
  /** Finishes what was accepted and stops everything in the reverse order of its start. May be called twice. */
  stop(): Promise<void>;
}

/** How long past the pin's limit, and past the provider's time-out, the stock of an open payment may be held. */
const SETTLE_GRACE_MS = 5_000;

/** And this much longer, before a reservation in the gate counts as leaked. */
const LEAK_MARGIN_MS = 2_000;

/** What the answers that this process remembers may take of its memory. */
const ANSWERS_BYTES_MAX = 32 * 1024 * 1024;

/** How long a readiness check waits for the ledger. */
const READINESS_TIMEOUT_MS = 1_000;

/** Puts the parts together by the configuration and starts them. What was started is stopped when a later part fails. */
export async function startEngine(config: Config, log: Logger): Promise<Engine> {
  const stopper = createStopper(log);
  try {
    return await start(config, log, stopper);
  } catch (error) {
    await stopper.stop();
    throw error;
  }
}

async function start(config: Config, log: Logger, stopper: Stopper): Promise<Engine> {
  const { ledger, lost } = await startLedger(config, log, stopper);
  await prepareLedger(config, ledger, log);

  const metrics = createMetrics({
    waitingOrders: () => placeOrder.waiting(),
    databaseConnections: ledger.database.counts,
    paymentJobs: () => countJobs(ledger.database),
    untold: () => gate?.dropped() ?? 0,
  });
  const redis = await composeRedis(config, log, metrics);
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
  const placeOrder = createPlaceOrder({
    database: ledger.placing,
    waitingMax: config.PLACING_QUEUE_MAX,
    deadlineMs: config.PLACING_DEADLINE_MS,
    observeBatch: metrics.observeBatch,
    gate,
    observeAdvice: metrics.observeAdvice,
    onSuspicion: () => reconcileGate(),
  });
  stopper.add('placing of orders', placeOrder.close);
  const stepOrders = createStepOrders({
    database: ledger.placing,
    waitingMax: config.PLACING_QUEUE_MAX,
    deadlineMs: config.PLACING_DEADLINE_MS,
  });
  stopper.add('steps of orders', stepOrders.close);
  const store = createStore(config, redis, ledgerId);
  stopper.add('idempotency store', store.close);

  const app = await createApp(config, log, metrics, stopper);
  const payments = composePayments(config, log, {
    database: ledger.database,
    stepOrders,
    metrics,
    publicUrl: () => app.publicUrl,
  });
  stopper.add('payment jobs', payments.settled);
  if (config.ROLE !== 'api') startWorkers(config, { ledger, payments, metrics }, log, stopper);
  const reconcileGate = startGateReconciler(config, { ledger, gate, metrics }, log, stopper);
  redis?.onAvailable(reconcileGate);
  const url = await listen(
    app,
    config,
    { ledger, placeOrder, stepOrders, store, payments, limits, redis, metrics },
    stopper,
  );
  stopper.add('payment provider', payments.sandbox.close);
  return { url, lost, stop: stopper.stop };
}

/** Keeps the gate equal to the ledger, in every process that asks it. Gives what makes it look at once. */
function startGateReconciler(
  config: Config,
  { ledger, gate, metrics }: Pick<Parts, 'ledger' | 'metrics'> & { readonly gate: StockGate | undefined },
  log: Logger,
  stopper: Stopper,
): () => void {
  if (gate === undefined) return () => undefined;
  // An attempt waits for its batch, and the batch for the ledger, each at most so long.
  const leakedAfterMs = 2 * config.PLACING_DEADLINE_MS + LEAK_MARGIN_MS;
  const observe = metrics.observeGate;
  const loop = createLoop(createGateReconciler({ database: ledger.database, gate, leakedAfterMs, observe }), log);
  loop.start();
  stopper.add('gate-reconciler', loop.stop);
  return loop.hurry;
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
  return { ledger, lost: embedded?.lost ?? never };
}

async function prepareLedger(config: Config, { database }: Ledger, log: Logger): Promise<void> {
  const operator = { email: config.OPERATOR_EMAIL, password: config.OPERATOR_PASSWORD };
  if (await ensureOperator(database, hashPassword, operator))
    log.info({ email: operator.email }, 'made the first operator');
  if (config.NODE_ENV === 'development' && (await makeDemoSale(database))) log.info('made two demo sales');
}

function startWorkers(
  config: Config,
  { ledger, payments, metrics }: Pick<Parts, 'ledger' | 'payments' | 'metrics'>,
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
    ...payments.duties,
  ];
  const loops = duties.map((duty) => createLoop(duty, log));
  for (const loop of loops) loop.start();
  // All at once: a long one must not keep the others working.
  stopper.add('background duties', () => Promise.all(loops.map((loop) => loop.stop())));

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
  readonly limits: Limits;
  readonly redis: RedisLink | undefined;
  readonly metrics: Metrics;
}

/** The HTTP server, without its routes. */
function createApp(config: Config, log: Logger, metrics: Metrics, stopper: Stopper): Promise<App> {
  return createServer({
    log,
    publicUrl: config.PUBLIC_URL ?? `http://${config.HOST}:${config.PORT}`,
    answerRetentionSeconds: config.IDEMPOTENCY_RETENTION_SECONDS,
    corsOrigins: config.CORS_ORIGINS ?? [],
    observe: metrics.observeHttp,
    closing: stopper.stopping,
  });
}

/** Adds the routes and listens. Returns the address. */
async function listen(app: App, config: Config, parts: Parts, stopper: Stopper): Promise<string> {
  const addMethodsNotAllowed = collectMethods(app);
  await describeRoutes(app);
  limitRates(app, parts.limits.rateLimits);
  addOperationRoutes(app, parts, stopper);
  if (config.ROLE !== 'worker') {
    await apiReferenceRoutes(app);
    await errorPageRoutes(app);
    addApiRoutes(app, config, parts);
    await addPaymentRoutes(app, parts);
  }
  addMethodsNotAllowed();

  const url = await app.listen({ host: config.HOST, port: config.PORT });
  if (config.PUBLIC_URL === undefined) app.publicUrl = url;
  stopper.add('HTTP server', () => app.close());
  return url;
}

function addOperationRoutes(app: App, { ledger, redis, metrics }: Parts, stopper: Stopper): void {
  healthRoutes(app, {
    ledgerAnswers: () => ledgerAnswers(ledger.database, READINESS_TIMEOUT_MS),
    redis: () => redis?.state(),
    accepting: () => !stopper.stopping(),
  });
  metricsRoute(app, metrics);
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
  const authenticated = requireCaller(createAuthenticate({ tokens, findApiKey: createFindApiKey(database), outside }));

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
  });
  getOrderRoute(app, { authenticated, database });
  listOrdersRoute(app, { authenticated, database });
  exportOrdersRoute(app, { authenticated, database });

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
  makeTestBuyersRoute(app, { authenticated, database, signToken: tokens.sign });
}
