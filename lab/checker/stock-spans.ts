import type { HistoryEntry, OrderLife } from './order-life.ts';
import type { OrderState } from './order-state.ts';
import { isExpired, isReleased } from './order-state.ts';

/** Units of an item that an order had, held or sold, from one moment to another, by the database's clock. */
export interface StockSpan {
  readonly itemId: string;
  readonly units: number;
  readonly fromMs: number;
  /** `Infinity`: it still has them. */
  readonly untilMs: number;
}

/** What an order had of the stock and when. */
export interface StockUse {
  readonly spans: readonly StockSpan[];
  /** Its stock came back, or may have, and nobody can say when: it is in no span. */
  readonly doubtful: boolean;
  /** It gave its stock back and took it again. */
  readonly retaken: boolean;
}

/**
 * For so long the stock that an order took again is not counted: a step reads the clock before it has the item's lock,
 * while the placing of an order reads it afterwards.
 */
const RETAKE_SLACK_MS = 10_000;

/**
 * What an order had of the stock. Without its history only what its status says: an expired order had its stock until
 * `payBy` at least; of a cancelled one it cannot be said when or whether it came back.
 */
export function stockUseOf(order: OrderState, life: OrderLife | undefined): StockUse {
  const placedAtMs = Date.parse(order.placedAt);
  if (life !== undefined) return followLife(order, life, placedAtMs);
  const doubtful = isReleased(order.status) && !isExpired(order.status);
  const untilMs = isExpired(order.status) ? Date.parse(order.payBy ?? order.placedAt) : Number.POSITIVE_INFINITY;
  const spans = order.lines.map(({ itemId, quantity }) => ({ itemId, units: quantity, fromMs: placedAtMs, untilMs }));
  return { spans: doubtful ? [] : spans, doubtful, retaken: false };
}

interface Pile {
  units: number;
  fromMs: number;
}

function followLife(order: OrderState, life: OrderLife, placedAtMs: number): StockUse {
  const spans: StockSpan[] = [];
  const piles = new Map<string, Pile>();
  let retaken = false;

  function take(fromMs: number): void {
    for (const { itemId, quantity } of order.lines) piles.set(itemId, { units: quantity, fromMs });
  }
  function give(itemId: string, units: number, untilMs: number): void {
    const pile = piles.get(itemId);
    if (pile === undefined || units <= 0) return;
    spans.push({ itemId, units, fromMs: Math.min(pile.fromMs, untilMs), untilMs });
    pile.units -= units;
  }

  take(placedAtMs);
  let before = '';
  for (const entry of life.history) {
    const atMs = Date.parse(entry.occurredAt);
    if (takesAgain(entry, before)) {
      take(atMs + RETAKE_SLACK_MS);
      retaken = true;
    }
    if (givesAllBack(entry, before)) for (const [itemId, pile] of piles) give(itemId, pile.units, atMs);
    if (entry.type === 'order.refunded') {
      for (const { itemId, units } of entry.restockedLines) give(itemId, units, atMs);
    }
    before = entry.status;
  }
  for (const [itemId, { units, fromMs }] of piles) {
    if (units !== 0) spans.push({ itemId, units, fromMs, untilMs: Number.POSITIVE_INFINITY });
  }
  return { spans, doubtful: false, retaken };
}

const takesAgain = ({ type }: HistoryEntry, before: string) =>
  type === 'order.reinstated' || (type === 'order.paid' && before === 'expired');

/** Before a kitchen has begun, a cancelled order always gives its stock back; afterwards only if that was asked for. */
const BEFORE_PREPARATION: ReadonlySet<string> = new Set(['pending_payment', 'confirmed', 'pending_acceptance']);

function givesAllBack({ type, restocked }: HistoryEntry, before: string): boolean {
  if (type === 'order.expired') return true;
  if (type === 'order.rejected') return restocked !== false;
  return type === 'order.cancelled' && (BEFORE_PREPARATION.has(before) || restocked === true);
}

/** The most units at any moment, and when that was. What is given back in a moment is there for whoever takes it in it. */
export function mostAtOnce(spans: readonly StockSpan[]): { readonly units: number; readonly atMs: number } {
  const moves = spans.flatMap(({ units, fromMs, untilMs }) => [
    { atMs: fromMs, units },
    ...(Number.isFinite(untilMs) ? [{ atMs: untilMs, units: -units }] : []),
  ]);
  moves.sort((a, b) => a.atMs - b.atMs || a.units - b.units);
  let units = 0;
  let most = { units: 0, atMs: 0 };
  for (const move of moves) {
    units += move.units;
    if (units > most.units) most = { units, atMs: move.atMs };
  }
  return most;
}
