import type { OrderState } from './order-state.ts';
import { spellLines } from './order-state.ts';
import type { Placement } from './placements.ts';

/**
 * Why an order exists. `answered`: an answer named it. `unknown`: it fits a placement that never learned its outcome.
 * `refused`: it only fits one that was told no. `extra`: it only fits one that has an order already. `nobody`: it fits
 * nothing that was sent.
 */
export type Origin = 'answered' | 'unknown' | 'refused' | 'extra' | 'nobody';

export interface Attribution {
  readonly origin: Origin;
  /** The placement that made it; several where buyer, lines and reference fit several, and only one of them did. */
  readonly candidates: readonly Placement[];
}

/** Finds for every order the placement that made it. Orders that no answer named are matched by buyer, lines and reference. */
export function attributeOrders(
  orders: readonly OrderState[],
  placements: readonly Placement[],
): Map<string, Attribution> {
  const found = new Map<string, Attribution>();
  for (const placement of placements) {
    for (const id of placement.orderIds) {
      if (!found.has(id)) found.set(id, { origin: 'answered', candidates: [placement] });
    }
  }
  const unnamed = orders.filter((order) => !found.has(order.id));
  if (unnamed.length === 0) return found;
  const fitting = Map.groupBy(placements, spellRequest);
  for (const [spelling, group] of Map.groupBy(unnamed, spellRequest)) {
    const candidates = (fitting.get(spelling) ?? []).toSorted((a, b) => rankOf(a) - rankOf(b));
    const open = candidates.filter((placement) => placement.outcome !== 'accepted');
    group.forEach((order, index) => {
      found.set(order.id, explain(open[index], open, candidates));
    });
  }
  return found;
}

/** Each order of a group needs a placement without an order of its own; the likeliest explain the first. */
function explain(
  placement: Placement | undefined,
  open: readonly Placement[],
  candidates: readonly Placement[],
): Attribution {
  if (placement !== undefined && placement.outcome !== 'accepted') {
    return { origin: placement.outcome, candidates: open };
  }
  return { origin: candidates.length > open.length ? 'extra' : 'nobody', candidates };
}

/** Unknown outcomes explain an order best; a refusal after an unknown attempt better than a plain one. */
function rankOf(placement: Placement): number {
  if (placement.outcome === 'unknown') return 0;
  if (placement.outcome === 'accepted') return 3;
  return placement.everUnknown ? 1 : 2;
}

function spellRequest(request: Pick<Placement, 'userId' | 'reference' | 'lines'>): string {
  return JSON.stringify([request.userId, request.reference, spellLines(request.lines)]);
}
