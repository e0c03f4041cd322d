import type { SaleTerms } from '../domain/sale.ts';
import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

/** What an order shows of its sale: no stock, so one row each. */
export interface SaleSummary
  extends Pick<SaleTerms, 'id' | 'merchantId' | 'currency' | 'fulfillment' | 'opensAt' | 'closesAt'> {
  readonly name: string;
}

interface SummaryRow {
  id: string;
  merchant_id: string;
  name: string;
  currency: string;
  fulfillment: SaleTerms['fulfillment'];
  opens_at: Date;
  closes_at: Date;
}

const readSummaries = statement<SummaryRow>(
  'read_sale_summaries',
  `SELECT id, merchant_id, name, currency, fulfillment, opens_at, closes_at FROM sales WHERE id = ANY ($1::uuid[])`,
);

/** Some sales as their orders show them, by id. */
export async function findSaleSummaries(db: Queryable, saleIds: readonly string[]): Promise<Map<string, SaleSummary>> {
  const rows = await db.query(readSummaries, [arrayLiteral(saleIds)]);
  return new Map(
    rows.map((row): [string, SaleSummary] => [
      row.id,
      {
        id: row.id,
        merchantId: row.merchant_id,
        name: row.name,
        currency: row.currency,
        fulfillment: row.fulfillment,
        opensAt: row.opens_at,
        closesAt: row.closes_at,
      },
    ]),
  );
}
