import { setTimeout as pause } from 'node:timers/promises';
import type { PaymentAnswer } from '../domain/payment.ts';
import type { Database } from '../ledger/database.ts';
import { askSoon } from '../ledger/payment-jobs.ts';
import { findPayment, noteProviderRef, recordPaymentAnswer } from '../ledger/payments.ts';
import { findStep } from '../ledger/read-steps.ts';
import { TRACING_OFF, type Tracing } from '../operations/tracing.ts';
import type { ChargeRequest, PaymentProvider, ProviderPayment } from '../payments/payment-provider.ts';
import type { IntentRequest, MadeStep } from './decide-steps.ts';
import { type PaymentProviders, reportOf } from './payment-report.ts';
import type { StepOrders, SteppedOrNot } from './step-orders.ts';

/** What a customer pays with. */
export interface PayOrderRequest extends Omit<IntentRequest, 'kind' | 'step'> {
  /** The attempt's id if it is opened. Made once per request, so that a batch run twice opens the same one. */
  readonly paymentId: string;
  /** The provider's token. */
  readonly paymentMethod: string;
  readonly returnUrl: string | null;
}

/** How a request to pay ended. */
export type PayOrderOutcome =
  /** The order at `answer.version` tells the rest; `made` is the step to it where this very request has made it. */
  | ({ readonly outcome: 'answered'; readonly replayed: boolean } & Answered)
  /** The same request is still under way. */
  | { readonly outcome: 'in-progress' }
  | { readonly outcome: 'key-reused' }
  | Exclude<SteppedOrNot, { outcome: 'stepped' | 'repeat' }>;

interface Answered {
  readonly answer: PaymentAnswer;
  readonly made?: MadeStep;
}

export type PayOrder = (request: PayOrderRequest) => Promise<PayOrderOutcome>;

/** A charge that failed this fast is sent once more under the same key; after a slow one the customer has waited enough. */
const RETRY_WITHIN_MS = 2_000;

/** How long a repeat waits for the answer to the first request. Shorter than a client's time-out. */
const REPEAT_WAIT_MS = 2_000;
const REPEAT_LOOK_MS = 50;

/**
 * Pays an order. The attempt is committed before the provider is called, and no lock or connection is kept during the
 * call; its outcome is a second commit. Whatever is lost in between, the attempt's job asks the provider later.
 */
export function createPayOrder(options: {
  database: Database;
  stepOrders: StepOrders;
  providers: PaymentProviders;
  /** For errors that are answered with 202 and settled later. */
  onUnknown: (error: unknown, paymentId: string) => void;
  tracing?: Tracing;
}): PayOrder {
  const { database, stepOrders, providers, tracing = TRACING_OFF } = options;

  return async ({ paymentId, paymentMethod, returnUrl, ...intent }) => {
    const opened = await stepOrders({
      ...intent,
      kind: 'intent',
      step: { intent: 'payment', paymentId, provider: providers.live.name, testProvider: providers.test.name },
    });
    if (opened.outcome === 'repeat' && !opened.sameRequest) return { outcome: 'key-reused' };
    // The same request id means that this attempt's own batch was committed though its answer was lost.
    const own = opened.outcome === 'repeat' && opened.requestId === intent.requestId;
    if (opened.outcome === 'repeat' && !own) return answerRepeat(intent.orderId, opened.version);
    if (opened.outcome !== 'stepped' && opened.outcome !== 'repeat') return opened;

    const payment =
      opened.outcome === 'stepped'
        ? opened.order.payments.find(({ id }) => id === paymentId)
        : await findPayment(database, paymentId);
    const provider = payment && providers.byName(payment.provider);
    if (payment === undefined || provider === undefined) throw new Error('An attempt was opened without its provider.');
    const openedAt = opened.outcome === 'stepped' ? opened.order.version : opened.version;
    const charge = { ...payment, paymentMethod, returnUrl };
    return { outcome: 'answered', replayed: false, ...(await chargeAndSettle(provider, charge, openedAt, intent)) };
  };

  async function chargeAndSettle(
    provider: PaymentProvider,
    charge: ChargeRequest & { readonly orderId: string },
    openedAt: number,
    { requestId, traceParent }: Pick<PayOrderRequest, 'requestId' | 'traceParent'>,
  ): Promise<Answered> {
    try {
      const seen = await charged(provider, charge, traceParent);
      const report = reportOf(charge.id, seen);
      if (report === undefined) {
        if (seen.providerRef !== null) await noteProviderRef(database, charge.id, seen.providerRef);
      } else {
        const settled = await stepOrders({
          kind: 'payment-report',
          orderId: charge.orderId,
          report,
          requestId,
          traceParent,
        });
        const answer =
          settled.outcome === 'stepped' ? settled.order.payments.find(({ id }) => id === charge.id)?.answer : null;
        if (settled.outcome === 'stepped' && answer) {
          return answer.version === settled.order.version ? { answer, made: settled } : { answer };
        }
        if (settled.outcome !== 'stepped' && settled.outcome !== 'unchanged') {
          options.onUnknown('error' in settled ? settled.error : settled.outcome, charge.id);
        }
      }
    } catch (error) {
      options.onUnknown(error, charge.id);
    }
    // Not known yet, or a worker was faster: then its answer stands.
    await askSoon(database, charge.id);
    return { answer: await recordPaymentAnswer(database, charge.id, { status: 202, version: openedAt }) };
  }

  async function charged(
    provider: PaymentProvider,
    charge: ChargeRequest,
    traceParent: string | null,
  ): Promise<ProviderPayment> {
    const span = tracing.startSpan(`charge ${provider.name}`, {
      kind: 'client',
      parent: traceParent,
      attributes: { 'doorbuster.payment.provider': provider.name, 'doorbuster.payment.id': charge.id },
    });
    try {
      const seen = await chargeOnce(provider, charge);
      span.setAttributes({ 'doorbuster.payment.status': seen.status });
      span.end();
      return seen;
    } catch (error) {
      span.end(error);
      throw error;
    }
  }

  /** The answer to the first request, once there is one. */
  async function answerRepeat(orderId: string, openedAt: number): Promise<PayOrderOutcome> {
    const paymentId = (await findStep(database, orderId, openedAt))?.details.payment?.id;
    if (paymentId === undefined) throw new Error(`Step ${openedAt} of order ${orderId} has opened no payment.`);
    const giveUpAt = performance.now() + REPEAT_WAIT_MS;
    for (;;) {
      const payment = await findPayment(database, paymentId);
      if (payment?.answer) return { outcome: 'answered', answer: payment.answer, replayed: true };
      if (performance.now() >= giveUpAt) return { outcome: 'in-progress' };
      await pause(REPEAT_LOOK_MS);
    }
  }
}

/** Charges, and once more under the same key if the provider failed at once: then the first call moved nothing, or the second tells. */
async function chargeOnce(provider: PaymentProvider, charge: ChargeRequest): Promise<ProviderPayment> {
  const startedAt = performance.now();
  try {
    return await provider.charge(charge);
  } catch (error) {
    if (performance.now() - startedAt > RETRY_WITHIN_MS) throw error;
    return provider.charge(charge);
  }
}
