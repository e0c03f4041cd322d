/** How an order is fulfilled: handed out as it is, or accepted, prepared and handed over. */
export type Fulfillment = 'direct' | 'kitchen';

/** The terms of a sale that decide about its orders. Times are the database's clock. */
export interface SaleTerms {
  readonly id: string;
  readonly merchantId: string;
  readonly currency: string;
  readonly opensAt: Date;
  readonly closesAt: Date;
  readonly pausedAt: Date | null;
  readonly fulfillment: Fulfillment;
  /** How long an unpaid order keeps its stock. */
  readonly holdSeconds: number;
  /** How long the kitchen has to accept a paid order. */
  readonly acceptanceSeconds: number;
  /** A rehearsal: left out of public lists, open to test buyers. */
  readonly test: boolean;
}

export type SaleStatus = 'scheduled' | 'open' | 'paused' | 'sold_out' | 'closed';

/** Why a sale takes no orders at `now`, or undefined while it does. It opens at `opensAt` and takes none from `closesAt` on. */
export function whyNotOpen(
  sale: Pick<SaleTerms, 'opensAt' | 'closesAt' | 'pausedAt'>,
  now: Date,
): 'scheduled' | 'paused' | 'closed' | undefined {
  if (now >= sale.closesAt) return 'closed';
  if (sale.pausedAt !== null) return 'paused';
  if (now < sale.opensAt) return 'scheduled';
  return undefined;
}

/** The status that is shown. It follows from time and facts, so nothing waits for a timer to change it. */
export function saleStatus(
  sale: Pick<SaleTerms, 'opensAt' | 'closesAt' | 'pausedAt'>,
  items: readonly { readonly available: number }[],
  now: Date,
): SaleStatus {
  const closedBecause = whyNotOpen(sale, now);
  if (closedBecause !== undefined) return closedBecause;
  return items.every((item) => item.available === 0) ? 'sold_out' : 'open';
}
