import type { ItemState } from '../domain/stock.ts';
import { arrayLiteral } from './array-literal.ts';
import type { PlacedOrder } from './placed-orders.ts';
import { type LockedSale, TERMS, type TermsRow, toTerms } from './sales.ts';
import { type Queryable, statement } from './statement.ts';

/** One order of an optimistic batch: what is not known before the ledger decides is missing. */
export interface OptimisticOrder extends Omit<PlacedOrder, 'deadline' | 'arrival' | 'totalMinor' | 'status'> {
  readonly lines: readonly { readonly itemId: string; readonly quantity: number }[];
}

/** Orders in the order of their arrival, under keys that differ, with all the sales and items that they name. */
export interface OptimisticBatch {
  /** With their fencing tokens, as they were last read. */
  readonly sales: readonly { readonly id: string; readonly fence: number }[];
  /** With the units that the orders take of them together, and their prices, as they were last read. */
  readonly items: readonly {
    readonly id: string;
    readonly saleId: string;
    readonly units: number;
    readonly priceMinor: number;
  }[];
  readonly orders: readonly OptimisticOrder[];
}

/** The rows that a batch was decided by, as its statement found them under its locks, before it took from them. */
export interface OptimisticGround {
  readonly decidedAt: Date;
  readonly sales: ReadonlyMap<string, LockedSale>;
  readonly items: ReadonlyMap<string, ItemState>;
}

interface GroundRow extends TermsRow {
  decided_at: Date;
  item_id: string;
  item_name: string;
  price_minor: number;
  available: number;
  item_version: number;
}

// One statement, one transaction, one round trip. It decides by rows that it has locked and nothing else: PostgreSQL
// reads a row anew when its lock had to be waited for. Sales are locked before items, each by id, as everywhere: what is
// locked is what comes out of the sorting, and the items wait for the clock, which waits for all the sales. "fit" is a row
// if every sale is open under the token that the sender knew, and every item has no limit, the price that the sender
// knew, and enough left; else it is none, the parts below find nothing, and nothing at all is written.
//
// orders: no ON CONFLICT. A key that has an order fails the whole statement, and nothing is written either.
// sales: the orders' numbers follow the ones found under the locks, and the counters go to the highest given.
const placeBatch = statement<GroundRow>(
  'place_orders_optimistically',
  `WITH sale AS MATERIALIZED (
     SELECT ${TERMS} FROM sales WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
   ), clock AS MATERIALIZED (
     SELECT date_trunc('milliseconds', clock_timestamp()) AS decided_at, count(*) FROM sale
   ), item AS MATERIALIZED (
     SELECT items.id, items.sale_id, items.name, items.price_minor, items.limit_per_customer, items.available, items.version
     FROM clock, items WHERE items.id = ANY ($3::uuid[]) ORDER BY items.id FOR NO KEY UPDATE OF items
   ), taken AS MATERIALIZED (
     SELECT * FROM unnest($3::uuid[], $4::uuid[], $5::int[], $6::bigint[]) AS taken (item_id, sale_id, units, price_minor)
   ), fit AS MATERIALIZED (
     SELECT decided_at FROM clock
     WHERE cardinality($1::uuid[]) = (
       SELECT count(*) FROM unnest($1::uuid[], $2::bigint[]) AS known (id, fence) JOIN sale USING (id, fence)
       WHERE paused_at IS NULL AND opens_at <= decided_at AND decided_at < closes_at
     ) AND cardinality($3::uuid[]) = (
       SELECT count(*) FROM taken JOIN item ON item.id = item_id AND item.sale_id = taken.sale_id
       WHERE limit_per_customer IS NULL AND available >= units
         AND item.price_minor = taken.price_minor AND item.price_minor > 0
     )
   ), asked AS MATERIALIZED (
     SELECT asked.*, decided_at, decided_at + make_interval(secs => hold_seconds) AS pay_by, last_arrival + nth AS arrival
     FROM fit, unnest($7::uuid[], $8::uuid[], $9::uuid[], $10::uuid[], $11::int[], $12::bigint[], $13::text[], $14::text[],
                      $15::text[], $16::json[], $17::text[], $18::text[])
                 AS asked (id, sale_id, customer_id, placed_by, nth, total_minor, fingerprint, idempotency_key,
                           reference, metadata, request_id, trace_parent)
     JOIN sale ON sale.id = asked.sale_id
   ), placed AS (
     INSERT INTO orders (id, sale_id, customer_id, placed_by, placed_at, pay_by, arrival, total_minor, status,
                         fingerprint, idempotency_key, reference, metadata)
     SELECT id, sale_id, customer_id, placed_by, decided_at, pay_by, arrival, total_minor, 'pending_payment',
            decode(fingerprint, 'hex'), idempotency_key, reference, metadata
     FROM asked
   ), told AS (
     INSERT INTO order_events (order_id, version, type, status, pay_by, occurred_at, actor_id, request_id, trace_parent)
     SELECT id, 1, 'order.placed', 'pending_payment', pay_by, decided_at, placed_by, request_id, trace_parent FROM asked
   ), kept AS (
     INSERT INTO order_lines (order_id, item_id, unit_price_minor, position, quantity, held, sold, name)
     SELECT order_id, item_id, price_minor, position, quantity, quantity, 0, name
     FROM fit, unnest($19::uuid[], $20::uuid[], $21::int[], $22::smallint[]) AS line (order_id, item_id, quantity, position)
     JOIN item ON item.id = item_id
   ), moved AS (
     UPDATE items SET available = available - units, held = held + units, version = version + 1
     FROM fit, taken WHERE items.id = item_id
   ), numbered AS (
     UPDATE sales SET last_arrival = arrival
     FROM (SELECT sale_id, max(arrival) AS arrival FROM asked GROUP BY sale_id) AS newest
     WHERE sales.id = newest.sale_id
   )
   SELECT decided_at, sale.*, item.id AS item_id, item.name AS item_name, price_minor, available,
          item.version AS item_version
   FROM fit, item JOIN sale ON sale.id = item.sale_id`,
);

