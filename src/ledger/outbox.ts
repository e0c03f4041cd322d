import type { OrderStatus } from '../domain/order.ts';
import { PLAN_BY_KEYS } from './plan-by-keys.ts';
import { type Queryable, statement } from './statement.ts';

/** One event of an order that others are told of. */
export interface PublishedEvent {
  readonly orderId: string;
  /** The version of the order that it made. */
  readonly version: number;
  readonly type: string;
  /** The order's status after it. */
  readonly status: OrderStatus;
  /** The order's status before it; null for the first. */
  readonly previousStatus: OrderStatus | null;
  readonly occurredAt: Date;
  /** The W3C traceparent of the request that made the step, where it was sampled. */
  readonly traceParent: string | null;
  readonly saleId: string;
  readonly merchantId: string;
}

interface EventRow {
  order_id: string;
  version: number;
  type: string;
  status: OrderStatus;
  previous_status: OrderStatus | null;
  occurred_at: Date;
  trace_parent: string | null;
  sale_id: string;
  merchant_id: string;
}

// The lock of an order's first waiting event is the right to all that wait of this order. Whoever sees a later event
// sees the first one, too, or it is deleted: steps of an order commit one after the other. So no other relay can have
// taken a later one while the first is there, and a first that somebody has is passed over with all that follow it.
// There is no position that must be reached: what commits late is a row like any other, and found by the next run.
//
// The correlated minimum, and not a join, keeps the cost of a run to what it takes, however much waits.
const takeWaiting = statement<EventRow>(
  'take_events_from_outbox',
  `WITH first AS MATERIALIZED (
     SELECT event.order_id FROM outbox AS event
     WHERE event.version = (SELECT min(waiting.version) FROM outbox AS waiting WHERE waiting.order_id = event.order_id)
     ORDER BY event.order_id, event.version
     LIMIT $1
     FOR UPDATE OF event SKIP LOCKED
   ), told AS (
     DELETE FROM outbox USING first WHERE outbox.order_id = first.order_id
     RETURNING outbox.order_id, outbox.version
   )
   SELECT event.order_id, event.version, event.type, event.status,
          CASE WHEN event.version > 1 THEN (
            SELECT before.status FROM order_events AS before
            WHERE before.order_id = event.order_id AND before.version = event.version - 1
          ) END AS previous_status,
          event.occurred_at, event.trace_parent, orders.sale_id, sales.merchant_id
   FROM told
   JOIN order_events AS event ON event.order_id = told.order_id AND event.version = told.version
   JOIN orders ON orders.id = told.order_id
   JOIN sales ON sales.id = orders.sale_id
   ORDER BY event.order_id, event.version`,
);

/**
 * Takes all waiting events of at most `limit` orders out of the outbox, the versions of an order in turn. They are
 * told of by whatever else the transaction writes; where it is rolled back they wait again.
 */
export async function takeEvents(db: Queryable, limit: number): Promise<PublishedEvent[]> {
  const rows = await db.query(takeWaiting, [limit]);
  return rows.map((row) => ({
    orderId: row.order_id,
    version: row.version,
    type: row.type,
    status: row.status,
    previousStatus: row.previous_status,
    occurredAt: row.occurred_at,
    traceParent: row.trace_parent,
    saleId: row.sale_id,
    merchantId: row.merchant_id,
  }));
}

// The commit: a crash of the server can lose one that did not wait for the disk, but only as a whole, and with all that
// came after it. Then the events wait again and are told of again, under the same ids. The orders' own commits do wait.
//
// The plan: statistics of a table that fills and empties all the time would now and then lead away from the keys.
const setUp = statement('set_up_publishing', `SELECT set_config('synchronous_commit', 'off', true), ${PLAN_BY_KEYS}`);

/**
 * Settings for a transaction that tells of events, and for no other: its commit does not wait for the disk, because all
 * that it does may happen again after a crash.
 */
export async function setUpPublishing(db: Queryable): Promise<void> {
  await db.query(setUp);
}

/** Past this the outbox is not counted: whoever asks knows enough, and asks often. */
const COUNTED_MAX = 100_000;

// Without an order: rows lie about as they came, so where there are more than are counted the oldest is among the first.
const readLag = statement<{ events: number; oldest_seconds: number }>(
  'read_outbox_lag',
  `SELECT count(*)::int AS events,
          coalesce(greatest(extract(epoch FROM clock_timestamp() - min(occurred_at)), 0), 0)::float8 AS oldest_seconds
   FROM (SELECT occurred_at FROM outbox LIMIT ${COUNTED_MAX}) AS waiting`,
);

/** Events that nobody was told of yet (100,000 means that or more), and how long the oldest has waited. */
export async function readOutboxLag(db: Queryable): Promise<{ events: number; oldestSeconds: number }> {
  const [row] = await db.query(readLag);
  return { events: row?.events ?? 0, oldestSeconds: row?.oldest_seconds ?? 0 };
}
