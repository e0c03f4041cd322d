import type { OrderFacts, StepContext, Stepped } from './order-facts.ts';
import { INTENTS, type Intent, type OrderActor, type Transition, transitionsFrom } from './order-transitions.ts';
import { awaitsCapture, isOpen, type Payment, type RefundLine } from './payment.ts';
import { paymentSnapshot } from './payment-snapshot.ts';
import {
  askAfterCharge,
  follow,
  giveBack,
  jobFor,
  newRefund,
  refundableMinor,
  refundDetails,
  type Shortage,
  shortageOf,
  stepped,
} from './step-effects.ts';

/** What somebody asks for. */
export type IntentStep =
  | {
      readonly intent: 'payment';
      readonly paymentId: string;
      readonly provider: string;
      /** For the orders of a rehearsal. */
      readonly testProvider: string;
    }
  | { readonly intent: 'acceptance' | 'preparation' | 'reinstatement' }
  | {
      readonly intent: 'pickup' | 'delivery' | 'fulfillment';
      readonly handover: 'customer' | 'courier';
      /** False: a collection code was given, and it is another order's. */
      readonly codeMatches: boolean;
    }
  | { readonly intent: 'rejection'; readonly reason: string | null; readonly restock: boolean }
  | {
      readonly intent: 'cancellation';
      readonly reason: string | null;
      /** Null: not told. Only where preparation has begun may it be told. */
      readonly restock: boolean | null;
      /** What the merchant keeps of the money. Only where preparation has begun. */
      readonly retainMinor: number | null;
    }
  | {
      readonly intent: 'refunds';
      readonly reason: string | null;
      /** Null where lines are named: their price. */
      readonly amountMinor: number | null;
      readonly lines: readonly { readonly itemId: string; readonly quantity: number; readonly restock: boolean }[];
    };

/** The most attempts to pay one order. Somebody who tries cards finds an end. */
export const ATTEMPTS_MAX = 20;

/** Why an intent is not carried out. Expected, so a value. Nothing changes. */
export type IntentRefusal =
  /** Not from this status, or not any more. */
  | { readonly outcome: 'not-allowed'; readonly allowed: readonly Intent[] }
  /** The outcome of an earlier attempt to pay is still open. */
  | { readonly outcome: 'payment-open' }
  /** It was tried ATTEMPTS_MAX times. */
  | { readonly outcome: 'too-many-attempts' }
  /** The provider has not said yet whether the money is captured; it may be asked for again in a moment. */
  | { readonly outcome: 'capture-pending' }
  | { readonly outcome: 'amount-exceeded'; readonly refundableMinor: number }
  | {
      readonly outcome: 'lines-exceeded';
      readonly lines: readonly { readonly itemId: string; readonly refundable: number; readonly restockable: number }[];
    }
  /** The collection code is not this order's. */
  | { readonly outcome: 'wrong-code' }
  /** The option is for orders whose preparation has begun. */
  | { readonly outcome: 'option-not-allowed'; readonly option: 'restock' | 'retainMinor' }
  | Shortage;

/** What somebody in these roles may do to an order now. */
export function allowedIntents(
  order: Pick<OrderFacts, 'status' | 'fulfillment' | 'payBy' | 'acceptBy'>,
  actors: ReadonlySet<OrderActor>,
  now: Date,
): Intent[] {
  return INTENTS.filter((intent) => rowsFor(order, intent, actors, now).length > 0);
}

/** The rows that apply. From its deadline on nothing is begun that the deadline forbids, swept or not. */
function rowsFor(
  { status, fulfillment, payBy, acceptBy }: Pick<OrderFacts, 'status' | 'fulfillment' | 'payBy' | 'acceptBy'>,
  intent: Intent,
  actors: ReadonlySet<OrderActor>,
  now: Date,
): readonly Transition[] {
  if (intent === 'payment' && payBy !== null && now >= payBy) return [];
  if (intent === 'acceptance' && acceptBy !== null && now >= acceptBy) return [];
  return transitionsFrom(status, fulfillment, intent).filter((row) => row.who.some((actor) => actors.has(actor)));
}

