import { drawUpTo, mulberry32, type Random } from '../../lab/rush/random.ts';
import type { SaleTerms } from '../support/shop.ts';
import { FAULT_KINDS, type FaultKind } from './fault-kinds.ts';

/** Who does something to an order. */
export type Actor = 'owner' | 'merchant' | 'courier' | 'operator';

/** A step that somebody means to take. */
export interface Move {
  readonly who: Actor;
  readonly intent: string;
  readonly body?: Readonly<Record<string, unknown>>;
  /** The statuses that are waited for, for a while; without any of them it is left. */
  readonly from: readonly string[];
  /** With the tag that was read last, or with any. */
  readonly tagged: boolean;
  /** Sends it once more after it has been done. */
  readonly resends: boolean;
  /** Somebody else who moves in the same moment, with the same tag. */
  readonly rival?: Move;
}

/** One order with all that is going to happen to it. */
export interface Visit {
  /** When it begins at the earliest, from the beginning of the run. */
  readonly atMs: number;
  readonly key: string;
  readonly buyer: number;
  /** Index of the item and quantity. */
  readonly lines: readonly { readonly item: number; readonly quantity: number }[];
  readonly hangsUp: boolean;
  readonly resends: boolean;
  readonly moves: readonly Move[];
}

/** What staff do to the sale itself. */
export interface Errand {
  readonly kind: 'adjust-stock' | 'pause';
  readonly afterVisits: number;
  readonly item: number;
  readonly adjustBy: number;
}

export interface PlannedFault {
  readonly kind: FaultKind;
  /** How many visits have begun when it strikes. */
  readonly afterVisits: number;
  /** Which of the two engines, where it is about one. */
  readonly engine: 0 | 1;
  /** How long it lasts, where it lasts. */
  readonly forMs: number;
  /** For what else it has to choose. */
  readonly choice: number;
}

/** All that a run does by itself: load and faults. A pure function of the seed. */
export interface Plan {
  readonly seed: number;
  readonly terms: SaleTerms & { readonly items: { capacity: number; limitPerCustomer: number | null }[] };
  readonly visits: readonly Visit[];
  readonly errands: readonly Errand[];
  readonly faults: readonly PlannedFault[];
}

const VISITS = 140;
/** From one visit to the next: all have begun after some three seconds. */
const VISIT_EVERY_MS = 20;
const BUYERS = 70;

/** Draws a plan. `kinds` are the kinds of faults to draw from; each run has one of them, and every third a second one. */
export function drawPlan(seed: number, kinds: readonly FaultKind[] = FAULT_KINDS): Plan {
  const random = mulberry32(seed * 7_919 + 17);
  const fulfillment = random() < 0.5 ? 'direct' : 'kitchen';
  const items = Array.from({ length: drawUpTo(random, 3) }, (_, index) => ({
    name: `Thing ${index}`,
    priceMinor: 500 * drawUpTo(random, 4),
    capacity: 30 + drawUpTo(random, 120),
    limitPerCustomer: random() < 0.5 ? 1 + drawUpTo(random, 3) : null,
  }));
  const terms = {
    name: `Seed ${seed}`,
    fulfillment,
    holdSeconds: pick(random, [2, 4, 600]),
    retrySeconds: 2,
    pinSeconds: 60,
    acceptanceSeconds: pick(random, [3, 600]),
    items,
  } as const;
  const visits = Array.from({ length: VISITS }, (_, index) =>
    drawVisit(random, seed, index, items.length, fulfillment),
  );
  const errands = Array.from({ length: drawUpTo(random, 5) }, () => drawErrand(random, items.length));
  // By turns and not by chance, so that every kind gets its share of any row of seeds.
  const first = kinds[seed % kinds.length] ?? pick(random, kinds);
  const chosen = random() < 0.3 ? [first, pick(random, kinds)] : [first];
  const faults = chosen.map((kind, index) => ({
    kind,
    afterVisits: Math.floor(VISITS * (0.15 + 0.35 * index + 0.25 * random())),
    engine: random() < 0.5 ? (0 as const) : (1 as const),
    forMs: 300 + Math.floor(random() * 1_500),
    choice: random(),
  }));
  return { seed, terms, visits, errands, faults };
}

export function pick<Value>(random: Random, values: readonly Value[]): Value {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new Error('There is nothing to choose from.');
  return value;
}

function drawErrand(random: Random, items: number): Errand {
  return {
    kind: random() < 0.8 ? 'adjust-stock' : 'pause',
    afterVisits: Math.floor(VISITS * random()),
    item: drawUpTo(random, items) - 1,
    adjustBy: pick(random, [-25, -10, -3, 4, 15, 30]),
  };
}

