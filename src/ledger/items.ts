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
}

const PLACING = 'id, sale_id, name, price_minor, limit_per_customer, available';

// Taken after the sales' locks and before customers' units, always in the order of the ids.
const lockItemsForPlacing = statement<PlacingRow>(
  'lock_items_for_placing',
  `SELECT ${PLACING} FROM items WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE`,
);

const readItemsForPlacing = statement<PlacingRow>(
  'read_items_for_placing',
  `SELECT ${PLACING} FROM items WHERE id = ANY ($1::uuid[])`,
);

/** Prices, limits and stock of some items, their rows locked in the order of their ids when `lock` is set. */
export async function findItemsForPlacing(
  db: Queryable,
  itemIds: readonly string[],
  lock: boolean,
): Promise<Map<string, ItemState>> {
  const rows = await db.query(lock ? lockItemsForPlacing : readItemsForPlacing, [arrayLiteral(itemIds)]);
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
      },
    ]),
  );
}

// Moves units between available, held and sold by signed amounts. The conservation CHECK of the table makes a
// wrong move fail instead of happen. Every change raises the version, by which readers tell new from old.
const moveItemStock = statement(
  'move_item_stock',
  `UPDATE items
   SET available = available - moved.to_held - moved.to_sold,
       held = held + moved.to_held,
       sold = sold + moved.to_sold,
       version = version + 1
   FROM unnest($1::uuid[], $2::int[], $3::int[]) AS moved (item_id, to_held, to_sold)
   WHERE items.id = moved.item_id`,
);

/** Units that go from available into held and sold; negative ones come back. One entry per item. */
export type StockMoves = ReadonlyMap<string, { readonly held: number; readonly sold: number }>;

/** Moves stock of several items. The caller holds the items' row locks. */
export async function moveStock(db: Queryable, moves: StockMoves): Promise<void> {
  const amounts = [...moves.values()];
  await db.query(moveItemStock, [
    arrayLiteral([...moves.keys()]),
    arrayLiteral(amounts.map((move) => move.held)),
    arrayLiteral(amounts.map((move) => move.sold)),
  ]);
}
