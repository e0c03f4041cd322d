// The life of orders as the design tells it, written apart from the engine's own rules so that each checks the other.
// A world is what the ledger and the sandbox provider may hold at one moment. All of it is plain data, and no function
// changes a world that it was given.

export type Status =
  | 'pending_payment'
  | 'payment_processing'
  | 'confirmed'
  | 'pending_acceptance'
  | 'preparing'
  | 'ready_for_pickup'
  | 'in_transit'
  | 'completed'
  | 'cancelled'
  | 'rejected'
  | 'expired';

export const ACTORS = ['customer0', 'customer1', 'merchant', 'courier', 'operator'] as const;
export type Actor = (typeof ACTORS)[number];

export const CARDS = [
  'card_ok',
  'card_declined',
  'card_authentication_required',
  'card_timeout_charged',
  'card_timeout_not_charged',
  'card_error_then_ok',
  'card_webhook_first',
  'card_duplicate_webhooks',
  'card_silent',
  'card_capture_declined',
  'card_refund_error_then_ok',
] as const;
export type Card = (typeof CARDS)[number];

/** What all orders of one sale share. */
export interface Terms {
  readonly fulfillment: 'direct' | 'kitchen';
  readonly priceMinor: number;
  readonly limit: number | null;
}

type AttemptStatus = 'processing' | 'requires_action' | 'authorized' | 'captured' | 'failed' | 'cancelled';

/** An attempt to pay, as the ledger has it and as the provider has it. */
export interface Attempt {
  readonly card: Card;
  status: AttemptStatus;
  provider: AttemptStatus | 'unheard' | 'unconfirmed';
  silent: boolean;
  /** How the request that opened it is answered. */
  answer: { readonly status: 200 | 202 | 402; readonly version: number } | null;
  /** The engine has been told to ask again about a refused attempt. */
  askAgain: boolean;
  /** The provider has done what it was told, and the engine is about to take that in. */
  unreported: boolean;
  /** It is this money that pays the order. */
  pays: boolean;
  captureDue: boolean;
  voidDue: boolean;
  /** Somebody may be about to void it, though it is no longer due. */
  voidBegun: boolean;
}

export interface Refund {
  readonly attempt: number;
  readonly amountMinor: number;
  readonly cause: 'requested' | 'cancellation' | 'rejection' | 'late_payment' | 'duplicate_payment';
  status: 'pending' | 'succeeded';
}

export interface ModelOrder {
  readonly owner: 0 | 1;
  readonly quantity: number;
  status: Status;
  held: number;
  sold: number;
  returned: number;
  /** Units whose price was given back. */
  refunded: number;
  retainedMinor: number;
  /** The deadline of its status is over: to pay, or to accept. */
  overdue: boolean;
  pinOver: boolean;
  attempts: Attempt[];
  refunds: Refund[];
  /** One entry a version. */
  history: { readonly event: string; readonly status: Status }[];
}

export interface World {
  available: number;
  /** By the place that the test gave them; null where placing was refused or is still to be decided. */
  orders: (ModelOrder | null)[];
}

export const versionOf = (order: ModelOrder): number => order.history.length;

export const ENDED: readonly Status[] = ['cancelled', 'rejected', 'expired'];
export const COOKED: readonly Status[] = ['preparing', 'ready_for_pickup', 'in_transit'];

/** The world after a change of one of its orders. */
export function change(world: World, place: number, alter: (order: ModelOrder, world: World) => void): World {
  const next = structuredClone(world);
  alter(orderAt(next, place), next);
  return next;
}

export function orderAt(world: World, place: number): ModelOrder {
  const order = world.orders[place];
  if (!order) throw new Error(`The model has no order in place ${place}.`);
  return order;
}

export function enter(order: ModelOrder, event: string, status: Status = order.status): void {
  if (status !== order.status) {
    order.overdue = false;
    order.pinOver = false;
  }
  order.status = status;
  order.history.push({ event, status });
}

/** The units that a customer has, over all orders of the sale. */
function unitsOf(world: World, owner: 0 | 1): number {
  return world.orders.reduce((sum, each) => sum + (each?.owner === owner ? each.held + each.sold : 0), 0);
}

export function shortage(
  terms: Terms,
  world: World,
  owner: 0 | 1,
  quantity: number,
): 'limit-reached' | 'sold-out' | undefined {
  if (terms.limit !== null && unitsOf(world, owner) + quantity > terms.limit) return 'limit-reached';
  return world.available < quantity ? 'sold-out' : undefined;
}

export const paidStatus = (terms: Terms): Status =>
  terms.fulfillment === 'direct' ? 'confirmed' : 'pending_acceptance';

export const isOpen = ({ status }: Attempt): boolean => status === 'processing' || status === 'requires_action';

/** Whether it is not known yet if the order's money can be captured. */
export const isCapturing = ({ attempts }: ModelOrder): boolean =>
  attempts.some(({ status, pays }) => status === 'authorized' && pays);

export const totalOf = (terms: Terms, order: ModelOrder): number => order.quantity * terms.priceMinor;

/** What of an attempt can still be given back. */
export function refundable(terms: Terms, order: ModelOrder, index: number): number {
  if (order.attempts[index]?.status !== 'captured') return 0;
  const gone = order.refunds.filter(({ attempt }) => attempt === index);
  return totalOf(terms, order) - gone.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}

export function release(order: ModelOrder, world: World): void {
  world.available += order.held;
  order.held = 0;
}

export function restock(order: ModelOrder, world: World, units = order.sold): void {
  world.available += units;
  order.sold -= units;
  order.returned += units;
}

/** What is captured goes back but for what is kept; what is authorized is voided. */
export function giveBack(terms: Terms, order: ModelOrder, cause: Refund['cause'], keepMinor = 0): void {
  let keep = keepMinor;
  for (const [index, attempt] of order.attempts.entries()) {
    if (attempt.status === 'authorized') attempt.voidDue = true;
    const left = refundable(terms, order, index);
    const kept = Math.min(keep, left);
    keep -= kept;
    if (left > kept) order.refunds.push({ attempt: index, amountMinor: left - kept, cause, status: 'pending' });
  }
}

export function reject(terms: Terms, order: ModelOrder, world: World, back: boolean): void {
  if (back) restock(order, world);
  giveBack(terms, order, 'rejection');
  enter(order, 'order.rejected', 'rejected');
}

export const attemptAt = (order: ModelOrder, index: number): Attempt => {
  const attempt = order.attempts[index];
  if (attempt === undefined) throw new Error(`The model has no attempt ${index}.`);
  return attempt;
};

/** The deadline of an order's status is over, if it has one. */
export function passDeadline(world: World, at: number): World {
  return change(world, at, (order) => {
    order.overdue = ['pending_payment', 'pending_acceptance'].includes(order.status);
  });
}

/** A payment under way has taken its time. */
export function passPin(world: World, at: number): World {
  return change(world, at, (order) => {
    order.pinOver = order.status === 'payment_processing';
  });
}

/** What an order has of its customer's money at the provider. */
export function keptMinor(terms: Terms, order: ModelOrder): number {
  const captured = order.attempts.filter(({ provider }) => provider === 'captured').length * totalOf(terms, order);
  const back = order.refunds.filter(({ status }) => status === 'succeeded');
  return captured - back.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}
