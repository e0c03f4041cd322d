import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

// Orders whose hold is over. SKIP LOCKED: another sweeper or a payment is at work on the others. The status is
// checked again on the locked row, so an order that was paid or cancelled meanwhile is left alone.
// now() is the start of the transaction, before any wait: what is overdue by it is overdue.
const lockOverdue = statement<{ id: string }>(
  'lock_overdue_orders',
  `SELECT id FROM orders
   WHERE id IN (
       SELECT id FROM orders WHERE status = 'pending_payment' AND pay_by <= now() ORDER BY pay_by LIMIT $1
     )
     AND status = 'pending_payment' AND pay_by <= now()
   ORDER BY id
   FOR NO KEY UPDATE SKIP LOCKED`,
);

/** Ids of at most `limit` unpaid orders whose time is over, their rows locked. */
export async function lockOverdueOrders(db: Queryable, limit: number): Promise<string[]> {
  const rows = await db.query(lockOverdue, [limit]);
  return rows.map((row) => row.id);
}

// After the orders, by id: the order of locks that everybody keeps.
const lockItems = statement(
  'lock_items_of_orders',
  `SELECT id FROM items
   WHERE id IN (SELECT item_id FROM order_lines WHERE order_id = ANY ($1::uuid[]))
   ORDER BY id FOR NO KEY UPDATE`,
);

// Gives back what unpaid lines hold, once: a line that holds nothing any more moves nothing. Customers' units go with
// the line's stock; they are counted only while the item has a limit.
const release = statement(
  'release_held_lines',
  `WITH released AS (
     UPDATE order_lines SET held = 0
     FROM orders
     WHERE order_lines.order_id = ANY ($1::uuid[]) AND orders.id = order_lines.order_id AND order_lines.held > 0
     RETURNING order_lines.item_id, orders.customer_id, order_lines.quantity
   ), units AS (
     UPDATE customer_units SET units = customer_units.units - freed.units
     FROM (SELECT item_id, customer_id, sum(quantity)::int AS units FROM released GROUP BY item_id, customer_id) AS freed
     JOIN items ON items.id = freed.item_id AND items.limit_per_customer IS NOT NULL
     WHERE customer_units.item_id = freed.item_id AND customer_units.customer_id = freed.customer_id
   )
   UPDATE items SET available = available + freed.units, held = held - freed.units, version = version + 1
   FROM (SELECT item_id, sum(quantity)::int AS units FROM released GROUP BY item_id) AS freed
   WHERE items.id = freed.item_id`,
);

/** Gives the held stock of some orders back. The caller holds the orders' row locks. */
export async function releaseHolds(db: Queryable, orderIds: readonly string[]): Promise<void> {
  const ids = arrayLiteral(orderIds);
  await db.query(lockItems, [ids]);
  await db.query(release, [ids]);
}
