import type { OrderEventType } from './order-event-types.ts';
import type { LineFacts, OrderFacts, StepContext, Stepped } from './order-facts.ts';
import { type SystemTrigger, type Transition, transitionsFrom } from './order-transitions.ts';
import { isOpen, type Payment, type PaymentAnswer, paysOrder, type Refund, type RefundCause } from './payment.ts';
import { paymentSnapshot } from './payment-snapshot.ts';
import { follow, giveBack, jobFor, nextVersion, refundDetails, shortageOf, stepped } from './step-effects.ts';

/** What the provider says of a payment. */
export interface PaymentReport {
  readonly paymentId: string;
  readonly providerRef: string | null;
  readonly status: 'processing' | 'requires_action' | 'authorized' | 'captured' | 'failed' | 'cancelled';
  readonly amountMinor: number;
  readonly currency: string;
  readonly nextActionUrl: string | null;
  readonly declineCode: string | null;
}

/** What the provider says of a refund. */
export interface RefundReport {
  readonly refundId: string;
  readonly providerRef: string | null;
  readonly status: 'succeeded' | 'failed';
}

export type ReportRefusal =
  /** It says nothing that the ledger does not know. */
  | { readonly outcome: 'unchanged' }
  /** It speaks of another amount or currency: nothing moves, and a person must look. */
  | { readonly outcome: 'mismatch' };

/**
 * Takes the provider's word on a payment into the order, whenever and however often it comes: after the answer was
 * lost, before it, twice, out of order, or too late. Money that no longer has an order to pay goes back, once.
 * Pure: the caller holds the order's row lock.
 */
export function reportPayment(order: OrderFacts, report: PaymentReport, context: StepContext): Stepped | ReportRefusal {
  const payment = order.payments.find(({ id }) => id === report.paymentId);
  if (payment === undefined) return { outcome: 'unchanged' };
  if (report.amountMinor !== payment.amountMinor || report.currency !== payment.currency) {
    return { outcome: 'mismatch' };
  }
  switch (report.status) {
    case 'processing':
      return { outcome: 'unchanged' };
    case 'requires_action':
      return wantAction(order, payment, report);
    case 'authorized':
    case 'captured':
      return takeMoney(order, payment, report, report.status, context);
    case 'failed':
      return isOpen(payment) ? refuse(order, payment, report, 'failed', context) : { outcome: 'unchanged' };
    case 'cancelled':
      return takeCancellation(order, payment, report, context);
  }
}

/** Whether the order waits for this very payment. */
function waitsFor(order: OrderFacts, payment: Payment): boolean {
  return order.status === 'payment_processing' && isOpen(payment);
}

function wantAction(
  order: OrderFacts,
  payment: Payment,
  { providerRef, nextActionUrl }: PaymentReport,
): Stepped | ReportRefusal {
  if (payment.status !== 'processing') return { outcome: 'unchanged' };
  const next = answered({ ...payment, providerRef, status: 'requires_action', nextActionUrl }, order, 202);
  return moneyStep(order, next, 'payment.action_required');
}

/** Money is authorized or captured. */
function takeMoney(
  order: OrderFacts,
  payment: Payment,
  { providerRef }: PaymentReport,
  status: 'authorized' | 'captured',
  context: StepContext,
): Stepped | ReportRefusal {
  if (payment.status === 'captured' || payment.status === status) return { outcome: 'unchanged' };
  // Cancelled is final, so this was read before; and an automatic capture is money only when it is captured.
  if (status === 'authorized' && (payment.status === 'cancelled' || payment.capture === 'automatic')) {
    return { outcome: 'unchanged' };
  }
  const capturedMinor = status === 'captured' ? payment.amountMinor : 0;
  const settled = settle(payment, { providerRef, status, capturedMinor }, context.now);
  // The order has had this money as an authorization: now it is captured, as was wanted or (voided too late) not.
  if (payment.status === 'authorized') return takeCapture(order, settled, context);

  const row = rowForMoney(order, payment, context);
  if (row === undefined) return returnMoney(order, settled, context);
  const paid = answered({ ...settled, declineCode: null }, order, 200);
  return stepped(replacePayment(follow(order, row, context), paid), {
    type: row.event,
    cause: row.trigger,
    details: { payment: paymentSnapshot(paid) },
    // The job of an earlier failure or abandonment must not void what pays the order now.
    endedJobs: [...ended(paid), { kind: 'cancel', paymentId: paid.id }],
  });
}

