import type { PlaceOrderRecord } from '../checker/history.ts';
import { isReleased } from '../checker/order-state.ts';
import { groupPlacements, isRefusal, isSuccess } from '../checker/placements.ts';
import type { Violation, ViolationKind } from '../checker/violation.ts';
import type { Rehearsal } from './rehearsal.ts';

/** How long answers took, in milliseconds. `null` where there were none. */
export interface Latency {
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
}

/** The verdict's figures. Units are units of stock, all others are counts unless named otherwise. */
export interface Figures {
  readonly capacity: number;
  /** Units in the listed orders that hold stock; and what its stock says is held and sold. */
  readonly promised: number;
  readonly held: number;
  readonly sold: number;
  readonly oversold: number;
  readonly undersold: number;
  readonly duplicates: number;
  readonly lost: number;
  readonly limitBreaches: number;
  readonly arrivalFaults: number;
  readonly falseRefusals: number;
  readonly otherFaults: number;
  readonly orders: number;
  /** Orders whose outcome was not known at some time, and those of them that learned it from the same key. */
  readonly unknown: number;
  readonly resolved: number;
  readonly refusedByCode: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly retries: number;
  readonly replays: number;
  /** Requests without an answer; and how many were hung up on, on purpose. */
  readonly unanswered: number;
  readonly hangUps: number;
  /** From sending to answer, of first acceptances and of refusals. */
  readonly accepting: Latency;
  readonly refusing: Latency;
  /** From the first order sent to the last answer. */
  readonly elapsedMs: number;
  /** From the first order sent to the last first acceptance: the time in which stock was sold. */
  readonly sellingMs: number;
  readonly ordersPerSecond: number;
  readonly requestsPerSecond: number;
}

/** Works the figures out of a run that is over. */
export function workOutFigures(rehearsal: Rehearsal): Figures {
  const { history, final, violations, tally } = rehearsal;
  const { placings } = history;
  const items = final.sale.items.map((item) => item.stock);
  const firsts = placings.filter((attempt) => isSuccess(attempt) && !attempt.replayed);
  const refusals = placings.filter(isRefusal);
  const unknown = groupPlacements(placings).filter((placement) => placement.everUnknown);
  const promising = final.orders.filter((order) => !isReleased(order.status));
  const startMs = placings.reduce((least, attempt) => Math.min(least, attempt.sentAtMs), Number.POSITIVE_INFINITY);
  const elapsedMs = spanMs(startMs, placings);
  const sellingMs = spanMs(startMs, firsts);
  return {
    capacity: sum(items.map((stock) => stock.capacity)),
    promised: sum(promising.flatMap((order) => order.lines.map((line) => line.quantity))),
    held: sum(items.map((stock) => stock.held)),
    sold: sum(items.map((stock) => stock.sold)),
    ...countFaults(violations),
    orders: final.orders.length,
    unknown: unknown.length,
    resolved: unknown.filter((placement) => placement.outcome !== 'unknown').length,
    refusedByCode: countByCode(refusals),
    requests: placings.length,
    retries: tally.retries,
    replays: placings.filter((attempt) => attempt.replayed).length,
    unanswered: placings.filter((attempt) => attempt.answeredAtMs === null).length,
    hangUps: tally.hangUps,
    accepting: summarize(firsts),
    refusing: summarize(refusals),
    elapsedMs,
    sellingMs,
    ordersPerSecond: rate(firsts.length, sellingMs),
    requestsPerSecond: rate(placings.length, elapsedMs),
  };
}

const COUNTED: readonly ViolationKind[] = [
  'oversold',
  'undersold',
  'duplicate-order',
  'lost-order',
  'limit-breach',
  'arrival-gap',
  'arrival-order',
  'false-sold-out',
];

function countFaults(violations: readonly Violation[]) {
  const count = (...kinds: ViolationKind[]) => violations.filter(({ kind }) => kinds.includes(kind)).length;
  const units = violations.filter(({ kind }) => kind === 'oversold').map(({ evidence }) => Number(evidence['units']));
  return {
    oversold: sum(units),
    undersold: count('undersold'),
    duplicates: count('duplicate-order'),
    lost: count('lost-order'),
    limitBreaches: count('limit-breach'),
    arrivalFaults: count('arrival-gap', 'arrival-order'),
    falseRefusals: count('false-sold-out'),
    otherFaults: violations.filter(({ kind }) => !COUNTED.includes(kind)).length,
  };
}

function countByCode(refusals: readonly PlaceOrderRecord[]): Record<string, number> {
  const groups = Map.groupBy(refusals, (refusal) => refusal.code ?? 'unnamed');
  return Object.fromEntries([...groups].map(([code, group]) => [code, group.length]));
}

function summarize(attempts: readonly PlaceOrderRecord[]): Latency {
  const tookMs = Float64Array.from(attempts, (attempt) => (attempt.answeredAtMs ?? 0) - attempt.sentAtMs).sort();
  return { p50Ms: quantile(tookMs, 0.5), p99Ms: quantile(tookMs, 0.99), maxMs: quantile(tookMs, 1) };
}

/** Nearest rank: the smallest value that at least the given share does not exceed. */
function quantile(sorted: Float64Array, share: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}

function spanMs(startMs: number, attempts: readonly PlaceOrderRecord[]): number {
  return attempts.reduce((span, attempt) => Math.max(span, (attempt.answeredAtMs ?? 0) - startMs), 0);
}

function rate(count: number, durationMs: number): number {
  return durationMs === 0 ? 0 : (count / durationMs) * 1000;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
