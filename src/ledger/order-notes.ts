import { type Queryable, statement } from './statement.ts';

// By id: the order in which everybody locks orders. The version stays: what was ordered and paid is as it was.
const clear = statement(
  'clear_order_notes',
  `WITH noted AS MATERIALIZED (
     SELECT id FROM orders
     WHERE customer_id = $1 AND (reference IS NOT NULL OR metadata IS NOT NULL)
     ORDER BY id FOR NO KEY UPDATE
   )
   UPDATE orders SET reference = NULL, metadata = NULL FROM noted WHERE orders.id = noted.id`,
);

/** Takes what a shop has noted on a customer's orders, its reference and metadata, off all of them. */
export async function clearOrderNotes(transaction: Queryable, customerId: string): Promise<void> {
  await transaction.query(clear, [customerId]);
}
