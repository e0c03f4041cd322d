import Stripe from 'stripe';
import type {
  ChargeRequest,
  DeclineCode,
  PaymentProvider,
  PaymentReference,
  ProviderPayment,
  ProviderPaymentStatus,
} from './payment-provider.ts';
import { toStripeAmount } from './stripe-amount.ts';
import { declineCodeOf, toProviderPayment } from './stripe-intent.ts';
import {
  callUnderKey,
  isCardError,
  isRefusal,
  type StripeRefusal,
  tellOutcome,
  unknownOutcome,
  wasReplayed,
} from './stripe-outcome.ts';
import { refundIntent } from './stripe-refunds.ts';
import { readStripeWebhook } from './stripe-webhook.ts';

export interface StripeOptions {
  /** `sk_…` or a restricted `rk_…`. */
  readonly secretKey: string;
  /** `whsec_…`, of the one endpoint that points here. */
  readonly webhookSecret: string;
  /** Scheme, host and port of the API; Stripe's own where it is not given. */
  readonly apiBase: string | undefined;
  /** How long one request may stay without an answer. A charge is two, or three when it is repeated. */
  readonly timeoutMs: number;
}

/** The refund sums come with the charge. */
const EXPAND = ['latest_charge'];

const PAGE_SIZE = 100;

/** Where a cancellation must succeed: one that is refused here has told nothing. */
const CANCELLABLE: readonly ProviderPaymentStatus[] = ['unconfirmed', 'requires_action', 'authorized', 'failed'];

/**
 * Stripe, by payment intents. An intent is made first and confirmed in a second request: making one moves no money and
 * can be repeated, so an answer that was lost can always be found again. An intent is charged at most once, whatever is
 * sent; the idempotency keys see to it that one payment has one intent, and that a card is tried once.
 * @see https://docs.stripe.com/payments/paymentintents/lifecycle
 */
export function createStripePaymentProvider(options: StripeOptions): PaymentProvider {
  const stripe = createClient(options);
  return {
    name: 'stripe',
    charge: (payment) => charge(stripe, payment),
    find: async (payment) => {
      const intent = await findIntent(stripe, payment);
      return intent === undefined ? neverMade(payment, 'failed') : toProviderPayment(intent);
    },
    capture: (payment) => capture(stripe, payment),
    cancel: (payment) => cancel(stripe, payment),
    refund: async (refund) => {
      const intentId = intentIdOf(refund.payment) ?? (await findIntent(stripe, refund.payment))?.id;
      return intentId === undefined
        ? { providerRef: null, status: 'failed', reason: 'Stripe has refused to make this payment' }
        : refundIntent(stripe, intentId, refund);
    },
    readWebhook: (body, headers) => readStripeWebhook(stripe, options.webhookSecret, body, headers),
    listPayments: (since) => listPayments(stripe, since),
  };
}

function createClient({ secretKey, apiBase, timeoutMs }: StripeOptions): Stripe {
  return new Stripe(secretKey, {
    ...(apiBase === undefined ? {} : addressOf(apiBase)),
    timeout: timeoutMs,
    // The engine asks again itself. The SDK still repeats a request whose connection broke, once and under its key.
    maxNetworkRetries: 0,
    telemetry: false,
  });
}

function addressOf(apiBase: string): { host: string; port: string; protocol: 'http' | 'https' } {
  const { protocol, hostname, port } = new URL(apiBase);
  const secure = protocol === 'https:';
  return {
    // A URL has brackets around an IPv6 address, a socket has none.
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? '443' : '80') : port,
    protocol: secure ? 'https' : 'http',
  };
}

async function charge(stripe: Stripe, payment: ChargeRequest): Promise<ProviderPayment> {
  const intent = await openIntent(stripe, payment);
  if (intent === undefined) return neverMade(payment, 'failed');
  const known = toProviderPayment(intent);
  return known.status === 'unconfirmed' ? confirm(stripe, intent.id, known, payment) : known;
}

