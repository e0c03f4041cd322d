import type { Case, KnownOrder } from './case.ts';
import type { PlaceOrderRecord } from './history.ts';
import { isRefusal } from './placements.ts';
import { mostAtOnce } from './stock-spans.ts';
import type { Violation } from './violation.ts';

/**
 * S-07: no buyer has more of an item at once than the limit. Unpaid orders count; others for as long as they had their
 * stock, by the database's clock (see `stockUseOf`).
 */
export function checkLimits(facts: Case): Violation[] {
  const limits = limitRanges(facts);
  const holdings = Map.groupBy(takings(facts), (taking) => `${taking.userId} ${taking.itemId}`);
  return [...holdings.values()].flatMap((group) => {
    const { userId = '', itemId = '' } = group[0] ?? {};
    const limit = limits.get(itemId)?.most ?? Number.POSITIVE_INFINITY;
    const { units } = mostAtOnce(
      group.flatMap(({ known }) => known.use.spans.filter((span) => span.itemId === itemId)),
    );
    if (units <= limit) return [];
    return [
      {
        promise: 'S-07',
        kind: 'limit-breach',
        message: `a buyer has ${units} units where ${limit} are allowed`,
        evidence: { userId, itemId, limit, units, orderIds: group.map((taking) => taking.orderId) },
      },
    ];
  });
}

/**
 * S-07, the other side: nobody is told "limit reached" below the limit. Certain when all that the buyer's orders ever
 * took, plus what was asked for, is within the smallest limit of every line.
 */
export function checkFalseLimits(facts: Case): Violation[] {
  const limits = limitRanges(facts);
  const taken = new Map<string, number>();
  for (const { userId, itemId, units } of takings(facts)) {
    const name = `${userId} ${itemId}`;
    taken.set(name, (taken.get(name) ?? 0) + units);
  }
  const isFalse = (refusal: PlaceOrderRecord) =>
    refusal.lines.every((line) => {
      const had = taken.get(`${refusal.userId} ${line.itemId}`) ?? 0;
      return had + line.quantity <= (limits.get(line.itemId)?.least ?? Number.POSITIVE_INFINITY);
    });
  const refusals = facts.history.placings.filter((attempt) => isRefusal(attempt) && attempt.code === 'limit-reached');
  return refusals.filter(isFalse).map((refusal) => ({
    promise: 'S-07',
    kind: 'false-limit-reached',
    message: 'told "limit reached" below the limit',
    evidence: { userId: refusal.userId, key: refusal.key, lines: refusal.lines },
  }));
}

interface Taking {
  readonly userId: string;
  readonly itemId: string;
  readonly orderId: string;
  readonly units: number;
  readonly known: KnownOrder;
}

function takings(facts: Case): Taking[] {
  return [...facts.orders.values()].flatMap((known) =>
    known.order.lines.map((line) => ({
      userId: known.order.userId,
      itemId: line.itemId,
      orderId: known.order.id,
      units: line.quantity,
      known,
    })),
  );
}

/** The smallest and the largest limit at which each item was seen; no limit counts as infinite. */
function limitRanges(facts: Case): Map<string, { least: number; most: number }> {
  const ranges = new Map<string, { least: number; most: number }>();
  for (const sale of [...facts.history.saleReads.map((read) => read.sale), facts.final.sale]) {
    for (const item of sale.items) {
      const limit = item.limitPerCustomer ?? Number.POSITIVE_INFINITY;
      const range = ranges.get(item.id) ?? { least: limit, most: limit };
      ranges.set(item.id, { least: Math.min(range.least, limit), most: Math.max(range.most, limit) });
    }
  }
  return ranges;
}
