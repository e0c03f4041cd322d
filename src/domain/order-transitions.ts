import type { OrderStatus } from './order.ts';
import type { OrderEventType } from './order-event-types.ts';
import type { Fulfillment } from './sale.ts';

/** What people ask for after an order is placed; each is a resource of the order. */
export const INTENTS = [
  'payment',
  'acceptance',
  'rejection',
  'preparation',
  'pickup',
  'delivery',
  'fulfillment',
  'cancellation',
  'refunds',
  'reinstatement',
] as const;

export type Intent = (typeof INTENTS)[number];

/** What makes the engine itself change an order. */
export type SystemTrigger =
  /** The provider says that the money is there. */
  | 'payment-succeeded'
  /** The provider says no, or it is certain that nothing was charged. */
  | 'payment-refused'
  /** The payment was still open when its time was over. */
  | 'payment-abandoned'
  | 'hold-expired'
  | 'acceptance-overdue'
  /** Money for an order that is no longer waiting for it. */
  | 'late-money'
  /** The authorized money can never be captured. */
  | 'authorization-lost';

export type Trigger = Intent | SystemTrigger;

/** In which role somebody acts on an order. `merchant` is the merchant's people and its own back end. */
export type OrderActor = 'owner' | 'merchant' | 'courier' | 'operator' | 'system';

/** What a step does to the stock of an order's lines. */
export type StockEffect =
  | 'none'
  /** held → sold */
  | 'claim'
  /** held → available */
  | 'release'
  /** sold → available, unless told not to */
  | 'return'
  /** sold → available, only if asked for */
  | 'return-if-asked'
  /** available → held, or the step does not happen */
  | 'hold-again'
  /** available → sold, or the money goes back */
  | 'take-again'
  /** sold → available for the lines that are named */
  | 'return-lines';

/** What a step does to the money. Whatever the provider must do for it becomes a job. */
export type MoneyEffect =
  | 'none'
  /** An attempt is recorded; then the provider is called. */
  | 'attempt'
  | 'capture'
  /** What is captured is refunded, what is authorized is voided. */
  | 'give-back'
  /** The same, and the merchant may keep a part. */
  | 'give-back-or-keep'
  | 'refund';

/** One row of the state machine. */
export interface Transition {
  readonly trigger: Trigger;
  readonly from: OrderStatus;
  /** The same as `from` where the status does not change. */
  readonly to: OrderStatus;
  readonly fulfillment: Fulfillment | 'any';
  readonly who: readonly OrderActor[];
  readonly stock: StockEffect;
  readonly money: MoneyEffect;
  readonly event: OrderEventType;
  /** Tells two ways of the same intent apart: handed to the customer, or to a courier. */
  readonly handover?: 'customer' | 'courier';
}

const OWNER_AND_STAFF = ['owner', 'merchant', 'operator'] as const;
const SYSTEM = ['system'] as const;

/**
 * The life of an order, for both kinds of fulfillment. Whatever is not here cannot happen. `docs/order-states.md` is
 * drawn from it.
 */
export const TRANSITIONS: readonly Transition[] = [
  ...paymentRows(),
  ...kitchenRows(),
  {
    trigger: 'fulfillment',
    from: 'confirmed',
    to: 'completed',
    fulfillment: 'direct',
    who: ['merchant'],
    stock: 'none',
    money: 'none',
    event: 'order.fulfilled',
  },
  ...cancellationRows(),
  ...refundRows(),
];

function paymentRows(): Transition[] {
  const paid = [
    { fulfillment: 'direct', to: 'confirmed' },
    { fulfillment: 'kitchen', to: 'pending_acceptance' },
  ] as const;
  return [
    {
      trigger: 'payment',
      from: 'pending_payment',
      to: 'payment_processing',
      fulfillment: 'any',
      who: ['owner'],
      stock: 'none',
      money: 'attempt',
      event: 'order.payment_started',
    },
    ...paid.map(
      ({ fulfillment, to }): Transition => ({
        trigger: 'payment-succeeded',
        from: 'payment_processing',
        to,
        fulfillment,
        who: SYSTEM,
        stock: 'claim',
        money: 'none',
        event: 'order.paid',
      }),
    ),
    {
      trigger: 'payment-refused',
      from: 'payment_processing',
      to: 'pending_payment',
      fulfillment: 'any',
      who: SYSTEM,
      stock: 'none',
      money: 'none',
      event: 'order.payment_refused',
    },
    {
      trigger: 'payment-abandoned',
      from: 'payment_processing',
      to: 'expired',
      fulfillment: 'any',
      who: SYSTEM,
      stock: 'release',
      money: 'none',
      event: 'order.expired',
    },
    {
      trigger: 'hold-expired',
      from: 'pending_payment',
      to: 'expired',
      fulfillment: 'any',
      who: SYSTEM,
      stock: 'release',
      money: 'none',
      event: 'order.expired',
    },
    ...paid.flatMap(({ fulfillment, to }): Transition[] => [
      // A payment that had been given up went through after all, and the stock is still held.
      {
        trigger: 'late-money',
        from: 'pending_payment',
        to,
        fulfillment,
        who: SYSTEM,
        stock: 'claim',
        money: 'none',
        event: 'order.paid',
      },
      {
        trigger: 'late-money',
        from: 'expired',
        to,
        fulfillment,
        who: SYSTEM,
        stock: 'take-again',
        money: 'none',
        event: 'order.paid',
      },
    ]),
    ...(['expired', 'cancelled', 'rejected'] as const).map(
      (status): Transition => ({
        trigger: 'late-money',
        from: status,
        to: status,
        fulfillment: 'any',
        who: SYSTEM,
        stock: 'none',
        money: 'give-back',
        event: 'payment.late',
      }),
    ),
    {
      trigger: 'reinstatement',
      from: 'expired',
      to: 'pending_payment',
      fulfillment: 'any',
      who: ['operator'],
      stock: 'hold-again',
      money: 'none',
      event: 'order.reinstated',
    },
  ];
}

