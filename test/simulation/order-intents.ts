import {
  type Actor,
  type Attempt,
  type Card,
  COOKED,
  change,
  enter,
  giveBack,
  isCapturing,
  isOpen,
  type ModelOrder,
  orderAt,
  paidStatus,
  refundable,
  reject,
  release,
  restock,
  type Status,
  shortage,
  type Terms,
  versionOf,
  type World,
} from './order-world.ts';

// What people ask for: who may, when, and what it changes.

export type Role = 'owner' | 'merchant' | 'courier' | 'operator';

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

interface Row {
  readonly intent: Intent;
  readonly from: readonly Status[];
  readonly who: readonly Role[];
  /** A pickup with the customer's code is another step than one without. */
  readonly withCode?: boolean;
}

/** Who may ask for what, and when. */
const ROWS: Readonly<Record<Terms['fulfillment'], readonly Row[]>> = {
  direct: [
    { intent: 'payment', from: ['pending_payment'], who: ['owner'] },
    { intent: 'fulfillment', from: ['confirmed'], who: ['merchant'] },
    { intent: 'cancellation', from: ['pending_payment', 'confirmed'], who: ['owner', 'merchant', 'operator'] },
    { intent: 'refunds', from: ['confirmed', 'completed'], who: ['merchant', 'operator'] },
    { intent: 'reinstatement', from: ['expired'], who: ['operator'] },
  ],
  kitchen: [
    { intent: 'payment', from: ['pending_payment'], who: ['owner'] },
    { intent: 'acceptance', from: ['pending_acceptance'], who: ['merchant'] },
    { intent: 'rejection', from: ['pending_acceptance'], who: ['merchant'] },
    { intent: 'preparation', from: ['preparing'], who: ['merchant'] },
    { intent: 'pickup', from: ['ready_for_pickup'], who: ['courier'], withCode: false },
    { intent: 'pickup', from: ['ready_for_pickup'], who: ['merchant'], withCode: true },
    { intent: 'delivery', from: ['in_transit'], who: ['courier'] },
    { intent: 'cancellation', from: ['pending_payment', 'pending_acceptance'], who: ['owner', 'merchant', 'operator'] },
    { intent: 'cancellation', from: ['preparing', 'ready_for_pickup'], who: ['merchant', 'operator'] },
    { intent: 'cancellation', from: ['in_transit'], who: ['operator'] },
    { intent: 'refunds', from: [...COOKED, 'completed'], who: ['merchant', 'operator'] },
    { intent: 'reinstatement', from: ['expired'], who: ['operator'] },
  ],
};

/** Who may ask for it in whatever status and kind of sale; for all others it is 403. */
const EVER: Readonly<Record<Intent, readonly Role[]>> = {
  payment: ['owner'],
  acceptance: ['merchant'],
  rejection: ['merchant'],
  preparation: ['merchant'],
  pickup: ['courier', 'merchant'],
  delivery: ['courier'],
  fulfillment: ['merchant'],
  cancellation: ['owner', 'merchant', 'operator'],
  refunds: ['merchant', 'operator'],
  reinstatement: ['operator'],
};

/** In which role somebody sees an order; undefined: it does not exist for them. */
export function roleOf(actor: Actor, order: ModelOrder): Role | undefined {
  if (actor === 'customer0' || actor === 'customer1') return actor === `customer${order.owner}` ? 'owner' : undefined;
  if (actor === 'courier') return ['ready_for_pickup', 'in_transit'].includes(order.status) ? 'courier' : undefined;
  return actor;
}

function rowsOf(terms: Terms, order: ModelOrder, intent: Intent, role: Role): readonly Row[] {
  if (order.overdue && (intent === 'payment' || intent === 'acceptance')) return [];
  return ROWS[terms.fulfillment].filter(
    (row) => row.intent === intent && row.from.includes(order.status) && row.who.includes(role),
  );
}

/** What somebody in a role may ask for now. */
export function allowedTo(terms: Terms, order: ModelOrder, role: Role): Intent[] {
  return INTENTS.filter((intent) => rowsOf(terms, order, intent, role).length > 0);
}

