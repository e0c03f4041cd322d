import type { Stock } from '../domain/capacity.ts';
import { type Queryable, statement } from './statement.ts';

const readMerchantOfItem = statement<{ merchant_id: string }>(
  'read_merchant_of_item',
  'SELECT sales.merchant_id FROM items JOIN sales ON sales.id = items.sale_id WHERE items.id = $1',
);

/** Whose item it is. That never changes, so it may be asked before the item is locked. */
export async function findMerchantOfItem(db: Queryable, itemId: string): Promise<string | undefined> {
  const [row] = await db.query(readMerchantOfItem, [itemId]);
  return row?.merchant_id;
}

// The item's lock alone: nothing of the sale changes. A batch that runs holds it until its commit, so what is read
// here is what its orders left, and the next batch reads what is written here.
const lockStock = statement<Stock & { sale_id: string }>(
  'lock_item_stock',
  'SELECT sale_id, capacity, available, held, sold FROM items WHERE id = $1 FOR NO KEY UPDATE',
);

/** An item's stock, its row locked. */
export async function lockItemStock(
  db: Queryable,
  itemId: string,
): Promise<{ saleId: string; stock: Stock } | undefined> {
  const [row] = await db.query(lockStock, [itemId]);
  if (row === undefined) return undefined;
  const { sale_id, capacity, available, held, sold } = row;
  return { saleId: sale_id, stock: { capacity, available, held, sold } };
}

// Held and sold are left alone; the table's conservation CHECK fails whatever does not add up.
const updateCapacity = statement<{ version: number }>(
  'update_item_capacity',
  'UPDATE items SET capacity = $2, available = $3, version = version + 1 WHERE id = $1 RETURNING version',
);

/** Writes an item's capacity and what of it is free. The caller holds the item's row lock. Returns the new version. */
export async function writeCapacity(
  db: Queryable,
  itemId: string,
  stock: Pick<Stock, 'capacity' | 'available'>,
): Promise<number> {
  const [row] = await db.query(updateCapacity, [itemId, stock.capacity, stock.available]);
  if (row === undefined) throw new Error(`Item ${itemId} is not there.`);
  return row.version;
}
