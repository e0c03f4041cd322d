import type Stripe from 'stripe';
import type { DeclineCode, ProviderPayment, ProviderPaymentStatus } from './payment-provider.ts';
import { fromStripeAmount } from './stripe-amount.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A payment intent in the engine's words. `latest_charge` must be expanded, or refunds are not seen. */
export function toProviderPayment(intent: Stripe.PaymentIntent): ProviderPayment {
  const status = statusOf(intent);
  const inMinor = (amount: number) => fromStripeAmount(amount, intent.currency);
  const charge = typeof intent.latest_charge === 'object' ? intent.latest_charge : null;
  return {
    providerRef: intent.id,
    paymentId: paymentIdOf(intent.metadata),
    status,
    amountMinor: inMinor(intent.amount),
    currency: intent.currency.toUpperCase(),
    capturedMinor: inMinor(intent.amount_received),
    // Stripe books the release of an authorization as a refund, too: nothing that was not taken is given back.
    refundedMinor: inMinor(Math.min(charge?.amount_refunded ?? 0, intent.amount_received)),
    nextActionUrl: status === 'requires_action' ? (intent.next_action?.redirect_to_url?.url ?? null) : null,
    declineCode: status === 'failed' ? declineCodeOf(intent.last_payment_error) : null,
  };
}

/** The engine's id of the payment, where the engine made the object. Others may use the same metadata for their own ids. */
export function paymentIdOf(metadata: Stripe.Metadata | null | undefined): string | null {
  const id = metadata?.['payment_id'];
  return id !== undefined && UUID.test(id) ? id : null;
}

/** Why a card was refused, from the error of the call or the one that the intent keeps. */
export function declineCodeOf(
  error: { readonly code?: string | undefined; readonly decline_code?: string | undefined } | null,
): DeclineCode {
  const codes = [error?.code, error?.decline_code];
  if (codes.includes('insufficient_funds')) return 'insufficient_funds';
  if (codes.includes('expired_card')) return 'expired_card';
  const unauthenticated = ['authentication_required', 'payment_intent_authentication_failure'];
  return codes.some((code) => code !== undefined && unauthenticated.includes(code))
    ? 'authentication_failed'
    : 'card_declined';
}

function statusOf(intent: Stripe.PaymentIntent): ProviderPaymentStatus {
  switch (intent.status) {
    case 'requires_payment_method':
      // Stripe sets a refused intent back, so that another card may be tried. The engine makes a new payment for that.
      return intent.last_payment_error === null ? 'unconfirmed' : 'failed';
    case 'requires_confirmation':
      return 'unconfirmed';
    case 'requires_action':
      return 'requires_action';
    case 'requires_capture':
      return 'authorized';
    case 'succeeded':
      return 'captured';
    case 'canceled':
      return 'cancelled';
    default:
      // `processing`, and what a later version may add: neither a yes nor a no.
      return 'processing';
  }
}
