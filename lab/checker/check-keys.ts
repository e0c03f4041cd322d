import type { Case, KnownOrder } from './case.ts';
import type { PlaceOrderRecord } from './history.ts';
import type { Placement } from './placements.ts';
import { isRefusal, isSuccess } from './placements.ts';
import type { Violation } from './violation.ts';

/** S-04: one key, one order: never two answered for it, none beside it, and no order shared by two keys. */
export function checkOneOrderPerKey(facts: Case): Violation[] {
  const twoAnswered = facts.placements
    .filter((placement) => placement.orderIds.length > 1)
    .map((placement) =>
      duplicate(`one key was answered with ${placement.orderIds.length} orders`, placement, placement.orderIds),
    );
  const extra = [...facts.orders.values()].flatMap(({ order, origin, candidates: [placement] }) => {
    if (origin !== 'extra' || placement === undefined) return [];
    return [duplicate('a second order exists for what was sent once', placement, [...placement.orderIds, order.id])];
  });
  return [...twoAnswered, ...extra, ...findShared(facts)];
}

function duplicate(message: string, { userId, key }: Placement, orderIds: readonly string[]): Violation {
  return { promise: 'S-04', kind: 'duplicate-order', message, evidence: { userId, key, orderIds } };
}

/** IK-18: two keys are two orders. One order for both means that one of them was lost. */
function findShared(facts: Case): Violation[] {
  const pairs = facts.placements.flatMap((placement) => placement.orderIds.map((orderId) => ({ orderId, placement })));
  const byOrder = Map.groupBy(pairs, ({ orderId }) => orderId);
  return [...byOrder].flatMap(([orderId, group]) => {
    if (group.length === 1) return [];
    const keys = group.map(({ placement }) => placement.key);
    const message = `${keys.length} keys were answered with the same order`;
    return [{ promise: 'S-03', kind: 'lost-order', message, evidence: { orderId, keys } }];
  });
}

/** S-04: an unknown outcome is told by the same key. Broken when it still is unknown after the last word. */
export function checkResolved(facts: Case): Violation[] {
  if (!facts.settings.complete) return [];
  const unresolved = facts.placements.filter((placement) => placement.outcome === 'unknown');
  return unresolved.map(({ userId, key, attempts }) => ({
    promise: 'S-04',
    kind: 'unresolved',
    message: `after ${attempts.length} attempts the same key still does not tell whether there is an order`,
    evidence: { userId, key, last: attempts.at(-1)?.status ?? null, code: attempts.at(-1)?.code ?? null },
  }));
}

/** IK-04: every success of one key has the same body, byte for byte, and the same Location and ETag; repeats say so. */
export function checkReplays(facts: Case): Violation[] {
  return facts.placements.flatMap((placement) => {
    const successes = placement.attempts.filter(isSuccess);
    const first = successes[0];
    // Two different orders differ in everything: that is told as a duplicate, once.
    if (first === undefined || successes.length === 1 || placement.orderIds.length > 1) return [];
    const other = successes.find((answer) => answer.status !== first.status || !sameAnswer(answer, first));
    const unmarked = successes.find((answer) => !answer.replayed && wasAnsweredBefore(answer, successes));
    const found = other ?? unmarked;
    if (found === undefined) return [];
    const message = other === undefined ? 'a repeat is not marked as one' : 'a repeat differs from the first answer';
    const evidence = { userId: placement.userId, key: placement.key, first, other: found };
    return [{ promise: 'IK-04', kind: 'replay-differs', message, evidence }];
  });
}

function sameAnswer(a: PlaceOrderRecord, b: PlaceOrderRecord): boolean {
  return a.bodyHash === b.bodyHash && a.location === b.location && a.etag === b.etag;
}

function wasAnsweredBefore(answer: PlaceOrderRecord, successes: readonly PlaceOrderRecord[]): boolean {
  return successes.some((earlier) => (earlier.answeredAtMs ?? Number.POSITIVE_INFINITY) < answer.sentAtMs);
}

/**
 * IK-19: no refusal hides a won order. Certain when the refused attempt was sent after the order was decided, which is
 * no later than the first answer to, or look at, an order with the same or a higher arrival. And certain, whatever the
 * moments, when stock only shrank during the run: whoever was rightly told "sold out" or "limit reached" cannot have
 * got the order later.
 */
export function checkNoHiddenWin(facts: Case): Violation[] {
  const decidedBy = decidedByMs(facts);
  return [...facts.orders.values()].flatMap((known) => {
    const { order, origin, candidates } = known;
    if (origin === 'extra') return [];
    const decidedMs = decidedBy.get(order.id) ?? Number.POSITIVE_INFINITY;
    const neverToldSo = origin === 'refused' && facts.stockOnlyShrank;
    const hides = (attempt: PlaceOrderRecord) =>
      isRefusal(attempt) && (attempt.sentAtMs > decidedMs || (neverToldSo && attempt.code !== 'sale-not-open'));
    // Where several placements may have made the order, it is certain only if it holds for each of them.
    const hidden = candidates.map(({ attempts }) => attempts.find(hides));
    const first = hidden[0];
    if (first === undefined || hidden.includes(undefined)) return [];
    const message = `the buyer was told "${first.code}" though the same key has order ${order.id}`;
    const evidence = { orderId: order.id, userId: first.userId, key: first.key, refusedAtMs: first.answeredAtMs };
    return [{ promise: 'IK-19', kind: 'refused-though-won', message, evidence }];
  });
}

/** For each order the moment by which it had been decided, from its own signs and those of all that arrived later. */
function decidedByMs(facts: Case): Map<string, number> {
  const latestFirst = [...facts.orders.values()].sort((a: KnownOrder, b) => b.order.arrival - a.order.arrival);
  let decidedMs = Number.POSITIVE_INFINITY;
  return new Map(
    latestFirst.map(({ order, seenAtMs }) => {
      decidedMs = Math.min(decidedMs, seenAtMs);
      return [order.id, decidedMs];
    }),
  );
}
