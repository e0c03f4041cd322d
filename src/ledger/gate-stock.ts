import type { LedgerStock } from '../gate/stock-gate.ts';
import { ID_MIN } from './id-range.ts';
import { type Queryable, statement } from './statement.ts';

const listStock = statement<{
  id: string;
  sale_id: string;
  available: number;
  version: number;
  limit_per_customer: number | null;
}>(
  'list_stock_of_current_sales',
  `SELECT items.id, items.sale_id, items.available, items.version, items.limit_per_customer
   FROM items JOIN sales ON sales.id = items.sale_id
   WHERE items.id > $1 AND sales.opens_at <= now() + interval '1 minute'
     AND sales.closes_at > now() - interval '10 minutes'
   ORDER BY items.id LIMIT $2`,
);

/** The stock of all items of sales that sell now, or did a moment ago; a page at a time. */
export async function* listCurrentStock(db: Queryable, pageSize: number): AsyncIterable<LedgerStock[]> {
  let after = ID_MIN;
  for (;;) {
    const rows = await db.query(listStock, [after, pageSize]);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map((row) => ({
      saleId: row.sale_id,
      itemId: row.id,
      available: row.available,
      version: row.version,
      limitPerCustomer: row.limit_per_customer,
    }));
    if (rows.length < pageSize) return;
    after = last.id;
  }
}
