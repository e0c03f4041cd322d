import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { createBookSandboxCharge } from './actions/book-sandbox-charge.ts';
import { createPayOrder, type PayOrder } from './actions/pay-order.ts';
import type { PaymentProviders } from './actions/payment-report.ts';
import { createRunPaymentJobs } from './actions/run-payment-jobs.ts';
import type { StepOrders } from './actions/step-orders.ts';
import type { Config } from './config/config.ts';
import type { Database } from './ledger/database.ts';
import type { Metrics } from './operations/metrics.ts';
import type { Tracing } from './operations/tracing.ts';
import { measurePaymentProvider } from './payments/measured-payment-provider.ts';
import type { PaymentProvider } from './payments/payment-provider.ts';
import { createSandboxPaymentProvider, type SandboxPaymentProvider } from './payments/sandbox-payment-provider.ts';
import type { Duty } from './workers/loop.ts';
import { createMoneyReconciler } from './workers/money-reconciler.ts';
import { createPaymentWorker } from './workers/payment-worker.ts';

/** All that moves money in a process. */
export interface Payments {
  readonly providers: PaymentProviders;
  readonly sandbox: SandboxPaymentProvider;
  readonly payOrder: PayOrder;
  /** What is done behind the answers. */
  readonly duties: readonly Duty[];
  /** Resolves when the jobs that were begun are done; the duties are stopped before. */
  settled(): Promise<void>;
}

/** The most calls that one charge may become, each with its own time-out. */
const CALLS_PER_CHARGE_MAX = 4;
/** And then the ledger must take in what came of it. */
const LEASE_MARGIN_MS = 5_000;

/** Puts the payment providers together, and those who use them. */
export async function composePayments(
  config: Config,
  log: Logger,
  parts: { database: Database; stepOrders: StepOrders; metrics: Metrics; publicUrl: () => string; tracing: Tracing },
): Promise<Payments> {
  const { database, stepOrders, metrics } = parts;
  const bookCharge = createBookSandboxCharge({
    database,
    waitingMax: config.PLACING_QUEUE_MAX,
    deadlineMs: config.PAYMENT_TIMEOUT_MS,
  });
  const sandboxAlone = createSandboxPaymentProvider({
    database,
    bookCharge,
    timeoutMs: config.PAYMENT_TIMEOUT_MS,
    webhookSecret: sandboxWebhookSecret(config),
    publicUrl: parts.publicUrl,
    onUndelivered: (error) => log.warn({ err: error }, 'a webhook of the sandbox was not taken'),
  });
  const sandbox = measurePaymentProvider(sandboxAlone, metrics.observePaymentCall);
  const live =
    config.PAYMENT_PROVIDER === 'stripe'
      ? measurePaymentProvider(await openStripe(config), metrics.observePaymentCall)
      : sandbox;
  const all = [...new Set<PaymentProvider>([live, sandbox])];
  const providers: PaymentProviders = {
    live,
    test: sandbox,
    byName: (name) => all.find((provider) => provider.name === name),
  };

  const payOrder = createPayOrder({
    database,
    stepOrders,
    providers,
    tracing: parts.tracing,
    onUnknown: (error, paymentId) =>
      log.warn({ err: error, paymentId }, 'the outcome of a payment is not known yet and will be asked for'),
  });
  const runPaymentJobs = createRunPaymentJobs({
    database,
    stepOrders,
    providers,
    tracing: parts.tracing,
    leaseMs: CALLS_PER_CHARGE_MAX * config.PAYMENT_TIMEOUT_MS + LEASE_MARGIN_MS,
    onFailed: ({ id, kind, orderId, payment }, error) =>
      log.error({ jobId: id, kind, orderId, paymentId: payment.id, reason: error }, 'a payment job needs a person'),
    onError: ({ id, kind, orderId }, error) =>
      log.error({ err: error, jobId: id, kind, orderId }, 'a payment job was interrupted and will be done again'),
  });
  const duties = [
    createPaymentWorker({ database, runPaymentJobs }),
    createMoneyReconciler({
      database,
      providers: all,
      intervalMs: config.RECONCILE_INTERVAL_SECONDS * 1_000,
      observe: metrics.observeDiscrepancies,
    }),
  ];
  return { providers, sandbox, payOrder, duties, settled: runPaymentJobs.settled };
}

/** The same in every process that shares the token keys. Whoever knows it can only make the engine ask the sandbox. */
function sandboxWebhookSecret({ TOKEN_KEYS: [first] }: Config): string {
  return `whsec_${createHash('sha256').update(`sandbox webhooks\n${first?.secret}`).digest('base64')}`;
}

/** Loaded only where it is used: its package is large. */
async function openStripe(config: Config): Promise<PaymentProvider> {
  const { createStripePaymentProvider } = await import('./payments/stripe-payment-provider.ts');
  return createStripePaymentProvider({
    secretKey: config.STRIPE_SECRET_KEY ?? '',
    webhookSecret: config.STRIPE_WEBHOOK_SECRET ?? '',
    apiBase: config.STRIPE_API_BASE,
    timeoutMs: config.PAYMENT_TIMEOUT_MS,
  });
}