/** What stands in a request beside the intent. */
export interface AskBody {
  readonly paymentMethod?: Card;
  readonly restock?: boolean;
  readonly retainMinor?: number;
  readonly soldOut?: boolean;
  readonly collectionCode?: 'right' | 'wrong';
  readonly amountMinor?: number;
  /** Of the only line. */
  readonly units?: { readonly quantity: number; readonly restock: boolean };
}

/** What somebody asks of an order. */
export interface Asked {
  readonly place: number;
  readonly actor: Actor;
  readonly intent: Intent;
  /** The version in If-Match; null: any. */
  readonly tag: number | null;
  readonly body: AskBody;
}

/** How a request must be answered. What is not there is not said. */
export interface Told {
  readonly status: number;
  readonly code?: string;
  /** What may stand there instead. */
  readonly orCode?: string;
  readonly orderStatus?: Status;
  readonly version?: number;
  readonly allowed?: readonly Intent[];
}

export interface Decided {
  readonly world: World;
  readonly told: Told;
}

/** A customer orders some units of the only item. */
export function place(terms: Terms, world: World, at: number, owner: 0 | 1, quantity: number): Decided {
  const short = shortage(terms, world, owner, quantity);
  if (short !== undefined) {
    // A customer at the limit of something sold out may hear the one or the other.
    const orCode = world.available < quantity ? 'sold-out' : short;
    return { world, told: { status: 409, code: short, orCode } };
  }
  const free = terms.priceMinor === 0;
  const status = free ? paidStatus(terms) : 'pending_payment';
  const next = structuredClone(world);
  next.available -= quantity;
  next.orders[at] = {
    owner,
    quantity,
    status,
    held: free ? 0 : quantity,
    sold: free ? quantity : 0,
    returned: 0,
    refunded: 0,
    retainedMinor: 0,
    overdue: false,
    pinOver: false,
    attempts: [],
    refunds: [],
    history: [{ event: 'order.placed', status }],
  };
  return { world: next, told: { status: 201, orderStatus: status, version: 1 } };
}

/** The first part of a request: whose order is it, and may they ever? Undefined: it goes on. */
export function refusedAtTheDoor(world: World, { place: at, actor, intent }: Asked): Told | undefined {
  const role = roleOf(actor, orderAt(world, at));
  if (role === undefined) return { status: 404, code: 'not-found' };
  return EVER[intent].includes(role) ? undefined : { status: 403, code: 'forbidden' };
}

/** The second: the order, locked, is as it is now, while the role is from before. A payment is opened, and no more. */
export function decide(terms: Terms, world: World, asked: Asked, role: Role): Decided {
  const order = orderAt(world, asked.place);
  const state = { orderStatus: order.status, version: versionOf(order), allowed: allowedTo(terms, order, role) };
  const refuse = (status: number, code: string, more: Partial<Told> = {}): Decided => ({
    world,
    told: { status, code, ...more },
  });
  if (asked.tag !== null && asked.tag !== versionOf(order)) return refuse(412, 'precondition-failed', state);
  const code = asked.body.collectionCode;
  const row = rowsOf(terms, order, asked.intent, role).find(
    ({ withCode }) => withCode === undefined || withCode === (code !== undefined),
  );
  if (row === undefined) return refuse(409, 'order-step-not-allowed', state);
  if (code === 'wrong') return refuse(409, 'collection-code-wrong');
  const problem = problemOf(terms, world, order, asked);
  if (problem !== undefined) return refuse(problem.status, problem.code);
  const next = change(world, asked.place, (draft, into) => STEPS[asked.intent](draft, terms, into, asked.body));
  const after = orderAt(next, asked.place);
  const status = asked.intent === 'refunds' ? 201 : 200;
  return { world: next, told: { status, orderStatus: after.status, version: versionOf(after) } };
}

