import { drawUpTo, mulberry32, type Random, shuffle } from './random.ts';

/** One order that a buyer is going to place. */
export interface PlannedOrder {
  /** Index of the buyer. */
  readonly buyer: number;
  readonly key: string;
  readonly lines: readonly { readonly itemId: string; readonly quantity: number }[];
  /** Hangs up right after sending the first attempt, and tries again with the same key. */
  readonly hangsUp: boolean;
  /** Sends the same request once more after it has succeeded. */
  readonly resends: boolean;
}

export interface PlanOptions {
  readonly seed: number;
  readonly buyers: number;
  readonly ordersPerBuyer: number;
  readonly quantityMax: number;
  readonly itemIds: readonly string[];
  /** Makes the keys of this run its own. */
  readonly keyPrefix: string;
}

/** Of all orders, how many lose their first answer on purpose, and how many are repeated after success. */
const HANG_UP_SHARE = 0.05;
const RESEND_SHARE = 0.1;

/** Buyers who send all their orders at the same time, as with several tabs: that is what tries the limit. */
const IMPATIENT_SHARE = 0.25;

/** The most items in one order; an order of three lines shows all that one of thirty would. */
const LINES_MAX = 3;

/** Who orders what, in which order: a pure function of the options, so that a seed repeats a run's choices. */
export function planOrders(options: PlanOptions): PlannedOrder[] {
  const random = mulberry32(options.seed);
  const groups: PlannedOrder[][] = [];
  for (let buyer = 0; buyer < options.buyers; buyer += 1) {
    const orders = Array.from({ length: options.ordersPerBuyer }, (_, number) =>
      planOrder(options, buyer, number, random),
    );
    if (random() < IMPATIENT_SHARE) groups.push(orders);
    else groups.push(...orders.map((order) => [order]));
  }
  return shuffle(groups, random).flat();
}

function planOrder(options: PlanOptions, buyer: number, number: number, random: Random): PlannedOrder {
  const count = drawUpTo(random, Math.min(LINES_MAX, options.itemIds.length));
  const chosen = shuffle([...options.itemIds], random).slice(0, count);
  return {
    buyer,
    key: `${options.keyPrefix}-${buyer}-${number}`,
    lines: chosen.map((itemId) => ({ itemId, quantity: drawUpTo(random, options.quantityMax) })),
    hangsUp: random() < HANG_UP_SHARE,
    resends: random() < RESEND_SHARE,
  };
}