/** The row by which this money pays the order, if any: the payment it waits for, or late money that still can. */
function rowForMoney(order: OrderFacts, payment: Payment, context: StepContext): Transition | undefined {
  if (waitsFor(order, payment)) return rowOf(order, 'payment-succeeded');
  const row = rowOf(order, 'late-money', (each) => each.to !== each.from);
  if (row?.stock === 'take-again' && shortageOf(order, context) !== undefined) return undefined;
  return row;
}

function takeCapture(order: OrderFacts, payment: Payment, context: StepContext): Stepped {
  const unwanted = order.status === 'cancelled' || order.status === 'rejected' || order.status === 'expired';
  if (unwanted || !paysOrder(payment)) return returnMoney(order, payment, context);
  return moneyStep(order, payment, 'payment.captured');
}

/** Nothing is left that this money could pay: it goes back, exactly once. */
function returnMoney(order: OrderFacts, payment: Payment, context: StepContext): Stepped {
  const cause: RefundCause = rowOf(order, 'late-money') === undefined ? 'duplicate_payment' : 'late_payment';
  const settled = answered({ ...payment, declineCode: 'order_not_payable' }, order, 402);
  const { refunds, jobs } = giveBack(order, [settled], context, cause);
  return moneyStep(order, settled, 'payment.late', { refunds, jobs });
}

/** The provider has said no, or the attempt is certain to have charged nothing. */
function refuse(
  order: OrderFacts,
  payment: Payment,
  { providerRef, declineCode }: PaymentReport,
  status: 'failed' | 'cancelled',
  context: StepContext,
): Stepped {
  const code = declineCode ?? (status === 'cancelled' ? 'not_charged' : 'card_declined');
  const settled = answered(settle(payment, { providerRef, status, declineCode: code }, context.now), order, 402);
  // A refused attempt is closed at the provider, too, so that nobody can pay it afterwards.
  const jobs = status === 'failed' ? [jobFor('cancel', payment.id)] : [];
  if (!waitsFor(order, payment)) return moneyStep(order, settled, `payment.${status}`, { refunds: [], jobs });

  const abandoned = status === 'cancelled' && order.settleBy !== null && context.now >= order.settleBy;
  const row = requireRow(order, abandoned ? 'payment-abandoned' : 'payment-refused');
  return stepped(replacePayment(follow(order, row, context), settled), {
    type: row.event,
    cause: row.trigger,
    details: { payment: paymentSnapshot(settled) },
    jobs,
    endedJobs: ended(settled),
  });
}

function takeCancellation(
  order: OrderFacts,
  payment: Payment,
  report: PaymentReport,
  context: StepContext,
): Stepped | ReportRefusal {
  if (isOpen(payment)) return refuse(order, payment, report, 'cancelled', context);
  if (payment.status !== 'authorized') return { outcome: 'unchanged' };
  const settled = settle(payment, { providerRef: report.providerRef, status: 'cancelled' }, context.now);
  const row = paysOrder(payment) ? rowOf(order, 'authorization-lost') : undefined;
  if (row === undefined) {
    const step = moneyStep(order, settled, 'payment.cancelled');
    // An order that has left the kitchen stays unpaid: its capture is not done, and a person must hear of it.
    const unpaid = paysOrder(payment) && order.status !== 'cancelled' && order.status !== 'rejected';
    return unpaid ? { ...step, endedJobs: step.endedJobs.filter(({ kind }) => kind !== 'capture') } : step;
  }
  return stepped(replacePayment(follow(order, row, context), settled), {
    type: row.event,
    cause: row.trigger,
    details: { payment: paymentSnapshot(settled) },
    endedJobs: ended(settled),
  });
}