/** The card is tried here, once: what is no longer `unconfirmed` is never confirmed again. */
async function confirm(
  stripe: Stripe,
  intentId: string,
  known: ProviderPayment,
  payment: ChargeRequest,
): Promise<ProviderPayment> {
  const send = (idempotencyKey: string) =>
    stripe.paymentIntents.confirm(
      intentId,
      {
        payment_method: payment.paymentMethod,
        ...(payment.returnUrl === null ? {} : { return_url: payment.returnUrl }),
        expand: EXPAND,
      },
      { idempotencyKey },
    );
  const settled = async () => {
    const now = await retrieve(stripe, intentId);
    return toProviderPayment(now).status === 'unconfirmed' ? undefined : now;
  };
  try {
    return toProviderPayment(await tellOutcome(() => callUnderKey(`confirm-${payment.id}`, send, settled)));
  } catch (error) {
    if (isCardError(error)) return { ...known, status: 'failed', declineCode: declineCodeOf(error) };
    if (!isRefusal(error)) throw error;
    if (error.code === 'payment_intent_unexpected_state') {
      return tellAfterRefusal(stripe, intentId, ['unconfirmed'], error);
    }
    return { ...known, status: 'failed', declineCode: refusalCode(error) };
  }
}

/** Stripe gives no code for a payment method that was used up, only a sentence. */
function refusalCode({ param, message }: StripeRefusal): DeclineCode {
  const ofMethod = param === 'payment_method' || /payment ?method.*may not be used again/is.test(message);
  return ofMethod ? 'payment_method_unknown' : 'provider_rejected';
}

/**
 * No idempotency key of our own, as for `cancel`: the intent's state already makes the request harmless when repeated,
 * whereas under a key Stripe would keep a refusal that holds for the moment and tell it again for a day.
 */
async function capture(stripe: Stripe, payment: PaymentReference): Promise<ProviderPayment> {
  const intent = await findIntent(stripe, payment);
  if (intent === undefined) return neverMade(payment, 'cancelled');
  if (intent.status !== 'requires_capture') return toProviderPayment(intent);
  return changeState(stripe, intent.id, ['authorized'], () =>
    stripe.paymentIntents.capture(intent.id, { expand: EXPAND }),
  );
}

async function cancel(stripe: Stripe, payment: PaymentReference): Promise<ProviderPayment> {
  const intent = await findIntent(stripe, payment);
  if (intent === undefined) return neverMade(payment, 'cancelled');
  if (intent.status === 'succeeded' || intent.status === 'canceled') return toProviderPayment(intent);
  return changeState(stripe, intent.id, CANCELLABLE, () => stripe.paymentIntents.cancel(intent.id, { expand: EXPAND }));
}

/** Something else may have come first: then Stripe refuses, and the intent says what it was. */
async function changeState(
  stripe: Stripe,
  intentId: string,
  before: readonly ProviderPaymentStatus[],
  call: () => Promise<Stripe.PaymentIntent>,
): Promise<ProviderPayment> {
  try {
    return toProviderPayment(await tellOutcome(call));
  } catch (error) {
    if (!isRefusal(error) && !isCardError(error)) throw error;
    return tellAfterRefusal(stripe, intentId, before, error);
  }
}

/** @throws {OutcomeUnknownError} when nothing came first, so that the refusal is of a kind we do not know */
async function tellAfterRefusal(
  stripe: Stripe,
  intentId: string,
  before: readonly ProviderPaymentStatus[],
  refusal: Parameters<typeof unknownOutcome>[0],
): Promise<ProviderPayment> {
  const now = toProviderPayment(await tellOutcome(() => retrieve(stripe, intentId)));
  if (before.includes(now.status)) throw unknownOutcome(refusal);
  return now;
}

/** Stripe's id of the intent, where the engine has it. A payment that Stripe refused to make has an empty one. */
function intentIdOf({ providerRef }: PaymentReference): string | undefined {
  return providerRef ?? undefined;
}