function drawVisit(
  random: Random,
  seed: number,
  index: number,
  items: number,
  fulfillment: 'direct' | 'kitchen',
): Visit {
  const count = random() < 0.7 ? 1 : drawUpTo(random, items);
  const first = drawUpTo(random, items) - 1;
  const lines = Array.from({ length: count }, (_, line) => ({
    item: (first + line) % items,
    quantity: random() < 0.7 ? 1 : drawUpTo(random, 3),
  }));
  return {
    atMs: index * VISIT_EVERY_MS,
    key: `seed-${seed}-${index}`,
    buyer: drawUpTo(random, BUYERS) - 1,
    lines,
    hangsUp: random() < 0.05,
    resends: random() < 0.1,
    moves: drawMoves(random, fulfillment),
  };
}

/** Cards that pay at once, or in the end. */
const GOOD_CARDS = [
  ...Array.from({ length: 8 }, () => 'card_ok'),
  'card_slow',
  'card_error_then_ok',
  'card_webhook_first',
  'card_duplicate_webhooks',
  'card_refund_error_then_ok',
  'card_timeout_charged',
];
const BAD_CARDS = ['card_declined', 'card_insufficient_funds', 'card_timeout_not_charged', 'card_expired'];

const UNPAID = ['pending_payment'];

function drawMoves(random: Random, fulfillment: 'direct' | 'kitchen'): Move[] {
  const move = (who: Actor, intent: string, from: readonly string[], body?: Move['body']): Move => ({
    ...{ who, intent, from, tagged: random() < 0.7, resends: random() < 0.15 },
    ...(body && { body }),
  });
  const payBy = (card: string) => move('owner', 'payment', UNPAID, { paymentMethod: card });
  const against = (one: Move, other: Move): Move => ({ ...one, tagged: true, rival: { ...other, tagged: true } });
  const cancelUnpaid = () => move('owner', 'cancellation', UNPAID);
  const draw = random();
  if (draw < 0.15) return random() < 0.3 ? [move('operator', 'reinstatement', ['expired'])] : [];
  if (draw < 0.25) return [cancelUnpaid()];
  if (draw < 0.35) return [against(payBy('card_ok'), cancelUnpaid())];
  if (draw < 0.4) return [against(payBy('card_ok'), payBy('card_slow'))];
  const paying = random() < 0.15 ? [payBy(pick(random, BAD_CARDS))] : [];
  if (fulfillment === 'kitchen' && random() < 0.04) {
    return [payBy('card_capture_declined'), move('merchant', 'acceptance', ['pending_acceptance'])];
  }
  return [...paying, payBy(pick(random, GOOD_CARDS)), ...(fulfillment === 'direct' ? drawDirect() : drawKitchen())];

  function drawDirect(): Move[] {
    const paid = ['confirmed'];
    const fulfil = () => move('merchant', 'fulfillment', paid);
    return pick<() => Move[]>(random, [
      () => [],
      () => [fulfil()],
      () => [against(fulfil(), move('owner', 'cancellation', paid))],
      () => [move('owner', 'cancellation', paid)],
      () => [move('merchant', 'refunds', paid, { amountMinor: 100, reason: 'late' })],
      () => [fulfil(), move('operator', 'refunds', ['completed'], { amountMinor: 50 })],
      () => [against(move('operator', 'cancellation', paid), move('merchant', 'cancellation', paid))],
      () => [move('merchant', 'refunds', paid, { restockAll: true })],
    ])();
  }

  function drawKitchen(): Move[] {
    const waiting = ['pending_acceptance'];
    const accept = () => move('merchant', 'acceptance', waiting);
    const cook = () => [accept(), move('merchant', 'preparation', ['preparing'])];
    const deliver = () => [
      move('courier', 'pickup', ['ready_for_pickup']),
      move('courier', 'delivery', ['in_transit']),
    ];
    return pick<() => Move[]>(random, [
      () => [],
      () => [...cook(), ...deliver()],
      () => [...cook(), ...deliver(), move('merchant', 'refunds', ['completed'], { amountMinor: 100 })],
      () => [against(accept(), move('owner', 'cancellation', waiting))],
      () => [against(accept(), move('merchant', 'rejection', waiting))],
      () => [move('merchant', 'rejection', waiting, { soldOut: random() < 0.5 })],
      () => [accept(), move('merchant', 'cancellation', ['preparing'], { restock: random() < 0.5, retainMinor: 100 })],
      () => [...cook(), against(deliver()[0] ?? accept(), move('operator', 'cancellation', ['ready_for_pickup']))],
    ])();
  }
}
