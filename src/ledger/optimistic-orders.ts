import type { ItemState } from '../domain/stock.ts';
import { arrayLiteral } from './array-literal.ts';
import { type LockedSale, TERMS, type TermsRow, toTerms } from './sales.ts';
import { type Queryable, statement } from './statement.ts';

/** One order of an optimistic batch: so many units of the batch's item. */
export interface OptimisticOrder {
  readonly id: string;
  readonly customerId: string;
  readonly placedBy: string;
  readonly quantity: number;
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

/** Orders of one item that nobody has limited, in the order of their arrival, under keys that differ. */
export interface OptimisticBatch {
  readonly saleId: string;
  readonly itemId: string;
  /** The sale's fencing token, as it was last read. */
  readonly fence: number;
  readonly orders: readonly OptimisticOrder[];
}

/** The rows that a batch was decided by, as its statement found them under its locks. */
export interface OptimisticGround {
  readonly decidedAt: Date;
  readonly sale: LockedSale;
  readonly item: ItemState;
}

interface GroundRow extends TermsRow {
  decided_at: Date;
  item_name: string;
  price_minor: number;
  available: number;
  item_version: number;
}

// One statement, one transaction, one round trip. It asks nothing that could have changed before its locks: what it
// decides by are the two rows that it locks, and PostgreSQL reads a row anew when the lock had to be waited for. The
// sale is locked before the item, as everywhere: the item is found through the locked sale. The clock is read above
// the lock's node, so after the wait. Where a condition fails the parts below find no row, and nothing at all is written.
//
// orders: no ON CONFLICT. A key that has an order fails the whole statement, and nothing is written either.
// sales: the counter goes up by the number of orders; their numbers follow the one that was found under the lock.
const placeBatch = statement<GroundRow>(
  'place_orders_optimistically',
  `WITH sale AS MATERIALIZED (
     SELECT locked.*, date_trunc('milliseconds', clock_timestamp()) AS decided_at
     FROM (SELECT ${TERMS} FROM sales WHERE id = $1 AND fence = $3 FOR NO KEY UPDATE) AS locked
   ), item AS (
     UPDATE items SET available = available - $4::int, held = held + $4::int, version = items.version + 1
     FROM sale
     WHERE items.id = $2 AND items.sale_id = sale.id
       AND sale.paused_at IS NULL AND sale.opens_at <= sale.decided_at AND sale.decided_at < sale.closes_at
       AND items.limit_per_customer IS NULL AND items.price_minor > 0 AND items.available >= $4::int
     RETURNING items.id, items.name, items.price_minor, items.available, items.version
   ), asked AS MATERIALIZED (
     SELECT asked.*, sale.last_arrival + nth AS arrival, item.price_minor * quantity AS total_minor,
            sale.decided_at + make_interval(secs => sale.hold_seconds) AS pay_by
     FROM sale, item,
          unnest($5::uuid[], $6::uuid[], $7::uuid[], $8::int[], $9::text[], $10::text[], $11::text[], $12::json[],
                 $13::text[], $14::text[])
            WITH ORDINALITY AS asked (id, customer_id, placed_by, quantity, fingerprint, idempotency_key, reference,
                                      metadata, request_id, trace_parent, nth)
   ), placed AS (
     INSERT INTO orders (id, sale_id, customer_id, placed_by, placed_at, pay_by, arrival, total_minor, status,
                         fingerprint, idempotency_key, reference, metadata)
     SELECT asked.id, sale.id, customer_id, placed_by, decided_at, pay_by, arrival, total_minor, 'pending_payment',
            decode(fingerprint, 'hex'), idempotency_key, reference, metadata
     FROM asked, sale
   ), told AS (
     INSERT INTO order_events (order_id, version, type, status, pay_by, occurred_at, actor_id, request_id, trace_parent)
     SELECT asked.id, 1, 'order.placed', 'pending_payment', pay_by, decided_at, placed_by, request_id, trace_parent
     FROM asked, sale
   ), kept AS (
     INSERT INTO order_lines (order_id, item_id, unit_price_minor, position, quantity, held, sold, name)
     SELECT asked.id, item.id, item.price_minor, 0, quantity, quantity, 0, item.name
     FROM asked, item
   )
   UPDATE sales SET last_arrival = sales.last_arrival + $15::bigint
   FROM sale, item
   WHERE sales.id = sale.id
   RETURNING sale.*, item.name AS item_name, item.price_minor, item.available, item.version AS item_version`,
);

/**
 * Places a batch by one statement, without a look before it: all of it, or none. Undefined where it wrote nothing: the
 * sale is not open, the item is limited, free, or has too little left, or the fencing token is old. A key that has an
 * order already fails the statement (unique constraint `ORDERS_PLACED_ONCE`).
 *
 * After a lost connection it may still arrive; `fenceSale` before anything else is decided about these orders.
 */
export async function placeOptimistically(
  db: Queryable,
  batch: OptimisticBatch,
): Promise<OptimisticGround | undefined> {
  const { saleId, itemId, fence, orders } = batch;
  const units = orders.reduce((sum, { quantity }) => sum + quantity, 0);
  const [row] = await db.query(placeBatch, [
    saleId,
    itemId,
    fence,
    units,
    arrayLiteral(orders.map((order) => order.id)),
    arrayLiteral(orders.map((order) => order.customerId)),
    arrayLiteral(orders.map((order) => order.placedBy)),
    arrayLiteral(orders.map((order) => order.quantity)),
    arrayLiteral(orders.map((order) => order.fingerprint)),
    orders.map((order) => order.idempotencyKey),
    // Seldom any of these: unnest makes NULLs of what is missing, and nothing is sent.
    wherePresent(orders.map((order) => order.reference)),
    wherePresent(orders.map((order) => order.metadata)),
    arrayLiteral(orders.map((order) => order.requestId)),
    wherePresent(orders.map((order) => order.traceParent)),
    orders.length,
  ]);
  if (row === undefined) return undefined;
  return {
    decidedAt: row.decided_at,
    sale: toTerms(row),
    item: {
      id: itemId,
      saleId,
      name: row.item_name,
      priceMinor: row.price_minor,
      limitPerCustomer: null,
      available: row.available + units,
      version: row.item_version - 1,
    },
  };
}

const wherePresent = (values: readonly (string | null)[]) => (values.some((value) => value !== null) ? values : null);

const raiseFence = statement('raise_fence_of_sale', 'UPDATE sales SET fence = fence + 1 WHERE id = $1');

/** After this no optimistic batch that was sent before it writes anything; one that has written is seen. */
export async function fenceSale(db: Queryable, saleId: string): Promise<void> {
  await db.query(raiseFence, [saleId]);
}
