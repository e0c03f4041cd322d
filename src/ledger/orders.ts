import type { OrderStatus } from '../domain/order.ts';
import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

/** The constraint that a second order under one key violates. */
export const ORDERS_PLACED_ONCE = 'orders_placed_once';

export interface NewOrder {
  readonly id: string;
  readonly saleId: string;
  readonly customerId: string;
  readonly placedBy: string;
  readonly placedAt: Date;
  readonly payBy: Date | null;
  readonly arrival: number;
  readonly totalMinor: number;
  readonly status: OrderStatus;
  /** SHA-256 of the canonical request, hex. */
  readonly fingerprint: string;
  readonly idempotencyKey: string;
  readonly reference: string | null;
  /** JSON text. */
  readonly metadata: string | null;
  readonly requestId: string;
}

/** An order that a key already has. */
export interface RepeatedOrder {
  readonly orderId: string;
  /** SHA-256 of the request that placed it, hex. */
  readonly fingerprint: string;
}

/** Scopes an idempotency key to its caller. */
export function placingKey(placedBy: string, idempotencyKey: string): string {
  return `${placedBy}/${idempotencyKey}`;
}

// The clock of the decision is read here, after the locks were waited for: now() would be the start of the
// transaction. To the millisecond, which is what the answer shows.
// LATERAL with LIMIT keeps to one index look-up per key, whatever the size of the table was when it was planned.
// Under READ COMMITTED this statement sees every order committed before the locks were granted: a look-up before
// the lock could find nothing and the order a moment later.
const readRepeatsAndClock = statement<{
  decided_at: Date;
  placed_by: string | null;
  idempotency_key: string;
  order_id: string;
  fingerprint: string;
}>(
  'read_repeats_and_clock',
  `SELECT clock.decided_at, repeated.*
   FROM (SELECT date_trunc('milliseconds', clock_timestamp()) AS decided_at) AS clock
   LEFT JOIN (
     SELECT found.*
     FROM unnest($1::uuid[], $2::text[]) AS asked (placed_by, idempotency_key)
     CROSS JOIN LATERAL (
       SELECT orders.placed_by, orders.idempotency_key, orders.id AS order_id, encode(orders.fingerprint, 'hex') AS fingerprint
       FROM orders
       WHERE orders.placed_by = asked.placed_by AND orders.idempotency_key = asked.idempotency_key
       LIMIT 1
     ) AS found
   ) AS repeated ON true`,
);

/** The orders that these callers' keys already have, by `placingKey`, and the time of the decision. */
export async function findRepeats(
  db: Queryable,
  keys: readonly { readonly placedBy: string; readonly idempotencyKey: string }[],
): Promise<{ decidedAt: Date; repeats: Map<string, RepeatedOrder> }> {
  const rows = await db.query(readRepeatsAndClock, [
    arrayLiteral(keys.map((key) => key.placedBy)),
    keys.map((key) => key.idempotencyKey),
  ]);
  const first = rows[0];
  if (first === undefined) throw new Error('The database did not tell its time.');
  const repeats = new Map<string, RepeatedOrder>();
  for (const row of rows) {
    if (row.placed_by === null) continue;
    repeats.set(placingKey(row.placed_by, row.idempotency_key), {
      orderId: row.order_id,
      fingerprint: row.fingerprint,
    });
  }
  return { decidedAt: first.decided_at, repeats };
}

// Orders of one batch with the first row of their history. The unique key on (placed_by, idempotency_key) is what
// makes a lost answer harmless: the retry finds its own order instead of making a second one.
const insertOrdersAndEvents = statement(
  'insert_orders',
  `WITH placed AS (
     INSERT INTO orders (id, sale_id, customer_id, placed_by, placed_at, pay_by, arrival, total_minor, status,
                         fingerprint, idempotency_key, reference, metadata)
     SELECT id, sale_id, customer_id, placed_by, $1, pay_by, arrival, total_minor, status,
            decode(fingerprint, 'hex'), idempotency_key, reference, metadata
     FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[], $7::bigint[], $8::bigint[],
                 $9::order_status[], $10::text[], $11::text[], $12::text[], $13::json[])
       AS asked (id, sale_id, customer_id, placed_by, pay_by, arrival, total_minor,
                 status, fingerprint, idempotency_key, reference, metadata)
   )
   INSERT INTO order_events (order_id, version, type, status, pay_by, occurred_at, actor_id, request_id)
   SELECT id, 1, 'order.placed', status, pay_by, $1, placed_by, request_id
   FROM unnest($2::uuid[], $5::uuid[], $6::timestamptz[], $9::order_status[], $14::text[])
     AS asked (id, placed_by, pay_by, status, request_id)`,
);

/**
 * Writes new orders and their first events. All of one batch share `placedAt`.
 * A key that has an order already fails the statement (unique constraint `ORDERS_PLACED_ONCE`).
 */
export async function insertOrders(db: Queryable, placedAt: Date, orders: readonly NewOrder[]): Promise<void> {
  await db.query(insertOrdersAndEvents, [
    placedAt,
    arrayLiteral(orders.map((order) => order.id)),
    arrayLiteral(orders.map((order) => order.saleId)),
    arrayLiteral(orders.map((order) => order.customerId)),
    arrayLiteral(orders.map((order) => order.placedBy)),
    arrayLiteral(orders.map((order) => order.payBy?.toISOString() ?? 'NULL')),
    arrayLiteral(orders.map((order) => order.arrival)),
    arrayLiteral(orders.map((order) => order.totalMinor)),
    arrayLiteral(orders.map((order) => order.status)),
    arrayLiteral(orders.map((order) => order.fingerprint)),
    orders.map((order) => order.idempotencyKey),
    orders.map((order) => order.reference),
    orders.map((order) => order.metadata),
    orders.map((order) => order.requestId),
  ]);
}
