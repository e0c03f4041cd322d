import type { Case } from './case.ts';
import type { Violation } from './violation.ts';

/** Something that showed a version: known from `knownAtMs` on, and not asked for before `askedAtMs`. */
interface Showing {
  readonly name: string;
  readonly version: number;
  readonly askedAtMs: number;
  readonly knownAtMs: number;
}

/**
 * S-11: versions only rise. What was asked for after an answer had shown a version never shows a lower one, of an order
 * and of an item of the sale.
 */
export function checkVersionsRise(facts: Case): Violation[] {
  const showings = Map.groupBy(listShowings(facts), ({ name }) => name);
  return [...showings].flatMap(([name, group]) => {
    const known = group.toSorted((a, b) => a.knownAtMs - b.knownAtMs);
    const asked = group.toSorted((a, b) => a.askedAtMs - b.askedAtMs);
    let [next, highest] = [0, 0];
    for (const { version, askedAtMs } of asked) {
      for (let seen = known[next]; seen !== undefined && seen.knownAtMs < askedAtMs; seen = known[next]) {
        highest = Math.max(highest, seen.version);
        next += 1;
      }
      if (version >= highest) continue;
      const message = `${name}: version ${version} was shown after version ${highest} had been answered`;
      return [{ promise: 'S-11', kind: 'version-fell', message, evidence: { name, version, highest, askedAtMs } }];
    }
    return [];
  });
}

function listShowings({ history, final }: Case): Showing[] {
  const reads = history.orderReads.flatMap(({ orders, sentAtMs, answeredAtMs }) =>
    orders.flatMap(({ id, version }) =>
      version === undefined ? [] : [{ name: `order ${id}`, version, askedAtMs: sentAtMs, knownAtMs: answeredAtMs }],
    ),
  );
  // A step's answer may be a repeat, which shows the version of then: it only tells what was known from then on.
  const steps = history.steps.flatMap(({ orderId, version, answeredAtMs }) =>
    version === null || answeredAtMs === null
      ? []
      : [{ name: `order ${orderId}`, version, askedAtMs: Number.NEGATIVE_INFINITY, knownAtMs: answeredAtMs }],
  );
  const items = history.saleReads.flatMap(({ sale, sentAtMs, answeredAtMs }) =>
    sale.items.map(({ id, version }) => ({
      name: `item ${id}`,
      version,
      askedAtMs: sentAtMs,
      knownAtMs: answeredAtMs,
    })),
  );
  const atRest = { askedAtMs: Number.MAX_VALUE, knownAtMs: Number.POSITIVE_INFINITY };
  const lives = (final.rest?.lives ?? []).map(({ orderId, version }) => ({
    name: `order ${orderId}`,
    version,
    ...atRest,
  }));
  return [...reads, ...steps, ...items, ...lives];
}