/**
 * Places a batch by one statement, without a look before it: all of it, or none. Undefined where it wrote nothing: a sale
 * is not open, an item is limited, free, of another price, or has too little left, or a fencing token is old. A key that
 * has an order already fails the statement (unique constraint `ORDERS_PLACED_ONCE`).
 *
 * After a lost connection it may still arrive; `fenceSales` before anything else is decided about these orders.
 */
export async function placeOptimistically(
  db: Queryable,
  batch: OptimisticBatch,
): Promise<OptimisticGround | undefined> {
  const { sales, items, orders } = batch;
  const lines = orders.flatMap((order) =>
    order.lines.map(({ itemId, quantity }, position) => ({ orderId: order.id, itemId, quantity, position })),
  );
  const numbers = new Map<string, number>();
  const nextNumber = (saleId: string) => {
    const number = (numbers.get(saleId) ?? 0) + 1;
    numbers.set(saleId, number);
    return number;
  };
  const prices = new Map(items.map(({ id, priceMinor }) => [id, priceMinor]));
  const totalOf = (order: OptimisticOrder) =>
    order.lines.reduce((sum, { itemId, quantity }) => sum + (prices.get(itemId) ?? 0) * quantity, 0);
  const rows = await db.query(placeBatch, [
    arrayLiteral(sales.map((sale) => sale.id)),
    arrayLiteral(sales.map((sale) => sale.fence)),
    arrayLiteral(items.map((item) => item.id)),
    arrayLiteral(items.map((item) => item.saleId)),
    arrayLiteral(items.map((item) => item.units)),
    arrayLiteral(items.map((item) => item.priceMinor)),
    arrayLiteral(orders.map((order) => order.id)),
    arrayLiteral(orders.map((order) => order.saleId)),
    arrayLiteral(orders.map((order) => order.customerId)),
    arrayLiteral(orders.map((order) => order.placedBy)),
    arrayLiteral(orders.map((order) => nextNumber(order.saleId))),
    arrayLiteral(orders.map(totalOf)),
    arrayLiteral(orders.map((order) => order.fingerprint)),
    orders.map((order) => order.idempotencyKey),
    // Seldom any of these: unnest makes NULLs of what is missing, and nothing is sent.
    wherePresent(orders.map((order) => order.reference)),
    wherePresent(orders.map((order) => order.metadata)),
    arrayLiteral(orders.map((order) => order.requestId)),
    wherePresent(orders.map((order) => order.traceParent)),
    arrayLiteral(lines.map((line) => line.orderId)),
    arrayLiteral(lines.map((line) => line.itemId)),
    arrayLiteral(lines.map((line) => line.quantity)),
    arrayLiteral(lines.map((line) => line.position)),
  ]);
  const [first] = rows;
  if (first === undefined) return undefined;
  return {
    decidedAt: first.decided_at,
    sales: new Map(rows.map((row) => [row.id, toTerms(row)])),
    items: new Map(rows.map((row) => [row.item_id, toItem(row)])),
  };
}

const wherePresent = (values: readonly (string | null)[]) => (values.some((value) => value !== null) ? values : null);

const toItem = (row: GroundRow): ItemState => ({
  id: row.item_id,
  saleId: row.id,
  name: row.item_name,
  priceMinor: row.price_minor,
  limitPerCustomer: null,
  available: row.available,
  version: row.item_version,
});

const raiseFences = statement(
  'raise_fences_of_sales',
  `UPDATE sales SET fence = fence + 1
   FROM (SELECT id FROM sales WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE) AS locked
   WHERE sales.id = locked.id`,
);

/** After this no optimistic batch of one of these sales that was sent before writes anything; one that has is seen. */
export async function fenceSales(db: Queryable, saleIds: readonly string[]): Promise<void> {
  await db.query(raiseFences, [arrayLiteral(saleIds)]);
}