/**
 * As `openIntent`, for a payment that was charged before, perhaps long ago. Stripe forgets an idempotency key after a day
 * at the least, and then makes a second intent where it should have told of the first. So where the key tells of no
 * money, Stripe's search is asked for an intent with money. It lags, an hour at the worst: so long the key holds.
 */
async function findIntent(stripe: Stripe, payment: PaymentReference): Promise<Stripe.PaymentIntent | undefined> {
  const intent = await openIntent(stripe, payment);
  if (intentIdOf(payment) !== undefined || (intent !== undefined && hasMoney(intent))) return intent;
  return (await searchMoney(stripe, payment.id)) ?? intent;
}

/** The intent of a payment as it is now, made where there was none; undefined where Stripe refuses to make one. */
async function openIntent(stripe: Stripe, payment: PaymentReference): Promise<Stripe.PaymentIntent | undefined> {
  const known = intentIdOf(payment);
  if (known !== undefined) return tellOutcome(() => retrieve(stripe, known));
  const amount = toStripeAmount(payment.amountMinor, payment.currency);
  if (amount === undefined) return undefined;
  try {
    const made = await tellOutcome(() => create(stripe, payment, amount));
    // A replay tells how the intent was when it was made.
    return wasReplayed(made.lastResponse.headers) ? await tellOutcome(() => retrieve(stripe, made.id)) : made;
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

/** Nothing in here may differ from one call to the next, or Stripe refuses the key. */
function create(stripe: Stripe, payment: PaymentReference, amount: number) {
  const params: Stripe.PaymentIntentCreateParams = {
    amount,
    currency: payment.currency.toLowerCase(),
    capture_method: payment.capture,
    // Without this, a confirmation needs a return URL even for a card that wants no authentication.
    allowed_payment_method_types: ['card'],
    metadata: { payment_id: payment.id, order_id: payment.orderId },
    expand: EXPAND,
  };
  return callUnderKey(`payment-${payment.id}`, (idempotencyKey) =>
    stripe.paymentIntents.create(params, { idempotencyKey }),
  );
}

function retrieve(stripe: Stripe, intentId: string) {
  return stripe.paymentIntents.retrieve(intentId, { expand: EXPAND });
}

/** Another intent of this payment, with money on it. */
async function searchMoney(stripe: Stripe, paymentId: string): Promise<Stripe.PaymentIntent | undefined> {
  try {
    const { data } = await tellOutcome(() =>
      stripe.paymentIntents.search({ query: `metadata['payment_id']:'${paymentId}'`, limit: PAGE_SIZE }),
    );
    const found = data.find(hasMoney);
    return found === undefined ? undefined : await tellOutcome(() => retrieve(stripe, found.id));
  } catch (error) {
    // Stripe has no search in some countries. What the key told is then all there is to know.
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

/** Whether money was taken or reserved, or still may be. */
function hasMoney(intent: Stripe.PaymentIntent): boolean {
  return !['unconfirmed', 'failed', 'cancelled'].includes(toProviderPayment(intent).status);
}

/** Stripe refuses to make this payment, so there is nothing that it could give an id to. */
function neverMade(payment: PaymentReference, status: 'failed' | 'cancelled'): ProviderPayment {
  return {
    providerRef: null,
    paymentId: payment.id,
    status,
    amountMinor: payment.amountMinor,
    currency: payment.currency,
    capturedMinor: 0,
    refundedMinor: 0,
    nextActionUrl: null,
    declineCode: status === 'failed' ? 'provider_rejected' : null,
  };
}

/** Newest first. An intent that nobody has confirmed is no payment yet. */
async function* listPayments(stripe: Stripe, since: Date): AsyncGenerator<ProviderPayment> {
  const pages = stripe.paymentIntents.list({
    created: { gte: Math.floor(since.getTime() / 1_000) },
    limit: PAGE_SIZE,
    expand: EXPAND.map((field) => `data.${field}`),
  });
  const intents = pages[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await tellOutcome(() => intents.next());
    if (done === true) return;
    const payment = toProviderPayment(value);
    if (payment.status !== 'unconfirmed') yield payment;
  }
}