/** Decides what somebody asks of an order. Pure: the caller holds the order's row lock and has compared the version. */
export function takeIntent(
  order: OrderFacts,
  step: IntentStep,
  actors: ReadonlySet<OrderActor>,
  context: StepContext,
): Stepped | IntentRefusal {
  const rows = rowsFor(order, step.intent, actors, context.now);
  const row = rows.find(
    (each) => each.handover === undefined || ('handover' in step && each.handover === step.handover),
  );
  if (row === undefined) return { outcome: 'not-allowed', allowed: allowedIntents(order, actors, context.now) };
  if ('codeMatches' in step && !step.codeMatches) return { outcome: 'wrong-code' };
  switch (step.intent) {
    case 'payment':
      return openAttempt(order, row, step, context);
    case 'acceptance':
      return accept(order, row, context);
    case 'rejection':
      return reject(order, row, step, context);
    case 'cancellation':
      return cancel(order, row, step, context);
    case 'refunds':
      return refund(order, row, step, context);
    case 'reinstatement':
      return reinstate(order, row, context);
    default:
      return stepped(follow(order, row, context), { type: row.event, cause: step.intent });
  }
}

/** The attempt is recorded before the provider is called; the job asks what came of it if nobody else does. */
function openAttempt(
  order: OrderFacts,
  row: Transition,
  { paymentId, provider, testProvider }: Extract<IntentStep, { intent: 'payment' }>,
  context: StepContext,
): Stepped | IntentRefusal {
  if (order.payments.some(isOpen)) return { outcome: 'payment-open' };
  if (order.payments.length >= ATTEMPTS_MAX) return { outcome: 'too-many-attempts' };
  const payment: Payment = {
    id: paymentId,
    orderId: order.id,
    provider: order.test ? testProvider : provider,
    providerRef: null,
    status: 'processing',
    capture: order.fulfillment === 'kitchen' ? 'manual' : 'automatic',
    currency: order.currency,
    amountMinor: order.totalMinor,
    capturedMinor: 0,
    nextActionUrl: null,
    declineCode: null,
    createdAt: context.now,
    settledAt: null,
    answer: null,
  };
  const next = { ...follow(order, row, context), payments: [...order.payments, payment] };
  return stepped(next, {
    type: row.event,
    cause: 'payment',
    details: { payment: paymentSnapshot(payment) },
    jobs: [askAfterCharge(payment.id, order.terms)],
  });
}

function accept(order: OrderFacts, row: Transition, context: StepContext): Stepped {
  const due = order.payments.filter(awaitsCapture);
  return stepped(follow(order, row, context), {
    type: row.event,
    cause: 'acceptance',
    jobs: due.map((payment) => jobFor('capture', payment.id)),
  });
}

function reject(
  order: OrderFacts,
  row: Transition,
  { reason, restock }: Extract<IntentStep, { intent: 'rejection' }>,
  context: StepContext,
): Stepped {
  const { refunds, jobs } = giveBack(order, order.payments, context, 'rejection', reason);
  const next = follow(order, row, context, { restock });
  return stepped(
    { ...next, refunds: [...order.refunds, ...refunds] },
    {
      type: row.event,
      cause: 'rejection',
      details: { ...(reason === null ? {} : { reason }), restocked: restock, ...refundDetails(refunds) },
      jobs,
    },
  );
}

