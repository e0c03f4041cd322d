import type { LineFacts, NewJob, OrderFacts, StepContext, StepDetails, Stepped } from './order-facts.ts';
import type { StockEffect, Transition } from './order-transitions.ts';
import type { Payment, Refund, RefundCause, RefundLine } from './payment.ts';

/** The provider gets this long before a worker asks what came of a charge: longer than the engine waits for an answer. */
const CHARGE_LEASE_MS = 30_000;

/** Which items do not have what an order would take again, and why. */
export type Shortage =
  | {
      readonly outcome: 'limit-reached';
      readonly items: readonly { readonly itemId: string; readonly limit: number; readonly taken: number }[];
    }
  | {
      readonly outcome: 'sold-out';
      readonly items: readonly { readonly itemId: string; readonly requested: number; readonly available: number }[];
    };

/** Why an expired order's stock cannot be taken again, or undefined where it can. In the order in which placing checks. */
export function shortageOf(order: OrderFacts, { stock }: StepContext): Shortage | undefined {
  const wanted = order.lines.map(({ itemId, quantity }) => {
    const facts = stock.get(itemId);
    if (facts === undefined) throw new Error(`The stock of item ${itemId} was not read.`);
    return { itemId, quantity, ...facts };
  });
  const overLimit = wanted.flatMap(({ itemId, quantity, limitPerCustomer, units }) =>
    limitPerCustomer !== null && units + quantity > limitPerCustomer
      ? [{ itemId, limit: limitPerCustomer, taken: units }]
      : [],
  );
  if (overLimit.length > 0) return { outcome: 'limit-reached', items: overLimit };
  const short = wanted.flatMap(({ itemId, quantity, available }) =>
    available < quantity ? [{ itemId, requested: quantity, available }] : [],
  );
  return short.length > 0 ? { outcome: 'sold-out', items: short } : undefined;
}

/** The lines after a stock effect. What the items and the customers' units gain or lose follows from the difference. */
export function moveStock(
  lines: readonly LineFacts[],
  effect: StockEffect,
  options: { restock?: boolean | undefined; lines?: readonly RefundLine[] } = {},
): readonly LineFacts[] {
  switch (effect) {
    case 'none':
      return lines;
    case 'claim':
      return lines.map((line) => ({ ...line, held: 0, sold: line.sold + line.held }));
    case 'release':
      return lines.map((line) => ({ ...line, held: 0 }));
    case 'return':
      return options.restock === false ? lines : lines.map(returned);
    case 'return-if-asked':
      return options.restock === true ? lines.map(returned) : lines;
    case 'hold-again':
      return lines.map((line) => ({ ...line, held: line.quantity }));
    case 'take-again':
      return lines.map((line) => ({ ...line, sold: line.quantity }));
    case 'return-lines':
      return lines.map((line) => {
        const asked = options.lines?.find(({ itemId }) => itemId === line.itemId);
        if (asked === undefined) return line;
        const { quantity, restocked } = asked;
        return {
          ...line,
          refunded: line.refunded + quantity,
          sold: line.sold - restocked,
          returned: line.returned + restocked,
        };
      });
  }
}

function returned(line: LineFacts): LineFacts {
  return { ...line, sold: 0, returned: line.returned + line.sold };
}

/** What of a captured payment can still be given back: captured − refunded − on its way back. */
export function refundableMinor(order: Pick<OrderFacts, 'refunds'>, payment: Payment): number {
  const gone = order.refunds
    .filter((refund) => refund.paymentId === payment.id && refund.status !== 'failed')
    .reduce((sum, refund) => sum + refund.amountMinor, 0);
  return payment.capturedMinor - gone;
}

/** Money that goes back, and the jobs that carry it. */
export interface GivenBack {
  readonly refunds: readonly Refund[];
  readonly jobs: readonly NewJob[];
}

/**
 * Gives back what the payments of an order have: what is captured is refunded, less `retainMinor`; what is authorized
 * is voided.
 */
export function giveBack(
  order: OrderFacts,
  payments: readonly Payment[],
  { now, newId }: StepContext,
  cause: RefundCause,
  reason: string | null = null,
  retainMinor = 0,
): GivenBack {
  let keep = retainMinor;
  const refunds: Refund[] = [];
  const jobs: NewJob[] = [];
  for (const payment of payments) {
    if (payment.status === 'authorized') jobs.push(jobFor('cancel', payment.id));
    const refundable = refundableMinor(order, payment);
    const kept = Math.min(keep, refundable);
    keep -= kept;
    if (refundable === kept) continue;
    const refund = newRefund(order, payment, newId(), refundable - kept, cause, reason, [], now);
    refunds.push(refund);
    jobs.push(jobFor('refund', payment.id, refund.id));
  }
  return { refunds, jobs };
}

