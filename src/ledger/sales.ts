import type { Fulfillment, SaleTerms } from '../domain/sale.ts';
import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

interface TermsRow {
  id: string;
  merchant_id: string;
  currency: string;
  opens_at: Date;
  closes_at: Date;
  paused_at: Date | null;
  fulfillment: Fulfillment;
  hold_seconds: number;
  test: boolean;
  last_arrival: number;
}

export interface LockedSale extends SaleTerms {
  readonly lastArrival: number;
}

const TERMS =
  'id, merchant_id, currency, opens_at, closes_at, paused_at, fulfillment, hold_seconds, test, last_arrival';

// The first lock of every batch. Ordered, so that two batches over the same sales never wait for each other.
// NO KEY: what is changed is no key, and rows that refer to a sale may be inserted meanwhile.
const lockSalesForPlacing = statement<TermsRow>(
  'lock_sales_for_placing',
  `SELECT ${TERMS} FROM sales WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
);

const readSalesForPlacing = statement<TermsRow>(
  'read_sales_for_placing',
  `SELECT ${TERMS} FROM sales WHERE id = ANY ($1::uuid[])`,
);

function toTerms(row: TermsRow): LockedSale {
  return {
    id: row.id,
    merchantId: row.merchant_id,
    currency: row.currency,
    opensAt: row.opens_at,
    closesAt: row.closes_at,
    pausedAt: row.paused_at,
    fulfillment: row.fulfillment,
    holdSeconds: row.hold_seconds,
    test: row.test,
    lastArrival: row.last_arrival,
  };
}

/** Terms and arrival counters of some sales, their rows locked in the order of their ids when `lock` is set. */
export async function findSalesForPlacing(
  db: Queryable,
  saleIds: readonly string[],
  lock: boolean,
): Promise<Map<string, LockedSale>> {
  const rows = await db.query(lock ? lockSalesForPlacing : readSalesForPlacing, [arrayLiteral(saleIds)]);
  return new Map(rows.map((row) => [row.id, toTerms(row)]));
}
