import {
  accepted,
  type HandMadeRun,
  ITEM_ID,
  judge,
  makeItem,
  makeOrder,
  secondsAfterOpening,
} from './hand-made-run.ts';
import type { DeliveryRecord, ProviderPayment, RestState, StepRecord } from './history.ts';
import type { HistoryEntry, OrderLife, PaymentState, RefundState } from './order-life.ts';
import type { OrderState } from './order-state.ts';

/*
 * Orders that went further than their placing, made by hand for the checker's tests. Everything that a test does not
 * state is as a right engine would have it: `paidLife` is an order of one unit for 500 that was placed, paid and told of.
 */

const PRICE_MINOR = 500;

export function entry(
  version: number,
  type: string,
  status: string,
  changes: Partial<HistoryEntry> = {},
): HistoryEntry {
  return {
    ...{ version, type, status, by: 'system', cause: null, restocked: null, retainedMinor: 0, restockedLines: [] },
    occurredAt: secondsAfterOpening(version),
    ...changes,
  };
}

const placed = entry(1, 'order.placed', 'pending_payment', { by: 'customer' });
const started = entry(2, 'order.payment_started', 'payment_processing', { by: 'customer', cause: 'payment' });
const paid = entry(3, 'order.paid', 'confirmed', { cause: 'payment-succeeded' });

export const PAID: readonly HistoryEntry[] = [placed, started, paid];
export const UNPAID: readonly HistoryEntry[] = [placed];

export const CAPTURED: PaymentState = {
  ...{ id: 'payment-1', status: 'captured', amountMinor: PRICE_MINOR, capturedMinor: PRICE_MINOR },
};

export const REFUNDED: RefundState = {
  ...{ id: 'refund-1', paymentId: 'payment-1', status: 'succeeded', amountMinor: PRICE_MINOR, cause: 'cancellation' },
};

/** A paid order's history and what comes after it. */
export function paidAnd(...more: readonly HistoryEntry[]): HistoryEntry[] {
  return [...PAID, ...more];
}

/** The life of the order of `livedRun`; its status and version are those of its last entry. */
export function makeLife(history: readonly HistoryEntry[], changes: Partial<OrderLife> = {}): OrderLife {
  const last = history.at(-1);
  const hasPaid = history.some(({ type }) => type === 'order.paid');
  return {
    ...{ orderId: 'order-1', version: last?.version ?? 0, status: last?.status ?? '', totalMinor: PRICE_MINOR },
    ...{ history, payments: hasPaid ? [CAPTURED] : [], refunds: [] },
    ...changes,
  };
}

export function booked(life: OrderLife): ProviderPayment[] {
  const refunded = life.refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  return life.payments.map(({ id, status, amountMinor, capturedMinor }) => ({
    ...{ paymentId: id, orderId: life.orderId, status, amountMinor, capturedMinor, refundedMinor: refunded },
  }));
}

export function delivered({ orderId, history }: OrderLife): DeliveryRecord[] {
  return history.map(({ version, type, status }) => ({
    ...{ operation: 'delivery', receivedAtMs: version, eventId: `evt_${orderId}_${version}` },
    ...{ type, orderId, version, status },
  }));
}

/** An attempt without an answer at `sentAtMs`; `done` and `refusedStep` fill it in. */
export function asked(intent: string, sentAtMs: number, changes: Partial<StepRecord> = {}): StepRecord {
  return {
    ...{ operation: 'step', orderId: 'order-1', intent, actorId: 'ann', key: `key-${intent}`, tag: '*', sentAtMs },
    ...{ answeredAtMs: null, status: null, code: null, replayed: false },
    ...{ bodyHash: null, etag: null, version: null, orderStatus: null },
    ...changes,
  };
}

export function done(
  intent: string,
  sentAtMs: number,
  entryMade: HistoryEntry,
  changes: Partial<StepRecord> = {},
): StepRecord {
  const { version, status } = entryMade;
  return asked(intent, sentAtMs, {
    ...{ answeredAtMs: sentAtMs + 1, status: 200, bodyHash: `hash of ${version}`, etag: `"${version}"` },
    ...{ version, orderStatus: status },
    ...changes,
  });
}

export function refusedStep(
  intent: string,
  sentAtMs: number,
  status: number,
  code: string,
  changes: Partial<StepRecord> = {},
): StepRecord {
  return asked(intent, sentAtMs, { answeredAtMs: sentAtMs + 1, status, code, ...changes });
}

const PAYMENT = done('payment', 10, paid);

export interface LivedRun extends Pick<HandMadeRun, 'orderReads' | 'saleReads' | 'terms'> {
  readonly life: OrderLife;
  /** The steps besides the payment of a paid order. */
  readonly steps?: readonly StepRecord[];
  readonly rest?: Partial<RestState>;
  readonly deliveries?: readonly DeliveryRecord[];
  readonly order?: Partial<OrderState>;
  readonly held?: number;
  readonly sold?: number;
}

/** Judges a run of one order with its life. Of five units it still has one, unless told otherwise. */
export function judgeLife(run: LivedRun): string[] {
  const { life, steps = [], deliveries = delivered(life), order: changes, rest, held = 0, sold = 1, ...looks } = run;
  const order = makeOrder('ann', 1, 1, { status: life.status, ...changes });
  const stock = { capacity: 5, available: 5 - held - sold, held, sold };
  const isPaid = life.history.some(({ type }) => type === 'order.paid');
  return judge({
    ...looks,
    placings: [accepted({ ...order, status: 'pending_payment' }, 1, 2)],
    orders: [order],
    opening: [makeItem(5, 0)],
    items: [makeItem(5, 0, { stock })],
    steps: [...(isPaid ? [PAYMENT] : []), ...steps],
    deliveries,
    rest: {
      ...{ observedAt: secondsAfterOpening(60), lives: [life], providerBooks: booked(life), discrepancies: [] },
      ...{ gate: { driftUnits: 0, openReservations: 0 }, eventsAwaited: true },
      ...rest,
    },
  });
}

export const ONE_UNIT = [{ itemId: ITEM_ID, units: 1 }];