function kitchenRows(): Transition[] {
  const kitchen = { fulfillment: 'kitchen', stock: 'none', money: 'none' } as const;
  return [
    {
      ...kitchen,
      trigger: 'acceptance',
      from: 'pending_acceptance',
      to: 'preparing',
      who: ['merchant'],
      money: 'capture',
      event: 'order.accepted',
    },
    {
      ...kitchen,
      trigger: 'rejection',
      from: 'pending_acceptance',
      to: 'rejected',
      who: ['merchant'],
      stock: 'return',
      money: 'give-back',
      event: 'order.rejected',
    },
    {
      ...kitchen,
      trigger: 'acceptance-overdue',
      from: 'pending_acceptance',
      to: 'rejected',
      who: SYSTEM,
      stock: 'return',
      money: 'give-back',
      event: 'order.rejected',
    },
    {
      ...kitchen,
      trigger: 'preparation',
      from: 'preparing',
      to: 'ready_for_pickup',
      who: ['merchant'],
      event: 'order.prepared',
    },
    {
      ...kitchen,
      trigger: 'pickup',
      handover: 'courier',
      from: 'ready_for_pickup',
      to: 'in_transit',
      who: ['courier'],
      event: 'order.picked_up',
    },
    {
      ...kitchen,
      trigger: 'pickup',
      handover: 'customer',
      from: 'ready_for_pickup',
      to: 'completed',
      who: ['merchant'],
      event: 'order.collected',
    },
    {
      ...kitchen,
      trigger: 'delivery',
      from: 'in_transit',
      to: 'completed',
      who: ['courier'],
      event: 'order.delivered',
    },
  ];
}

function cancellationRows(): Transition[] {
  const cancelled = { trigger: 'cancellation', to: 'cancelled', event: 'order.cancelled' } as const;
  const lost = { trigger: 'authorization-lost', to: 'cancelled', event: 'order.cancelled', who: SYSTEM } as const;
  return [
    {
      ...cancelled,
      from: 'pending_payment',
      fulfillment: 'any',
      who: OWNER_AND_STAFF,
      stock: 'release',
      money: 'none',
    },
    {
      ...cancelled,
      from: 'confirmed',
      fulfillment: 'direct',
      who: OWNER_AND_STAFF,
      stock: 'return',
      money: 'give-back',
    },
    {
      ...cancelled,
      from: 'pending_acceptance',
      fulfillment: 'kitchen',
      who: OWNER_AND_STAFF,
      stock: 'return',
      money: 'give-back',
    },
    ...(['preparing', 'ready_for_pickup'] as const).map(
      (from): Transition => ({
        ...cancelled,
        from,
        fulfillment: 'kitchen',
        who: ['merchant', 'operator'],
        stock: 'return-if-asked',
        money: 'give-back-or-keep',
      }),
    ),
    {
      ...cancelled,
      from: 'in_transit',
      fulfillment: 'kitchen',
      who: ['operator'],
      stock: 'return-if-asked',
      money: 'give-back-or-keep',
    },
    { ...lost, from: 'pending_acceptance', fulfillment: 'kitchen', stock: 'return', money: 'none' },
    { ...lost, from: 'preparing', fulfillment: 'kitchen', stock: 'none', money: 'none' },
    { ...lost, from: 'ready_for_pickup', fulfillment: 'kitchen', stock: 'none', money: 'none' },
  ];
}

function refundRows(): Transition[] {
  const refunded = { trigger: 'refunds', event: 'order.refunded', stock: 'return-lines', money: 'refund' } as const;
  const statuses = [
    { status: 'confirmed', fulfillment: 'direct' },
    { status: 'preparing', fulfillment: 'kitchen' },
    { status: 'ready_for_pickup', fulfillment: 'kitchen' },
    { status: 'in_transit', fulfillment: 'kitchen' },
    { status: 'completed', fulfillment: 'any' },
  ] as const;
  return statuses.map(({ status, fulfillment }) => ({
    ...refunded,
    from: status,
    to: status,
    fulfillment,
    who: ['merchant', 'operator'],
  }));
}

/** The rows by which something may happen to an order in a status. */
export function transitionsFrom(
  status: OrderStatus,
  fulfillment: Fulfillment,
  trigger: Trigger,
): readonly Transition[] {
  return TRANSITIONS.filter(
    (row) =>
      row.trigger === trigger && row.from === status && (row.fulfillment === 'any' || row.fulfillment === fulfillment),
  );
}

/** Whether somebody in one of these roles may ever do this to an order, in whatever status. */
export function mayEver(actors: ReadonlySet<OrderActor>, intent: Intent): boolean {
  return TRANSITIONS.some((row) => row.trigger === intent && row.who.some((actor) => actors.has(actor)));
}
