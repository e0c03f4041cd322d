import type { Case, KnownOrder } from './case.ts';
import type { Violation } from './violation.ts';

/** S-08: the sale's orders carry the arrivals 1, 2, 3 … without gap or repeat. Lost orders count as well: they had one. */
export function checkArrivalGaps(facts: Case): Violation[] {
  const found: Violation[] = [];
  let previous = 0;
  for (const { order } of byArrival(facts)) {
    if (order.arrival !== previous + 1) {
      const what = order.arrival === previous ? 'twice' : `${order.arrival} after ${previous}`;
      const message = order.arrival === previous ? `arrival ${previous} was given twice` : `arrival jumps: ${what}`;
      const evidence = { orderId: order.id, arrival: order.arrival, previous };
      found.push({ promise: 'S-08', kind: 'arrival-gap', message, evidence });
    }
    previous = order.arrival;
  }
  return found;
}

/** S-08: arrival agrees with real time. An order answered before another was sent has the lower number. */
export function checkArrivalOrder(facts: Case): Violation[] {
  const found: Violation[] = [];
  let earliest: KnownOrder | undefined;
  for (const known of byArrival(facts).reverse()) {
    if (earliest !== undefined && earliest.seenAtMs < known.earliestEffectMs) {
      found.push({
        promise: 'S-08',
        kind: 'arrival-order',
        message: `arrival ${known.order.arrival} was sent after arrival ${earliest.order.arrival} had been answered`,
        evidence: {
          earlier: { orderId: known.order.id, arrival: known.order.arrival, sentAtMs: known.earliestEffectMs },
          later: { orderId: earliest.order.id, arrival: earliest.order.arrival, answeredAtMs: earliest.seenAtMs },
        },
      });
    }
    if (earliest === undefined || known.seenAtMs < earliest.seenAtMs) earliest = known;
  }
  return found;
}

function byArrival(facts: Case): KnownOrder[] {
  return [...facts.orders.values()].sort((a, b) => a.order.arrival - b.order.arrival);
}