/** Why a step that the table allows does not happen all the same. */
function problemOf(
  terms: Terms,
  world: World,
  order: ModelOrder,
  { intent, body }: Asked,
): { status: number; code: string } | undefined {
  const conflict = (code: string) => ({ status: 409, code });
  const capturing = isCapturing(order);
  const left = order.attempts.map((_, index) => refundable(terms, order, index));
  switch (intent) {
    case 'payment':
      return order.attempts.some(isOpen) ? conflict('payment-open') : undefined;
    case 'cancellation': {
      const cooked = COOKED.includes(order.status);
      const options = body.restock !== undefined || body.retainMinor !== undefined;
      if (!cooked && options) return { status: 400, code: 'validation-failed' };
      if (cooked && capturing) return conflict('capture-pending');
      const total = left.reduce((sum, each) => sum + each, 0);
      return (body.retainMinor ?? 0) > total ? conflict('amount-exceeded') : undefined;
    }
    case 'refunds': {
      if (capturing) return conflict('capture-pending');
      if (body.units !== undefined) {
        const { quantity, restock } = body.units;
        const many = quantity > order.quantity - order.refunded || (restock && quantity > order.sold);
        if (many) return conflict('lines-exceeded');
      }
      const amount = amountAsked(terms, body);
      return amount === 0 || !left.some((each) => each >= amount) ? conflict('amount-exceeded') : undefined;
    }
    case 'reinstatement': {
      const short = shortage(terms, world, order.owner, order.quantity);
      return short && conflict(short);
    }
    default:
      return undefined;
  }
}

const amountAsked = (terms: Terms, body: AskBody): number =>
  body.amountMinor ?? (body.units?.quantity ?? 0) * terms.priceMinor;

type CarryOut = (order: ModelOrder, terms: Terms, world: World, body: AskBody) => void;

/** What each step changes, once it is certain to happen. */
const STEPS: Readonly<Record<Intent, CarryOut>> = {
  payment(order, _terms, _world, { paymentMethod = 'card_ok' }) {
    order.attempts.push(newAttempt(paymentMethod));
    enter(order, 'order.payment_started', 'payment_processing');
  },
  acceptance(order) {
    for (const attempt of order.attempts) attempt.captureDue = attempt.status === 'authorized' && attempt.pays;
    enter(order, 'order.accepted', 'preparing');
  },
  rejection: (order, terms, world, { soldOut }) => reject(terms, order, world, soldOut !== true),
  preparation: (order) => enter(order, 'order.prepared', 'ready_for_pickup'),
  pickup(order, _terms, _world, { collectionCode }) {
    if (collectionCode === undefined) enter(order, 'order.picked_up', 'in_transit');
    else enter(order, 'order.collected', 'completed');
  },
  delivery: (order) => enter(order, 'order.delivered', 'completed'),
  fulfillment: (order) => enter(order, 'order.fulfilled', 'completed'),
  cancellation: cancel,
  refunds: refund,
  reinstatement(order, _terms, world) {
    world.available -= order.quantity;
    order.held = order.quantity;
    enter(order, 'order.reinstated', 'pending_payment');
  },
};

function newAttempt(card: Card): Attempt {
  return {
    card,
    status: 'processing',
    provider: 'unheard',
    silent: false,
    answer: null,
    askAgain: false,
    unreported: false,
    pays: false,
    captureDue: false,
    voidDue: false,
    voidBegun: false,
  };
}

function cancel(order: ModelOrder, terms: Terms, world: World, body: AskBody): void {
  if (!COOKED.includes(order.status)) {
    release(order, world);
    restock(order, world);
  } else if (body.restock) restock(order, world);
  order.retainedMinor = body.retainMinor ?? 0;
  giveBack(terms, order, 'cancellation', order.retainedMinor);
  enter(order, 'order.cancelled', 'cancelled');
}

function refund(order: ModelOrder, terms: Terms, world: World, body: AskBody): void {
  const amountMinor = amountAsked(terms, body);
  const attempt = order.attempts.findIndex((_, index) => refundable(terms, order, index) >= amountMinor);
  order.refunds.push({ attempt, amountMinor, cause: 'requested', status: 'pending' });
  order.refunded += body.units?.quantity ?? 0;
  if (body.units?.restock) restock(order, world, body.units.quantity);
  enter(order, 'order.refunded');
}