function cancel(
  order: OrderFacts,
  row: Transition,
  { reason, restock, retainMinor }: Extract<IntentStep, { intent: 'cancellation' }>,
  context: StepContext,
): Stepped | IntentRefusal {
  const prepared = row.money === 'give-back-or-keep';
  if (!prepared && restock !== null) return { outcome: 'option-not-allowed', option: 'restock' };
  if (!prepared && retainMinor !== null) return { outcome: 'option-not-allowed', option: 'retainMinor' };
  // Accepted, and the capture is under way: whether to void or to refund is not known yet.
  if (prepared && order.payments.some(awaitsCapture)) return { outcome: 'capture-pending' };

  const keep = retainMinor ?? 0;
  const refundable = order.payments.reduce((sum, payment) => sum + refundableMinor(order, payment), 0);
  if (keep > refundable) return { outcome: 'amount-exceeded', refundableMinor: refundable };

  const { refunds, jobs } = giveBack(order, order.payments, context, 'cancellation', reason, keep);
  const next = follow(order, row, context, { restock: restock ?? undefined });
  return stepped(
    { ...next, refunds: [...order.refunds, ...refunds] },
    {
      type: row.event,
      cause: 'cancellation',
      details: {
        ...(reason === null ? {} : { reason }),
        ...(keep > 0 ? { retainedMinor: keep } : {}),
        ...(prepared ? { restocked: restock ?? false } : {}),
        ...refundDetails(refunds),
      },
      jobs,
      retained: keep > 0 ? { amountMinor: keep, reason } : null,
    },
  );
}

function refund(
  order: OrderFacts,
  row: Transition,
  step: Extract<IntentStep, { intent: 'refunds' }>,
  context: StepContext,
): Stepped | IntentRefusal {
  if (order.payments.some(awaitsCapture)) return { outcome: 'capture-pending' };
  const lines = linesToRefund(order, step.lines);
  if ('outcome' in lines) return lines;
  const amountMinor = step.amountMinor ?? lines.priceMinor;
  const most = Math.max(0, ...order.payments.map((payment) => refundableMinor(order, payment)));
  const payment = order.payments.find((each) => refundableMinor(order, each) >= amountMinor);
  if (payment === undefined || amountMinor <= 0) return { outcome: 'amount-exceeded', refundableMinor: most };

  const made = newRefund(
    order,
    payment,
    context.newId(),
    amountMinor,
    'requested',
    step.reason,
    lines.lines,
    context.now,
  );
  const next = follow(order, row, context, { lines: lines.lines });
  return stepped(
    { ...next, refunds: [...order.refunds, made] },
    {
      type: row.event,
      cause: 'refunds',
      details: refundDetails([made]),
      jobs: [jobFor('refund', payment.id, made.id)],
    },
  );
}

/** The named lines with their price: never more than was bought and not refunded yet, nor put back more than is sold. */
function linesToRefund(
  order: OrderFacts,
  asked: Extract<IntentStep, { intent: 'refunds' }>['lines'],
): { lines: RefundLine[]; priceMinor: number } | IntentRefusal {
  const exceeded: { itemId: string; refundable: number; restockable: number }[] = [];
  const lines: RefundLine[] = [];
  let priceMinor = 0;
  for (const [index, { itemId, quantity, restock }] of asked.entries()) {
    const line = order.lines.find((each) => each.itemId === itemId);
    const twice = asked.findIndex((each) => each.itemId === itemId) < index;
    const refundable = line === undefined ? 0 : line.quantity - line.refunded;
    const restockable = line?.sold ?? 0;
    if (line === undefined || twice || quantity > refundable || (restock && quantity > restockable)) {
      exceeded.push({ itemId, refundable, restockable });
      continue;
    }
    lines.push({ itemId, quantity, restocked: restock ? quantity : 0 });
    priceMinor += quantity * line.unitPriceMinor;
  }
  return exceeded.length > 0 ? { outcome: 'lines-exceeded', lines: exceeded } : { lines, priceMinor };
}

function reinstate(order: OrderFacts, row: Transition, context: StepContext): Stepped | IntentRefusal {
  const shortage = shortageOf(order, context);
  if (shortage !== undefined) return shortage;
  return stepped(follow(order, row, context), { type: row.event, cause: 'reinstatement' });
}
