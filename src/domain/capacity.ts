/** An item's units: `capacity = available + held + sold`, always. */
export interface Stock {
  readonly capacity: number;
  readonly available: number;
  /** Kept for unpaid orders. */
  readonly held: number;
  readonly sold: number;
}

/** The most units one item may have. The columns are 32-bit integers; a stadium has a hundred thousand seats. */
export const CAPACITY_MAX = 10_000_000;

/** What staff ask for: a new capacity, or more or fewer units than now. */
export type CapacityChange = { readonly to: number } | { readonly by: number };

export type CapacityDecision =
  | { readonly outcome: 'changed'; readonly stock: Stock }
  /** Units that are held or sold cannot be taken back; `promised` is how many those are. */
  | { readonly outcome: 'below-promised'; readonly promised: number }
  | { readonly outcome: 'above-maximum' };

/** Moves the free units only: what is held and sold stays promised. Pure: the caller holds the item's row lock. */
export function changeCapacity(stock: Stock, change: CapacityChange): CapacityDecision {
  const capacity = 'to' in change ? change.to : stock.capacity + change.by;
  const promised = stock.held + stock.sold;
  if (capacity < promised) return { outcome: 'below-promised', promised };
  if (capacity > CAPACITY_MAX) return { outcome: 'above-maximum' };
  return { outcome: 'changed', stock: { ...stock, capacity, available: capacity - promised } };
}