/**
 * The pin's limit is over and the provider is silent: the stock is freed. The attempt's own job asks on, and closes it
 * at the provider unless there is money by then.
 */
export function abandonPayment(order: OrderFacts, paymentId: string, context: StepContext): Stepped | ReportRefusal {
  const payment = order.payments.find(({ id }) => id === paymentId);
  const due = order.settleBy !== null && context.now >= order.settleBy;
  if (payment === undefined || !due || !waitsFor(order, payment)) return { outcome: 'unchanged' };
  const row = requireRow(order, 'payment-abandoned');
  return stepped(follow(order, row, context), { type: row.event, cause: row.trigger });
}

/** Takes the provider's word on a refund into the order. */
export function reportRefund(order: OrderFacts, report: RefundReport, { now }: StepContext): Stepped | ReportRefusal {
  const refund = order.refunds.find(({ id }) => id === report.refundId);
  if (refund === undefined || refund.status !== 'pending') return { outcome: 'unchanged' };
  const { providerRef, status } = report;
  const settled: Refund = { ...refund, providerRef, status, settledAt: now };
  const refunds = order.refunds.map((each) => (each.id === refund.id ? settled : each));
  const lines = status === 'failed' ? unrefunded(order.lines, refund) : order.lines;
  return stepped(nextVersion(order, { refunds, lines }), {
    type: `refund.${status}`,
    cause: 'refund-report',
    details: { refund: { id: refund.id, status } },
  });
}

/** The lines without the units whose price was not given back after all. */
function unrefunded(lines: readonly LineFacts[], refund: Refund): readonly LineFacts[] {
  return lines.map((line) => {
    const asked = refund.lines.find(({ itemId }) => itemId === line.itemId);
    return asked === undefined ? line : { ...line, refunded: line.refunded - asked.quantity };
  });
}

function rowOf(
  order: OrderFacts,
  trigger: SystemTrigger,
  fits: (row: Transition) => boolean = () => true,
): Transition | undefined {
  return transitionsFrom(order.status, order.fulfillment, trigger).find(fits);
}

function requireRow(order: OrderFacts, trigger: SystemTrigger): Transition {
  const row = rowOf(order, trigger);
  if (row === undefined) throw new Error(`There is no ${trigger} from ${order.status}.`);
  return row;
}

function settle(payment: Payment, changes: Partial<Payment>, settledAt: Date): Payment {
  return { ...payment, nextActionUrl: null, ...changes, settledAt };
}

/** The request that opened the attempt is answered by the step that settles it, unless it has been already. */
function answered(payment: Payment, order: OrderFacts, status: PaymentAnswer['status']): Payment {
  return payment.answer === null ? { ...payment, answer: { status, version: order.version + 1 } } : payment;
}

function replacePayment(order: OrderFacts, payment: Payment): OrderFacts {
  return { ...order, payments: order.payments.map((each) => (each.id === payment.id ? payment : each)) };
}

/** A step of the money alone. */
function moneyStep(
  order: OrderFacts,
  payment: Payment,
  type: OrderEventType,
  back: ReturnType<typeof giveBack> = { refunds: [], jobs: [] },
): Stepped {
  const next = nextVersion(replacePayment(order, payment), { refunds: [...order.refunds, ...back.refunds] });
  return stepped(next, {
    type,
    cause: 'payment-report',
    details: { payment: paymentSnapshot(payment), ...refundDetails(back.refunds) },
    jobs: back.jobs,
    endedJobs: ended(payment),
  });
}

/** Jobs that a payment in this status leaves nothing to do for. */
function ended(payment: Payment): Stepped['endedJobs'] {
  const kinds = {
    processing: [],
    requires_action: [],
    authorized: ['settle'],
    failed: ['settle'],
    captured: ['settle', 'capture', 'cancel'],
    cancelled: ['settle', 'capture', 'cancel'],
  } as const;
  return kinds[payment.status].map((kind) => ({ kind, paymentId: payment.id }));
}
