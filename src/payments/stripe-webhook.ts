import type Stripe from 'stripe';
import { type WebhookMessage, WebhookRejectedError } from './payment-provider.ts';
import { fromStripeAmount } from './stripe-amount.ts';
import { paymentIdOf } from './stripe-intent.ts';

/** Stripe's own choice. Each delivery is signed anew, so that a late one is as fresh as the first. */
const TOLERANCE_SECONDS = 300;

/** What the engine reads of the object that an event is about. */
interface EventSubject {
  readonly object: string;
  readonly metadata?: Stripe.Metadata | null;
  readonly amount?: number | null;
  readonly currency?: string | null;
}

/**
 * Checks Stripe's signature over the bytes that came.
 * @throws {WebhookRejectedError}
 * @see https://docs.stripe.com/webhooks#verify-official-libraries
 */
export function readStripeWebhook(
  stripe: Stripe,
  secret: string,
  body: Buffer,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): WebhookMessage {
  const event = verify(stripe, secret, body, headers['stripe-signature']);
  const { object, metadata, amount, currency } = event.data.object as EventSubject;
  const ofIntent = object === 'payment_intent';
  return {
    eventId: event.id,
    type: event.type,
    paymentId: paymentIdOf(metadata),
    amountMinor: ofIntent && amount != null && currency != null ? fromStripeAmount(amount, currency) : null,
    currency: ofIntent ? (currency?.toUpperCase() ?? null) : null,
  };
}

function verify(stripe: Stripe, secret: string, body: Buffer, signature: string | string[] | undefined): Stripe.Event {
  if (typeof signature !== 'string') throw new WebhookRejectedError('The header Stripe-Signature is missing.');
  try {
    return stripe.webhooks.constructEvent(body, signature, secret, TOLERANCE_SECONDS);
  } catch (error) {
    throw new WebhookRejectedError('The signature of the webhook does not match, or it is too old.', { cause: error });
  }
}
