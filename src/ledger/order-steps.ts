import type { OrderStatus } from '../domain/order.ts';
import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

// The one place that raises an order's version, with the history row of the new version. The rows are locked.
const stepOrders = statement<{ order_id: string }>(
  'step_orders',
  `WITH stepped AS (
     UPDATE orders SET status = $2::order_status, version = version + 1
     WHERE id = ANY ($1::uuid[])
     RETURNING id, version, status, pay_by
   )
   INSERT INTO order_events (order_id, version, type, status, pay_by, occurred_at, actor_id, request_id)
   SELECT id, version, $3, status, pay_by, date_trunc('milliseconds', clock_timestamp()), $4, $5 FROM stepped
   RETURNING order_id`,
);

/** A step in the life of some orders, as their history tells it. */
export interface OrderStep {
  readonly to: OrderStatus;
  /** The event's type, such as `order.expired`. */
  readonly type: string;
  /** Null: the engine itself. */
  readonly actorId: string | null;
  readonly requestId: string | null;
}

/** Moves orders to a status and writes their history. The caller holds the orders' row locks and has checked the step. */
export async function recordStep(db: Queryable, orderIds: readonly string[], step: OrderStep): Promise<void> {
  await db.query(stepOrders, [arrayLiteral(orderIds), step.to, step.type, step.actorId, step.requestId]);
}
