import type Stripe from 'stripe';
import type { ProviderRefund, RefundRequest } from './payment-provider.ts';
import { toStripeAmount } from './stripe-amount.ts';
import { callUnderKey, isCardError, isRefusal, tellOutcome } from './stripe-outcome.ts';

const PAGE_SIZE = 100;

/**
 * Gives money back, once per `refund.id`. Stripe's own list of the intent's refunds is asked first: Stripe forgets an
 * idempotency key after a day, and under a key that it remembers it tells how things were then and not how they are.
 * @throws {OutcomeUnknownError}
 */
export async function refundIntent(stripe: Stripe, intentId: string, refund: RefundRequest): Promise<ProviderRefund> {
  const amount = toStripeAmount(refund.amountMinor, refund.payment.currency);
  if (amount === undefined) return refused(`Stripe cannot give back ${refund.amountMinor} ${refund.payment.currency}`);
  try {
    return toProviderRefund(await tellOutcome(() => findOrCreate(stripe, intentId, refund, amount)));
  } catch (error) {
    if (!isRefusal(error) && !isCardError(error)) throw error;
    return refused(error.code === undefined ? error.message : `${error.code}: ${error.message}`);
  }
}

async function findOrCreate(
  stripe: Stripe,
  intentId: string,
  { id, payment }: RefundRequest,
  amount: number,
): Promise<Stripe.Refund> {
  const find = () => findRefund(stripe, intentId, id);
  const create = (idempotencyKey: string) =>
    stripe.refunds.create(
      { payment_intent: intentId, amount, metadata: { refund_id: id, payment_id: payment.id } },
      { idempotencyKey },
    );
  return (await find()) ?? (await callUnderKey(`refund-${id}`, create, find));
}

async function findRefund(stripe: Stripe, intentId: string, refundId: string): Promise<Stripe.Refund | undefined> {
  for await (const refund of stripe.refunds.list({ payment_intent: intentId, limit: PAGE_SIZE })) {
    if (refund.metadata?.['refund_id'] === refundId) return refund;
  }
  return undefined;
}

function toProviderRefund(refund: Stripe.Refund): ProviderRefund {
  switch (refund.status) {
    case 'succeeded':
      return { providerRef: refund.id, status: 'succeeded', reason: null };
    case 'failed':
    case 'canceled':
      return { providerRef: refund.id, status: 'failed', reason: refund.failure_reason ?? refund.status };
    default:
      // `pending`, and `requires_action`: Stripe waits for the customer to say where the money shall go.
      return { providerRef: refund.id, status: 'pending', reason: null };
  }
}

function refused(reason: string): ProviderRefund {
  return { providerRef: null, status: 'failed', reason };
}
