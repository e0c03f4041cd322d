import { ORDER_STATUSES, type OrderStatus } from '../../src/domain/order.ts';
import type { LineFacts, OrderFacts, StepContext, Stepped, StockFacts } from '../../src/domain/order-facts.ts';
import type { Payment, Refund } from '../../src/domain/payment.ts';
import type { Fulfillment } from '../../src/domain/sale.ts';

/** The database's clock in tests of single steps. */
export const NOW = new Date('2026-01-01T12:00:00Z');

/** Each of the terms of the orders that `orderFacts` makes is different, so that none passes for another. */
export const TERMS = { holdSeconds: 300, retrySeconds: 120, pinSeconds: 600, acceptanceSeconds: 240 };

/** `NOW` and so many seconds. */
export const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1_000);

/** The statuses an order of this fulfillment can be in. */
export function statusesOf(fulfillment: Fulfillment): readonly OrderStatus[] {
  const others: readonly OrderStatus[] =
    fulfillment === 'kitchen'
      ? ['confirmed']
      : ['pending_acceptance', 'preparing', 'ready_for_pickup', 'in_transit', 'rejected'];
  return ORDER_STATUSES.filter((status) => !others.includes(status));
}

/** Fulfillment and status, each pair that can be. */
export const SITUATIONS = (['direct', 'kitchen'] as const).flatMap((fulfillment) =>
  statusesOf(fulfillment).map((status) => ({ fulfillment, status })),
);

/** The one attempt of an order in a status, as it is when nothing went wrong. */
const PAYMENT_IN: Record<OrderStatus, Payment['status'] | undefined> = {
  pending_payment: undefined,
  payment_processing: 'processing',
  confirmed: 'captured',
  pending_acceptance: 'authorized',
  preparing: 'captured',
  ready_for_pickup: 'captured',
  in_transit: 'captured',
  completed: 'captured',
  cancelled: undefined,
  rejected: undefined,
  expired: undefined,
};

/** Where the units of an order are in a status. */
const UNITS_IN: Record<OrderStatus, 'held' | 'sold' | undefined> = {
  pending_payment: 'held',
  payment_processing: 'held',
  confirmed: 'sold',
  pending_acceptance: 'sold',
  preparing: 'sold',
  ready_for_pickup: 'sold',
  in_transit: 'sold',
  completed: 'sold',
  cancelled: undefined,
  rejected: undefined,
  expired: undefined,
};

/** An attempt over the whole of the default order. `capturedMinor` and the settling follow from its status. */
export function payment(overrides: Partial<Payment> = {}): Payment {
  const status = overrides.status ?? 'processing';
  const amountMinor = overrides.amountMinor ?? 1_000;
  const open = status === 'processing' || status === 'requires_action';
  return {
    id: 'payment1',
    orderId: 'order',
    provider: 'fake',
    providerRef: open ? null : 'ref1',
    status,
    capture: 'automatic',
    currency: 'EUR',
    amountMinor,
    capturedMinor: status === 'captured' ? amountMinor : 0,
    nextActionUrl: null,
    declineCode: status === 'failed' ? 'card_declined' : null,
    createdAt: NOW,
    settledAt: open ? null : NOW,
    answer: open ? null : { status: status === 'failed' || status === 'cancelled' ? 402 : 200, version: 3 },
    ...overrides,
  };
}

/** A line of two units at 4.00, with its units where the order's status has them. */
export function line(status: OrderStatus, overrides: Partial<LineFacts> = {}): LineFacts {
  const quantity = overrides.quantity ?? 2;
  const place = UNITS_IN[status];
  return {
    itemId: 'item0',
    quantity,
    unitPriceMinor: 400,
    held: place === 'held' ? quantity : 0,
    sold: place === 'sold' ? quantity : 0,
    returned: 0,
    refunded: 0,
    ...overrides,
  };
}

/**
 * An order of 10.00 (two of item0 at 4.00, one of item1 at 2.00) as it is in its status when nothing went wrong: its
 * units, its attempt to pay and its deadline are in their places.
 */
export function orderFacts(overrides: Partial<OrderFacts> = {}): OrderFacts {
  const { status = 'pending_payment', fulfillment = 'direct' } = overrides;
  const attempt = PAYMENT_IN[status];
  const capture = fulfillment === 'kitchen' ? 'manual' : 'automatic';
  return {
    id: 'order',
    saleId: 'sale',
    merchantId: 'shop',
    customerId: 'anna',
    fulfillment,
    test: false,
    currency: 'EUR',
    totalMinor: 1_000,
    status,
    version: 7,
    payBy: ['pending_payment', 'payment_processing', 'expired'].includes(status) ? later(TERMS.holdSeconds) : null,
    settleBy: status === 'payment_processing' ? later(TERMS.pinSeconds) : null,
    acceptBy: status === 'pending_acceptance' ? later(TERMS.acceptanceSeconds) : null,
    holdExtended: false,
    lines: [line(status), line(status, { itemId: 'item1', quantity: 1, unitPriceMinor: 200 })],
    payments: attempt === undefined ? [] : [payment({ status: attempt, capture })],
    refunds: [],
    terms: TERMS,
    ...overrides,
  };
}

/** A refund of 1.00 of the default payment, on its way. */
export function refundOf(overrides: Partial<Refund> = {}): Refund {
  return {
    id: 'refund1',
    orderId: 'order',
    paymentId: 'payment1',
    providerRef: null,
    status: 'pending',
    amountMinor: 100,
    cause: 'requested',
    reason: null,
    lines: [],
    createdAt: NOW,
    settledAt: null,
    ...overrides,
  };
}

/** Enough of both items of the default order. */
export function stockFacts(changes: Partial<StockFacts> = {}): Map<string, StockFacts> {
  const facts = { available: 10, limitPerCustomer: null, units: 0, ...changes };
  return new Map([
    ['item0', facts],
    ['item1', facts],
  ]);
}

/** A decision at `NOW` with enough stock. New ids are new1, new2 and so on. */
export function stepContext(overrides: Partial<StepContext> = {}): StepContext {
  let ids = 0;
  return { now: NOW, stock: stockFacts(), newId: () => `new${++ids}`, ...overrides };
}

/** The order after a step that must happen; the step's outcome is in the message where it does not. */
export function mustStep(decision: Stepped | { readonly outcome: string }): Stepped {
  if ('order' in decision) return decision;
  throw new Error(`The step was refused: ${JSON.stringify(decision)}`);
}

/** All units of an order by where they are. */
export function unitsOf(order: OrderFacts): { held: number; sold: number; returned: number; refunded: number } {
  const sum = (of: (each: LineFacts) => number) => order.lines.reduce((total, each) => total + of(each), 0);
  return {
    held: sum(({ held }) => held),
    sold: sum(({ sold }) => sold),
    returned: sum(({ returned }) => returned),
    refunded: sum(({ refunded }) => refunded),
  };
}