export function newRefund(
  order: OrderFacts,
  payment: Payment,
  id: string,
  amountMinor: number,
  cause: RefundCause,
  reason: string | null,
  lines: readonly RefundLine[],
  createdAt: Date,
): Refund {
  return {
    id,
    orderId: order.id,
    paymentId: payment.id,
    providerRef: null,
    status: 'pending',
    amountMinor,
    cause,
    reason,
    lines,
    createdAt,
    settledAt: null,
  };
}

/** A job that is due at once. */
export function jobFor(kind: NewJob['kind'], paymentId: string, refundId: string | null = null): NewJob {
  return { kind, paymentId, refundId, delayMs: 0 };
}

/** The question how a charge ended: due when the one who charges has had the time to hear it, or the pin is over. */
export function askAfterCharge(paymentId: string, { pinSeconds }: OrderFacts['terms']): NewJob {
  return { kind: 'settle', paymentId, refundId: null, delayMs: Math.min(CHARGE_LEASE_MS, pinSeconds * 1_000) };
}

/** The order in its next version: the one place that raises it. */
export function nextVersion(order: OrderFacts, changes: Partial<OrderFacts>): OrderFacts {
  return { ...order, ...changes, version: order.version + 1 };
}

/** A row of the state machine carried out: the new status with its deadline, and the stock's new place. */
export function follow(
  order: OrderFacts,
  row: Transition,
  { now }: StepContext,
  options: { restock?: boolean | undefined; lines?: readonly RefundLine[] } = {},
): OrderFacts {
  const lines = moveStock(order.lines, row.stock, options);
  return nextVersion(order, { status: row.to, lines, ...deadlinesAfter(order, row, now) });
}

type Deadlines = Pick<OrderFacts, 'payBy' | 'settleBy' | 'acceptBy' | 'holdExtended'>;

const after = (now: Date, seconds: number) => new Date(now.getTime() + seconds * 1_000);

/** Each status has its own deadline and no other. */
function deadlinesAfter(order: OrderFacts, row: Transition, now: Date): Deadlines {
  const { payBy, settleBy, acceptBy, holdExtended, terms } = order;
  if (row.to === row.from) return { payBy, settleBy, acceptBy, holdExtended };
  const none = { payBy: null, settleBy: null, acceptBy: null, holdExtended };
  switch (row.to) {
    case 'payment_processing':
      return { ...none, payBy, settleBy: after(now, terms.pinSeconds) };
    case 'pending_payment':
      if (row.trigger === 'reinstatement')
        return { ...none, payBy: after(now, terms.holdSeconds), holdExtended: false };
      return { ...none, ...holdAfterRefusal(order, now) };
    case 'expired':
      // When the hold ended stays to be seen.
      return { ...none, payBy };
    case 'pending_acceptance':
      return { ...none, acceptBy: after(now, terms.acceptanceSeconds) };
    default:
      return none;
  }
}

/** Whoever was refused keeps the stock long enough to try again, once. */
function holdAfterRefusal(
  { payBy, holdExtended, terms }: OrderFacts,
  now: Date,
): Pick<Deadlines, 'payBy' | 'holdExtended'> {
  const atLeast = after(now, terms.retrySeconds);
  if (holdExtended || (payBy !== null && payBy >= atLeast)) return { payBy, holdExtended };
  return { payBy: atLeast, holdExtended: true };
}

/** A step without the parts that most steps do not have. */
export function stepped(
  order: OrderFacts,
  step: Pick<Stepped, 'type' | 'cause'> & Partial<Omit<Stepped, 'outcome' | 'order'>>,
): Stepped {
  const details: StepDetails = step.details ?? {};
  return { outcome: 'stepped', order, jobs: [], endedJobs: [], retained: null, ...step, details };
}

/** What the history shows of refunds. */
export function refundDetails(refunds: readonly Refund[]): Pick<StepDetails, 'refunds'> {
  if (refunds.length === 0) return {};
  return {
    refunds: refunds.map(({ id, paymentId, amountMinor, cause, reason, lines }) => ({
      id,
      paymentId,
      amountMinor,
      cause,
      reason,
      lines,
    })),
  };
}
