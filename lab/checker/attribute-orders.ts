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
  readonly placement: Placement | undefined;
}

/** Finds for every order the placement that made it. Orders that no answer named are matched by buyer, lines and reference. */
export function attributeOrders(
  orders: readonly OrderState[],
  placements: readonly Placement[],
): Map<string, Attribution> {
  const named = new Map<string, Attribution>();
  for (const placement of placements) {
    for (const id of placement.orderIds) {
      if (!named.has(id)) named.set(id, { origin: 'answered', placement });
    }
  }
  const unnamed = orders.filter((order) => !named.has(order.id));
  if (unnamed.length === 0) return named;
  const candidates = Map.groupBy(placements, (placement) => spellRequest(placement));
  for (const group of candidates.values()) group.sort((a, b) => rankOf(a) - rankOf(b));
  for (const order of unnamed) named.set(order.id, claimPlacement(candidates.get(spellRequest(order))));
  return named;
}

/** Takes the likeliest placement out of the group, so that the next order cannot be explained by it as well. */
function claimPlacement(group: Placement[] | undefined): Attribution {
  const placement = group?.[0];
  if (group === undefined || placement === undefined) return { origin: 'nobody', placement: undefined };
  if (placement.outcome === 'accepted') return { origin: 'extra', placement };
  group.shift();
  return { origin: placement.outcome, placement };
}

/** Unknown outcomes explain an order best; a refusal after an unknown attempt better than a plain one. */
function rankOf(placement: Placement): number {
  if (placement.outcome === 'unknown') return 0;
  if (placement.outcome === 'accepted') return 3;
  return placement.everUnknown ? 1 : 2;
}

function spellRequest(request: Pick<OrderState, 'userId' | 'reference' | 'lines'>): string {
  return JSON.stringify([request.userId, request.reference, spellLines(request.lines)]);
}
