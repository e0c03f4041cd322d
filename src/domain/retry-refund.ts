import type { OrderFacts, StepContext, Stepped } from './order-facts.ts';
import type { Refund } from './payment.ts';
import { newRefund, nextVersion, refundableMinor, refundDetails, stepped } from './step-effects.ts';

/** A refund that the provider refused, and the id of the one that takes its place. */
export interface RefundRetry {
  readonly refundId: string;
  /** Always the same for the same `refundId`, so that one refund has one successor. */
  readonly retryId: string;
}

export type RetryRefusal =
  /** It was not refused, or its successor is there already. */
  | { readonly outcome: 'unchanged' }
  /** What it was to give back has been given back otherwise since, or is on its way. */
  | { readonly outcome: 'not-refundable' };

/**
 * Asks anew for a refund that the provider refused for good: by a refund of its own, because the provider answers the
 * old one as before. What went back on sale with the old one stays there. Pure: the caller holds the order's row lock.
 */
export function retryRefund(
  order: OrderFacts,
  { refundId, retryId }: RefundRetry,
  { now }: Pick<StepContext, 'now'>,
): Stepped | RetryRefusal {
  const refund = order.refunds.find(({ id }) => id === refundId);
  if (refund?.status !== 'failed' || order.refunds.some(({ id }) => id === retryId)) return { outcome: 'unchanged' };
  const payment = order.payments.find(({ id }) => id === refund.paymentId);
  if (payment === undefined || refundableMinor(order, payment) < refund.amountMinor || exceedsLines(order, refund)) {
    return { outcome: 'not-refundable' };
  }
  const { amountMinor, cause, reason } = refund;
  const asked = refund.lines.map((line) => ({ ...line, restocked: 0 }));
  const retry = newRefund(order, payment, retryId, amountMinor, cause, reason, asked, now);
  const lines = order.lines.map((line) => ({ ...line, refunded: line.refunded + unitsOf(refund, line.itemId) }));
  return stepped(nextVersion(order, { refunds: [...order.refunds, retry], lines }), {
    type: 'refund.retried',
    cause: 'refund-retry',
    details: refundDetails([retry]),
  });
}

function exceedsLines(order: OrderFacts, refund: Refund): boolean {
  return order.lines.some((line) => line.refunded + unitsOf(refund, line.itemId) > line.quantity);
}

function unitsOf({ lines }: Refund, itemId: string): number {
  return lines.find((line) => line.itemId === itemId)?.quantity ?? 0;
}
