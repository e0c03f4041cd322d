import type { OrderStatus } from '../domain/order.ts';
import { type Queryable, statement } from './statement.ts';

// Sums of counts that whoever tells of the events keeps, so this costs what there are sales, not orders, and waits for
// no lock.
const count = statement<{ status: OrderStatus; orders: number }>(
  'count_open_orders',
  `SELECT status, sum(orders)::float8 AS orders FROM sale_order_counts
   WHERE status IN ('pending_payment', 'payment_processing', 'pending_acceptance')
   GROUP BY status ORDER BY status`,
);

/** Orders of all sales that hold stock or wait for an acceptance, by status. As late as the outbox. */
export function countOpenOrders(db: Queryable): Promise<{ status: OrderStatus; orders: number }[]> {
  return db.query(count);
}
