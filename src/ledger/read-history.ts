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

const readHistoryAfter = statement<EventRow>(
  'read_history_after',
  `SELECT event.order_id, event.version, event.type, event.status, event.occurred_at, event.actor_id,
          event.actor_role, event.cause, event.details
   FROM unnest($1::uuid[], $2::int[]) AS watched (order_id, version)
   CROSS JOIN LATERAL (
     SELECT * FROM order_events WHERE order_id = watched.order_id AND version > watched.version
   ) AS event
   ORDER BY event.order_id, event.version`,
);

/** What came into the history of some orders after a version of each, by order. No order twice. */
export async function findHistoryAfter(
  db: Queryable,
  positions: readonly { readonly orderId: string; readonly version: number }[],
): Promise<Map<string, OrderEvent[]>> {
  const rows = await db.query(readHistoryAfter, [
    arrayLiteral(positions.map(({ orderId }) => orderId)),
    arrayLiteral(positions.map(({ version }) => version)),
  ]);
  return Map.groupBy(rows.map(toEvent), ({ orderId }) => orderId);
}
