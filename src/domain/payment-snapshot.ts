import type { PaymentSnapshot } from './order-facts.ts';
import type { Payment } from './payment.ts';

/** A payment as a step tells of it: what answers and the history show again later, though the payment has gone on. */
export function paymentSnapshot(payment: Payment): PaymentSnapshot {
  const { id, provider, status, currency, amountMinor, capturedMinor, nextActionUrl, declineCode } = payment;
  return {
    id,
    provider,
    status,
    currency,
    amountMinor,
    capturedMinor,
    nextActionUrl,
    declineCode,
    createdAt: payment.createdAt.toISOString(),
    settledAt: payment.settledAt?.toISOString() ?? null,
  };
}
