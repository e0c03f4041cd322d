import type { ItemState } from '../domain/stock.ts';
import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

interface PlacingRow {
  id: string;
  sale_id: string;
  name: string;
  price_minor: number;
  limit_per_customer: number | null;
  available: number;
  version: number;
}

const PLACING = 'id, sale_id, name, price_minor, limit_per_customer, available, version';

// Taken after the sales' locks and before customers' units, always in the order of the ids.
const lockItemsForPlacing = statement<PlacingRow>(
  'lock_items_for_placing',
  `SELECT ${PLACING} FROM items WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
);

/** Locks the rows of some items, in the order of their ids, and reads their prices, limits and stock. */
export async function lockItems(db: Queryable, itemIds: readonly string[]): Promise<Map<string, ItemState>> {
  const rows = await db.query(lockItemsForPlacing, [arrayLiteral(itemIds)]);
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        saleId: row.sale_id,
        name: row.name,
        priceMinor: row.price_minor,
        limitPerCustomer: row.limit_per_customer,
        available: row.available,
        version: row.version,
      },
    ]),
  );
}
