import type { Fulfillment, SaleTerms } from '../domain/sale.ts';
import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

export interface TermsRow {
  id: string;
  merchant_id: string;
  currency: string;
  opens_at: Date;
  closes_at: Date;
  paused_at: Date | null;
  fulfillment: Fulfillment;
  hold_seconds: number;
  acceptance_seconds: number;
  test: boolean;
  last_arrival: number;
  fence: number;
}

export interface LockedSale extends SaleTerms {
  readonly lastArrival: number;
  /** The fencing token of optimistic batches. */
  readonly fence: number;
}

export const TERMS =
  'id, merchant_id, currency, opens_at, closes_at, paused_at, fulfillment, hold_seconds, acceptance_seconds, test, last_arrival, fence';

// The first lock of every batch. Ordered, so that two batches over the same sales never wait for each other.
// NO KEY: what is changed is no key, and rows that refer to a sale may be inserted meanwhile.
const lockSalesForPlacing = statement<TermsRow>(
  'lock_sales_for_placing',
  `SELECT ${TERMS} FROM sales WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
);

export function toTerms(row: TermsRow): LockedSale {
  return {
    id: row.id,
    merchantId: row.merchant_id,
    currency: row.currency,
    opensAt: row.opens_at,
    closesAt: row.closes_at,
    pausedAt: row.paused_at,
    fulfillment: row.fulfillment,
    holdSeconds: row.hold_seconds,
    acceptanceSeconds: row.acceptance_seconds,
    test: row.test,
    lastArrival: row.last_arrival,
    fence: row.fence,
  };
}

/** Locks the rows of some sales, in the order of their ids, and reads their terms and arrival counters. */
export async function lockSales(db: Queryable, saleIds: readonly string[]): Promise<Map<string, LockedSale>> {
  const rows = await db.query(lockSalesForPlacing, [arrayLiteral(saleIds)]);
  return new Map(rows.map((row) => [row.id, toTerms(row)]));
}
