/** Every status an attempt to pay can have. The database's enum `payment_status` has the same members. */
export const PAYMENT_STATUSES = [
  'processing',
  'requires_action',
  'authorized',
  'captured',
  'failed',
  'cancelled',
] as const;

export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

/** An attempt to pay an order. Amounts in minor units of `currency`. */
export interface Payment {
  readonly id: string;
  readonly orderId: string;
  readonly provider: string;
  readonly providerRef: string | null;
  readonly status: PaymentStatus;
  /** `manual`: the amount is reserved first and taken by a capture. */
  readonly capture: 'automatic' | 'manual';
  readonly currency: string;
  readonly amountMinor: number;
  /** Nothing or all of it. Refunds are not deducted. */
  readonly capturedMinor: number;
  /** Where the customer authenticates, while the provider wants that. */
  readonly nextActionUrl: string | null;
  readonly declineCode: string | null;
  readonly createdAt: Date;
  readonly settledAt: Date | null;
  /** How the request that opened it was answered; null while it was not. */
  readonly answer: PaymentAnswer | null;
}

/** The status of an answer, and the version of the order that it shows. */
export interface PaymentAnswer {
  readonly status: 200 | 202 | 402;
  readonly version: number;
}

export const REFUND_STATUSES = ['pending', 'succeeded', 'failed'] as const;

export type RefundStatus = (typeof REFUND_STATUSES)[number];

/** Why money goes back. */
export type RefundCause = 'requested' | 'cancellation' | 'rejection' | 'late_payment' | 'duplicate_payment';

/** Money on its way back, or back. Amounts in minor units. */
export interface Refund {
  readonly id: string;
  readonly orderId: string;
  readonly paymentId: string;
  readonly providerRef: string | null;
  readonly status: RefundStatus;
  readonly amountMinor: number;
  readonly cause: RefundCause;
  readonly reason: string | null;
  /** Empty where it is not for certain lines. */
  readonly lines: readonly RefundLine[];
  readonly createdAt: Date;
  readonly settledAt: Date | null;
}

export interface RefundLine {
  readonly itemId: string;
  readonly quantity: number;
  /** Units that went back on sale with it. */
  readonly restocked: number;
}

/** Whether this money pays its order. What pays none is on its way back, and says so by its code. */
export function paysOrder({ status, declineCode }: Pick<Payment, 'status' | 'declineCode'>): boolean {
  return (status === 'authorized' || status === 'captured') && declineCode === null;
}

/** Whether it pays its order, and is still to be captured. */
export function awaitsCapture(payment: Pick<Payment, 'status' | 'declineCode'>): boolean {
  return payment.status === 'authorized' && paysOrder(payment);
}

/** Whether the outcome of an attempt is still open. */
export function isOpen(payment: Pick<Payment, 'status'>): boolean {
  return payment.status === 'processing' || payment.status === 'requires_action';
}
