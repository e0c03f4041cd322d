import { capacityFloors } from './capacity.ts';
import type { Case } from './case.ts';
import type { PlaceOrderRecord } from './history.ts';
import { isRefusal } from './placements.ts';
import { indexMinima } from './range-minimum.ts';
import type { ItemState } from './sale-state.ts';
import type { Violation } from './violation.ts';

/**
 * S-08: nobody is told "sold out" while stock was certainly left. A refusal is false when at every moment from
 * `soldOutBoundMs` before it was sent until it was answered, for every line, the stock certainly left covered the
 * quantity. Certainly left at a moment is the least the capacity can have been, less the units of every order that can
 * have been placed by then: of each order that exists and whose request had been sent. An order counts as taken until
 * it was read as expired; so nothing is certain that could not be.
 */
export function checkSoldOut(facts: Case): Violation[] {
  const leftOf = new Map(facts.final.sale.items.map((item) => [item.id, certainlyLeft(item, facts)]));
  const refusals = facts.history.placings.filter((attempt) => isRefusal(attempt) && attempt.code === 'sold-out');
  return refusals.flatMap((refusal) => {
    const untilMs = refusal.answeredAtMs ?? refusal.sentAtMs;
    const sinceMs = refusal.sentAtMs - facts.settings.soldOutBoundMs;
    const lines = refusal.lines.map((line) => ({
      ...line,
      left: leftOf.get(line.itemId)?.(sinceMs, untilMs) ?? Number.NEGATIVE_INFINITY,
    }));
    return lines.every((line) => line.left >= line.quantity) ? [describe(refusal, lines)] : [];
  });
}

function describe(
  refusal: PlaceOrderRecord,
  lines: readonly { itemId: string; quantity: number; left: number }[],
): Violation {
  const wanted = lines.map((line) => `${line.quantity} of ${line.left}`).join(', ');
  return {
    promise: 'S-08',
    kind: 'false-sold-out',
    message: `told "sold out" while stock was left (wanted ${wanted} certainly left)`,
    evidence: {
      userId: refusal.userId,
      key: refusal.key,
      lines,
      sentAtMs: refusal.sentAtMs,
      answeredAtMs: refusal.answeredAtMs,
    },
  };
}

/** The least stock certainly left between two moments, both included, as a function over a sweep made once. */
function certainlyLeft(item: ItemState, facts: Case): (sinceMs: number, untilMs: number) => number {
  const moves = [...capacityMoves(item, facts), ...orderMoves(item.id, facts)].sort(byTime);
  const times: number[] = [];
  const left: number[] = [];
  let units = 0;
  let doubts = 0;
  for (const move of moves) {
    units += move.units;
    doubts += move.doubts;
    // Moves of one moment are one step: between them nothing can be observed. Takings come with the moment itself.
    if (times.at(-1) === move.atMs) left.pop();
    else times.push(move.atMs);
    left.push(doubts > 0 ? Number.NEGATIVE_INFINITY : units);
  }
  const minima = indexMinima(left);
  return (sinceMs, untilMs) => minima(lastAtOrBefore(times, sinceMs), lastAtOrBefore(times, untilMs));
}

/** A change in what is certainly left; `doubts` counts the reasons why nothing is certain. */
interface Move {
  readonly atMs: number;
  readonly units: number;
  readonly doubts: number;
}

/** Not a subtraction: several moves may be at `-Infinity`. */
function byTime(a: Move, b: Move): number {
  if (a.atMs === b.atMs) return 0;
  return a.atMs < b.atMs ? -1 : 1;
}

function capacityMoves(item: ItemState, facts: Case): Move[] {
  let before = 0;
  let doubted = false;
  return capacityFloors(item, facts.history).map(({ fromMs, units }) => {
    const certain = Number.isFinite(units);
    const move = { atMs: fromMs, units: certain ? units - before : 0, doubts: Number(!certain) - Number(doubted) };
    if (certain) before = units;
    doubted = !certain;
    return move;
  });
}

function orderMoves(itemId: string, facts: Case): Move[] {
  const moves: Move[] = [];
  for (const { order, earliestEffectMs, releasedAtMs } of facts.orders.values()) {
    for (const line of order.lines) {
      if (line.itemId !== itemId) continue;
      moves.push({ atMs: earliestEffectMs, units: -line.quantity, doubts: 0 });
      if (Number.isFinite(releasedAtMs)) moves.push({ atMs: releasedAtMs, units: line.quantity, doubts: 0 });
    }
  }
  return moves;
}

/** Index of the last time at or before the moment. The first entry is at `-Infinity`, so there always is one. */
function lastAtOrBefore(times: readonly number[], momentMs: number): number {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((times[middle] ?? 0) <= momentMs) low = middle;
    else high = middle - 1;
  }
  return low;
}
