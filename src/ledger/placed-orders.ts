import type { OrderStatus } from '../domain/order.ts';
import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

export interface PlacedOrder {
  readonly id: string;
  readonly saleId: string;
  readonly customerId: string;
  readonly placedBy: string;
  /** Of an unpaid order the end of the hold, of a paid one that waits for the kitchen the end of that; else null. */
  readonly deadline: Date | null;
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
  /** The W3C traceparent of the request, where it was sampled. */
  readonly traceParent: string | null;
}

export interface PlacedOrderLine {
  readonly orderId: string;
  readonly customerId: string;
  readonly itemId: string;
  readonly unitPriceMinor: number;
  readonly position: number;
  readonly quantity: number;
  readonly held: number;
  readonly sold: number;
  /** Whether the item has a limit per customer, so that the units count. */
  readonly limited: boolean;
  readonly name: string;
}

const PAY_BY = "CASE WHEN status = 'pending_payment' THEN deadline END";
const ACCEPT_BY = "CASE WHEN status = 'pending_acceptance' THEN deadline END";

// All that a batch writes, in one statement and so in one round trip with its COMMIT. The parts touch different
// tables; what they take from each other is the batch itself, never what another part has written.
//
// orders: the unique key on (placed_by, idempotency_key) is what makes a lost answer harmless: the retry finds its own
//   order instead of making a second one. A second order under a key fails the whole statement.
// items: the row locks were taken before the stock was read, so what is taken here was there; the conservation CHECK
//   would fail the statement otherwise. Every change raises the item's version, by which readers tell new from old.
// customer_units: whoever changes them holds the item's lock. Sorted, like every insert that may meet another.
// sales: the counter goes to the highest number given. The row's lock lasts until COMMIT, so numbers have no gaps.
const insertBatch = statement(
  'insert_placed_orders',
  `WITH line AS MATERIALIZED (
     SELECT * FROM unnest($15::uuid[], $16::uuid[], $17::uuid[], $18::bigint[], $19::smallint[], $20::int[], $21::int[],
                          $22::int[], $23::bool[], $24::text[])
       AS line (order_id, customer_id, item_id, unit_price_minor, position, quantity, held, sold, limited, name)
   ), placed AS (
     INSERT INTO orders (id, sale_id, customer_id, placed_by, placed_at, pay_by, accept_by, arrival, total_minor, status,
                         fingerprint, idempotency_key, reference, metadata)
     SELECT id, sale_id, customer_id, placed_by, $1, ${PAY_BY}, ${ACCEPT_BY}, arrival, total_minor, status,
            decode(fingerprint, 'hex'), idempotency_key, reference, metadata
     FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[], $7::bigint[], $8::bigint[],
                 $9::order_status[], $10::text[], $11::text[], $12::text[], $13::json[])
       AS asked (id, sale_id, customer_id, placed_by, deadline, arrival, total_minor,
                 status, fingerprint, idempotency_key, reference, metadata)
     RETURNING sale_id, arrival
   ), told AS (
     INSERT INTO order_events (order_id, version, type, status, pay_by, accept_by, occurred_at, actor_id, request_id,
                               trace_parent)
     SELECT id, 1, 'order.placed', status, ${PAY_BY}, ${ACCEPT_BY}, $1, placed_by, request_id, trace_parent
     FROM unnest($2::uuid[], $5::uuid[], $6::timestamptz[], $9::order_status[], $14::text[], $25::text[])
       AS asked (id, placed_by, deadline, status, request_id, trace_parent)
   ), kept AS (
     INSERT INTO order_lines (order_id, item_id, unit_price_minor, position, quantity, held, sold, name)
     SELECT order_id, item_id, unit_price_minor, position, quantity, held, sold, name FROM line
   ), counted AS (
     INSERT INTO customer_units (item_id, customer_id, units)
     SELECT item_id, customer_id, sum(quantity) FROM line WHERE limited
     GROUP BY item_id, customer_id ORDER BY item_id, customer_id
     ON CONFLICT (item_id, customer_id) DO UPDATE SET units = customer_units.units + excluded.units
   ), moved AS (
     UPDATE items
     SET available = available - taken.held - taken.sold,
         held = items.held + taken.held,
         sold = items.sold + taken.sold,
         version = version + 1
     FROM (SELECT item_id, sum(held)::int AS held, sum(sold)::int AS sold FROM line GROUP BY item_id) AS taken
     WHERE items.id = taken.item_id
   )
   UPDATE sales SET last_arrival = newest.arrival
   FROM (SELECT sale_id, max(arrival) AS arrival FROM placed GROUP BY sale_id) AS newest
   WHERE sales.id = newest.sale_id`,
);

/**
 * Writes the orders that a batch has accepted, with their lines and first events, and takes their stock, units and
 * arrival numbers. The caller holds the row locks of their sales and items; all were placed at the same moment.
 * A key that has an order already fails the statement (unique constraint `ORDERS_PLACED_ONCE`).
 */
export async function insertPlacedOrders(
  db: Queryable,
  placedAt: Date,
  orders: readonly PlacedOrder[],
  lines: readonly PlacedOrderLine[],
): Promise<void> {
  await db.query(insertBatch, [
    placedAt,
    arrayLiteral(orders.map((order) => order.id)),
    arrayLiteral(orders.map((order) => order.saleId)),
    arrayLiteral(orders.map((order) => order.customerId)),
    arrayLiteral(orders.map((order) => order.placedBy)),
    arrayLiteral(orders.map((order) => order.deadline?.toISOString() ?? 'NULL')),
    arrayLiteral(orders.map((order) => order.arrival)),
    arrayLiteral(orders.map((order) => order.totalMinor)),
    arrayLiteral(orders.map((order) => order.status)),
    arrayLiteral(orders.map((order) => order.fingerprint)),
    orders.map((order) => order.idempotencyKey),
    orders.map((order) => order.reference),
    orders.map((order) => order.metadata),
    arrayLiteral(orders.map((order) => order.requestId)),
    arrayLiteral(lines.map((line) => line.orderId)),
    arrayLiteral(lines.map((line) => line.customerId)),
    arrayLiteral(lines.map((line) => line.itemId)),
    arrayLiteral(lines.map((line) => line.unitPriceMinor)),
    arrayLiteral(lines.map((line) => line.position)),
    arrayLiteral(lines.map((line) => line.quantity)),
    arrayLiteral(lines.map((line) => line.held)),
    arrayLiteral(lines.map((line) => line.sold)),
    arrayLiteral(lines.map((line) => (line.limited ? 't' : 'f'))),
    lines.map((line) => line.name),
    // Seldom any: unnest makes NULLs of what is missing, and nothing is sent.
    orders.some((order) => order.traceParent !== null) ? orders.map((order) => order.traceParent) : null,
  ]);
}
