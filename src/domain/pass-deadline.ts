import type { OrderFacts, StepContext, Stepped } from './order-facts.ts';
import { transitionsFrom } from './order-transitions.ts';
import { isOpen } from './payment.ts';
import { abandonPayment } from './report-payment.ts';
import { follow, giveBack, refundDetails, stepped } from './step-effects.ts';

/** Deadlines that end a status by themselves. */
export type Deadline =
  | 'hold-expired'
  /** A payment is under way for too long, and telling its provider has not helped either. */
  | 'settle-overdue'
  | 'acceptance-overdue';

/** What becomes of an order whose deadline has passed. Pure: the caller holds the order's row lock. */
export function passDeadline(
  order: OrderFacts,
  deadline: Deadline,
  context: StepContext,
): Stepped | { readonly outcome: 'unchanged' } {
  if (deadline === 'settle-overdue') {
    const open = order.payments.find(isOpen);
    const ended = open && abandonPayment(order, open.id, context);
    return ended?.outcome === 'stepped' ? ended : { outcome: 'unchanged' };
  }
  const until = deadline === 'hold-expired' ? order.payBy : order.acceptBy;
  const [row] = transitionsFrom(order.status, order.fulfillment, deadline);
  if (row === undefined || until === null || context.now < until) return { outcome: 'unchanged' };
  const { refunds, jobs } =
    row.money === 'give-back' ? giveBack(order, order.payments, context, 'rejection') : { refunds: [], jobs: [] };
  const next = follow(order, row, context);
  return stepped(
    { ...next, refunds: [...order.refunds, ...refunds] },
    { type: row.event, cause: deadline, details: refundDetails(refunds), jobs },
  );
}
