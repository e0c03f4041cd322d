import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

/** The constraint that a second order under one key violates. */
export const ORDERS_PLACED_ONCE = 'orders_placed_once';

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
