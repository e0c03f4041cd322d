import { type Queryable, statement } from './statement.ts';

/** What staff may change about an item while the sale is open; orders keep what they were placed at. */
export interface ItemDefinition {
  readonly name: string;
  /** In minor units of the sale's currency. */
  readonly priceMinor: number;
  readonly limitPerCustomer: number | null;
}

// After the sale's lock. A batch reads price and limit under this lock, so each order sees one definition whole.
const lockDefinition = statement<{ name: string; price_minor: number; limit_per_customer: number | null }>(
  'lock_item_for_change',
  `SELECT name, price_minor, limit_per_customer FROM items WHERE id = $2 AND sale_id = $1 FOR NO KEY UPDATE`,
);

/** Locks an item of a sale for a change of its definition. The caller holds the sale's row lock. */
export async function lockItemDefinition(
  db: Queryable,
  saleId: string,
  itemId: string,
): Promise<ItemDefinition | undefined> {
  const [row] = await db.query(lockDefinition, [saleId, itemId]);
  return row && { name: row.name, priceMinor: row.price_minor, limitPerCustomer: row.limit_per_customer };
}

const updateDefinition = statement(
  'update_item_definition',
  `UPDATE items SET name = $2, price_minor = $3, limit_per_customer = $4, version = version + 1 WHERE id = $1`,
);

/** Writes what an item is. The caller holds the item's row lock. */
export async function updateItemDefinition(db: Queryable, itemId: string, item: ItemDefinition): Promise<void> {
  await db.query(updateDefinition, [itemId, item.name, item.priceMinor, item.limitPerCustomer]);
}

const forgetUnits = statement('forget_customer_units', 'DELETE FROM customer_units WHERE item_id = $1');

// Found by the sale's orders, which have an index; an item's lines have none. Whoever moves units of a line locks the
// item first, so behind that lock a new statement sees every move that was committed, and a move that is under way
// waits for the item and finds the limit (and its row here) when it goes on.
const countUnits = statement(
  'count_customer_units',
  `INSERT INTO customer_units (item_id, customer_id, units)
   SELECT order_lines.item_id, orders.customer_id, sum(order_lines.held + order_lines.sold)
   FROM orders
   JOIN order_lines ON order_lines.order_id = orders.id AND order_lines.item_id = $2
   WHERE orders.sale_id = $1 AND order_lines.held + order_lines.sold > 0
   GROUP BY order_lines.item_id, orders.customer_id
   ORDER BY orders.customer_id`,
);

/**
 * Counts anew, from the orders, how many units each customer has of an item that gets a limit: rows from an earlier
 * limit were not kept up. The caller holds the item's row lock.
 */
export async function recountCustomerUnits(db: Queryable, saleId: string, itemId: string): Promise<void> {
  await db.query(forgetUnits, [itemId]);
  await db.query(countUnits, [saleId, itemId]);
}
