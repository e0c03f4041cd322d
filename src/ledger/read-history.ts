import type { OrderStatus } from '../domain/order.ts';
import type { StepDetails } from '../domain/order-facts.ts';
import type { OrderActor } from '../domain/order-transitions.ts';
import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

/** One row of an order's history: what made one of its versions. */
export interface OrderEvent {
  readonly orderId: string;
  readonly version: number;
  readonly type: string;
  /** The order's status after it. */
  readonly status: OrderStatus;
  readonly occurredAt: Date;
  /** Null: the engine itself. */
  readonly actorId: string | null;
  /** Null for placing, and for the engine itself. */
  readonly actorRole: OrderActor | null;
  readonly cause: string | null;
  readonly details: StepDetails | null;
}

interface EventRow {
  order_id: string;
  version: number;
  type: string;
  status: OrderStatus;
  occurred_at: Date;
  actor_id: string | null;
  actor_role: OrderActor | null;
  cause: string | null;
  details: StepDetails | null;
}

const toEvent = (row: EventRow): OrderEvent => ({
  orderId: row.order_id,
  version: row.version,
  type: row.type,
  status: row.status,
  occurredAt: row.occurred_at,
  actorId: row.actor_id,
  actorRole: row.actor_role,
  cause: row.cause,
  details: row.details,
});

const readHistory = statement<EventRow>(
  'read_history_of_orders',
  `SELECT order_id, version, type, status, occurred_at, actor_id, actor_role, cause, details
   FROM order_events WHERE order_id = ANY ($1::uuid[]) ORDER BY order_id, version`,
);

/** The history of some orders, each order's first version first, by order. */
export async function findHistoryOf(db: Queryable, orderIds: readonly string[]): Promise<Map<string, OrderEvent[]>> {
  const rows = await db.query(readHistory, [arrayLiteral(orderIds)]);
  return Map.groupBy(rows.map(toEvent), ({ orderId }) => orderId);
}
