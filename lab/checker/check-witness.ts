import { capacityCeiling } from './capacity.ts';
import type { Case, KnownOrder } from './case.ts';
import type { Violation } from './violation.ts';

/**
 * S-02 and S-08: the arrival numbers are the engine's own claim of the order in which it decided, so they are replayed
 * as the witness of linearizability. Orders are taken one after the other by arrival, what others gave back in between
 * by the database's clock. By that clock no order may be decided before one of a lower number, and each must have found
 * enough left of the most that the capacity can have been between its sending and its answer.
 */
export function checkWitness(facts: Case): Violation[] {
  return [...checkClock(facts), ...facts.final.sale.items.flatMap((item) => replay(item.id, facts))];
}

function checkClock(facts: Case): Violation[] {
  const found: Violation[] = [];
  let latest: KnownOrder | undefined;
  for (const known of byArrival(facts)) {
    if (latest !== undefined && Date.parse(known.order.placedAt) < Date.parse(latest.order.placedAt)) {
      const message = `arrival ${known.order.arrival} was placed before arrival ${latest.order.arrival}, by the ledger's clock`;
      const evidence = { earlier: describe(latest), later: describe(known) };
      found.push({ promise: 'S-08', kind: 'arrival-clock', message, evidence });
    }
    latest = known;
  }
  return found;
}

const describe = ({ order }: KnownOrder) => ({ orderId: order.id, arrival: order.arrival, placedAt: order.placedAt });

/** One thing that happened to the stock of an item. What is given back comes before what is taken in the same moment. */
interface Move {
  readonly atMs: number;
  readonly units: number;
  readonly arrival: number;
  /** The order that was placed by it; none where stock moved otherwise. */
  readonly placed: KnownOrder | undefined;
}

function replay(itemId: string, facts: Case): Violation[] {
  const item = facts.final.sale.items.find(({ id }) => id === itemId);
  if (item === undefined) return [];
  const ceilingOf = capacityCeiling(item, facts.history);
  const moves = [...facts.orders.values()].flatMap((known) => movesOf(itemId, known));
  moves.sort((a, b) => a.atMs - b.atMs || Math.sign(a.units) - Math.sign(b.units) || a.arrival - b.arrival);
  const found: Violation[] = [];
  let taken = 0;
  for (const { units, placed } of moves) {
    taken += units;
    if (placed === undefined || units <= 0) continue;
    const capacity = ceilingOf(placed.earliestEffectMs, placed.seenAtMs);
    if (taken <= capacity) continue;
    const message = `${item.name}: arrival ${placed.order.arrival} took units when ${taken} of at most ${capacity} were out`;
    const evidence = { itemId, taken, capacity, ...describe(placed) };
    found.push({ promise: 'S-02', kind: 'taken-above-capacity', message, evidence });
  }
  return found;
}

function movesOf(itemId: string, known: KnownOrder): Move[] {
  const { arrival, placedAt } = known.order;
  const placedAtMs = Date.parse(placedAt);
  const spans = known.use.spans.filter((span) => span.itemId === itemId);
  // Several spans may begin with the placing, where a part went back earlier: together they are what it took.
  const atPlacing = spans.filter(({ fromMs }) => fromMs <= placedAtMs).reduce((sum, { units }) => sum + units, 0);
  const moves: Move[] = [{ atMs: placedAtMs, units: atPlacing, arrival, placed: known }];
  for (const { fromMs, untilMs, units } of spans) {
    if (fromMs > placedAtMs) moves.push({ atMs: fromMs, units, arrival, placed: undefined });
    if (Number.isFinite(untilMs))
      moves.push({ atMs: Math.max(untilMs, fromMs), units: -units, arrival, placed: undefined });
  }
  return moves;
}

function byArrival(facts: Case): KnownOrder[] {
  return [...facts.orders.values()].sort((a, b) => a.order.arrival - b.order.arrival);
}
