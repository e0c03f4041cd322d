/** The contract of what moves money. Every implementation passes `test/conformance/payment-provider.ts`. */
export interface PaymentProvider {
  /** Kept with each payment, so that its later fate is asked where it was made. */
  readonly name: string;

  /**
   * Charges (`capture: 'automatic'`) or authorizes (`'manual'`). Idempotent per `payment.id`: called again, it moves
   * nothing more and tells what came of the first call.
   * @throws {OutcomeUnknownError} when the provider does not tell: the money moved, or it did not.
   */
  charge(payment: ChargeRequest): Promise<ProviderPayment>;

  /**
   * What the provider knows of a payment. Moves no money. `unconfirmed`: nothing was charged, but a charge under way
   * may still arrive until `cancel` has succeeded.
   * @throws {OutcomeUnknownError}
   */
  find(payment: PaymentReference): Promise<ProviderPayment>;

  /**
   * Captures the whole of an authorized payment. Idempotent. Answers with `cancelled` when the authorization is gone.
   * @throws {OutcomeUnknownError}
   */
  capture(payment: PaymentReference): Promise<ProviderPayment>;

  /**
   * Sees to it that a payment which is not captured never will be: cancels the attempt or voids the authorization.
   * Idempotent, also for a payment that the provider has never heard of. Where it is captured already, nothing is
   * changed and the answer says so.
   * @throws {OutcomeUnknownError}
   */
  cancel(payment: PaymentReference): Promise<ProviderPayment>;

  /**
   * Gives money back. Idempotent per `refund.id`.
   * @throws {OutcomeUnknownError}
   */
  refund(refund: RefundRequest): Promise<ProviderRefund>;

  /**
   * Checks the signature and the age of a webhook over the bytes that came, and says what it is about.
   * @throws {WebhookRejectedError} for a signature that does not match or a message too old.
   */
  readWebhook(body: Buffer, headers: Readonly<Record<string, string | string[] | undefined>>): WebhookMessage;

  /** All payments made at or after `since`, oldest or newest first, for the comparison of the books. */
  listPayments(since: Date): AsyncIterable<ProviderPayment>;
}

/** What is needed to find a payment again. */
export interface PaymentReference {
  /** The engine's id of the payment; the provider's idempotency keys are derived from it. */
  readonly id: string;
  readonly orderId: string;
  /** In minor units, more than 0. */
  readonly amountMinor: number;
  /** ISO 4217, upper case. */
  readonly currency: string;
  readonly capture: 'automatic' | 'manual';
  /** The provider's own id, where it is known already. */
  readonly providerRef: string | null;
}

export interface ChargeRequest extends PaymentReference {
  /** What the customer pays with, as the provider names it (a token; never a card number). */
  readonly paymentMethod: string;
  /** Where the provider sends the customer back after authenticating. */
  readonly returnUrl: string | null;
}

export type ProviderPaymentStatus =
  /** Nothing was charged yet, and no decision has been made. */
  | 'unconfirmed'
  /** Under way at the provider: ask again. */
  | 'processing'
  /** The customer must authenticate at `nextActionUrl`. */
  | 'requires_action'
  | 'authorized'
  | 'captured'
  /** Refused; no money moved. See `declineCode`. */
  | 'failed'
  /** It was cancelled or voided: no money moved, or none stays reserved. */
  | 'cancelled';

/** A payment as the provider's books have it. */
export interface ProviderPayment {
  /** Null where the provider refused before it made one. */
  readonly providerRef: string | null;
  /** The engine's id of the payment; null for one that the engine did not make. */
  readonly paymentId: string | null;
  readonly status: ProviderPaymentStatus;
  /** What it is made out to. */
  readonly amountMinor: number;
  readonly currency: string;
  /** What was taken, refunds not deducted. */
  readonly capturedMinor: number;
  /** What was given back or is on its way back. */
  readonly refundedMinor: number;
  readonly nextActionUrl: string | null;
  readonly declineCode: DeclineCode | null;
}

/** Why a payment was refused, the same for every provider. */
export type DeclineCode =
  | 'card_declined'
  | 'insufficient_funds'
  | 'expired_card'
  | 'authentication_failed'
  /** The provider does not know this payment method, or it was used up. */
  | 'payment_method_unknown'
  /** The provider refuses the request itself, such as an amount above its limit. */
  | 'provider_rejected'
  /** The provider gave no answer, and it is certain now that it charged nothing. */
  | 'not_charged';

export interface RefundRequest {
  /** The engine's id of the refund. */
  readonly id: string;
  readonly payment: PaymentReference;
  readonly amountMinor: number;
}

export interface ProviderRefund {
  /** Null where the provider refused before it made one. */
  readonly providerRef: string | null;
  /** `failed`: for good, nothing was given back. `pending`: ask again. */
  readonly status: 'pending' | 'succeeded' | 'failed';
  /** Why it failed, for the operator. */
  readonly reason: string | null;
}

/** A webhook, verified. It is a hint that something changed: the engine asks the provider what is true now. */
export interface WebhookMessage {
  /** The provider's id of the event; the same for each delivery of it. */
  readonly eventId: string;
  readonly type: string;
  /** Null when it is about nothing the engine has made. */
  readonly paymentId: string | null;
  /** What the event says the payment is made out to, where it says so. */
  readonly amountMinor: number | null;
  readonly currency: string | null;
}

/** The provider did not tell how it ended: a time-out, a broken connection, an error of its own. */
export class OutcomeUnknownError extends Error {
  override readonly name = 'OutcomeUnknownError';
}

/** A webhook whose signature does not match, or whose time stamp is too old. */
export class WebhookRejectedError extends Error {
  override readonly name = 'WebhookRejectedError';
}
