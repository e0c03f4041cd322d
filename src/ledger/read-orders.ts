import type { Order, OrderStatus } from '../domain/order.ts';
import { arrayLiteral } from './array-literal.ts';
import { firstIdAt, ID_MAX, ID_MIN } from './id-range.ts';
import { type Queryable, type Statement, statement } from './statement.ts';

/** An order with what further decides who may see it. */
export interface StoredOrder extends Order {
  /** Who called: the customer, or the merchant whose back end ordered for a customer. */
  readonly placedBy: string;
}

interface OrderRow {
  id: string;
  sale_id: string;
  merchant_id: string;
  customer_id: string;
  placed_by: string;
  status: OrderStatus;
  version: number;
  arrival: number;
  currency: string;
  total_minor: number;
  reference: string | null;
  metadata: string | null;
  placed_at: Date;
  pay_by: Date | null;
  accept_by: Date | null;
  lines: { itemId: string; name: string; quantity: number; unitPriceMinor: number }[];
}

/** Whatever shows an order reads it by these columns; `state` says where its status, version and deadlines come from. */
const columns = (state: 'orders' | 'event') => `
  orders.id, orders.sale_id, sales.merchant_id, orders.customer_id, orders.placed_by, ${state}.status, ${state}.version,
  orders.arrival, sales.currency, orders.total_minor, orders.reference, orders.metadata::text AS metadata,
  orders.placed_at, ${state}.pay_by, ${state}.accept_by,
  (SELECT json_agg(json_build_object('itemId', item_id, 'name', name, 'quantity', quantity,
                                     'unitPriceMinor', unit_price_minor) ORDER BY position)
   FROM order_lines WHERE order_id = orders.id) AS lines`;

const CURRENT = `SELECT ${columns('orders')} FROM orders JOIN sales ON sales.id = orders.sale_id`;

function toOrder(row: OrderRow): StoredOrder {
  return {
    id: row.id,
    saleId: row.sale_id,
    merchantId: row.merchant_id,
    customerId: row.customer_id,
    placedBy: row.placed_by,
    status: row.status,
    version: row.version,
    arrival: row.arrival,
    currency: row.currency,
    totalMinor: row.total_minor,
    lines: row.lines,
    reference: row.reference,
    metadata: row.metadata,
    placedAt: row.placed_at,
    payBy: row.pay_by,
    acceptBy: row.accept_by,
  };
}

// LATERAL with LIMIT keeps to one index look-up per id, whatever the size of the table was when it was planned.
// The SELECT around the ids hides their number from the planner: were few cheaper than it expects of any, it would plan
// each execution anew, which takes longer than the reading.
const readOrders = statement<OrderRow>(
  'read_orders',
  `SELECT found.*
   FROM unnest((SELECT $1::uuid[])) AS asked (id)
   CROSS JOIN LATERAL (${CURRENT} WHERE orders.id = asked.id LIMIT 1) AS found`,
);

/** Some orders as they are now, all of it from one moment, by id. */
export async function findOrders(db: Queryable, orderIds: readonly string[]): Promise<Map<string, StoredOrder>> {
  const rows = await db.query(readOrders, [arrayLiteral(orderIds)]);
  return new Map(rows.map((row) => [row.id, toOrder(row)]));
}

/** An order as it is now. */
export async function findOrder(db: Queryable, orderId: string): Promise<StoredOrder | undefined> {
  const [order] = (await findOrders(db, [orderId])).values();
  return order;
}

// An order as its history tells of one version: what an answer showed then, from facts that never change.
const readOrderAtVersion = statement<OrderRow>(
  'read_order_at_version',
  `SELECT ${columns('event')}
   FROM order_events AS event
   JOIN orders ON orders.id = event.order_id
   JOIN sales ON sales.id = orders.sale_id
   WHERE event.order_id = $1 AND event.version = $2`,
);

/** An order as it was at a version, for the answer to a repeated request. */
export async function findOrderAtVersion(
  db: Queryable,
  orderId: string,
  version: number,
): Promise<StoredOrder | undefined> {
  const [row] = await db.query(readOrderAtVersion, [orderId, version]);
  return row && toOrder(row);
}

// LATERAL with LIMIT: each by its key, whatever the planner knows of the tables.
const readPlacedOrders = statement<OrderRow>(
  'read_placed_orders',
  `SELECT placed.*
   FROM unnest((SELECT $1::uuid[])) AS asked (id)
   CROSS JOIN LATERAL (
     SELECT ${columns('event')}
     FROM orders
     JOIN order_events AS event ON event.order_id = orders.id AND event.version = 1
     JOIN sales ON sales.id = orders.sale_id
     WHERE orders.id = asked.id
     LIMIT 1
   ) AS placed`,
);

/** Orders as they were placed, by their ids. */
export async function findPlacedOrders(db: Queryable, orderIds: readonly string[]): Promise<Map<string, StoredOrder>> {
  const rows = await db.query(readPlacedOrders, [arrayLiteral(orderIds)]);
  return new Map(rows.map((row) => [row.id, toOrder(row)]));
}

/** Which orders a list shows. Absent filters let everything pass; all that are there must fit. */
export interface OrderFilter {
  readonly customerId?: string | undefined;
  readonly saleId?: string | undefined;
  readonly statuses?: readonly OrderStatus[] | undefined;
  /** Only orders of these merchants' sales. */
  readonly merchantIds?: readonly string[] | undefined;
  /** The shop's own number of the order. */
  readonly reference?: string | undefined;
  /** Placed then or later. */
  readonly placedFrom?: Date | undefined;
  /** Placed before then. */
  readonly placedUntil?: Date | undefined;
}

/** Where a page ended, by what orders its list. */
export type OrderPosition =
  | { readonly arrival: number }
  | { readonly saleId: string; readonly arrival: number }
  | { readonly id: string };

/**
 * How a list is ordered, by what it is filtered by:
 * `arrival`: the orders of one sale, as they arrived;
 * `sale`: those of merchants, the newest sale first, and in each the newest order first;
 * `id`: all others, newest first (ids grow with time).
 */
export type OrderSequence = 'arrival' | 'sale' | 'id';

export function sequenceOf(filter: OrderFilter): OrderSequence {
  if (filter.saleId !== undefined) return 'arrival';
  const narrow = filter.customerId !== undefined || filter.reference !== undefined;
  return filter.merchantIds === undefined || narrow ? 'id' : 'sale';
}

/** The place of an order in a sequence. */
export function positionIn(sequence: OrderSequence, { id, saleId, arrival }: StoredOrder): OrderPosition {
  if (sequence === 'id') return { id };
  return sequence === 'arrival' ? { arrival } : { saleId, arrival };
}

const FILTER = `($1::order_status[] IS NULL OR orders.status = ANY ($1))
  AND ($2::uuid[] IS NULL OR sales.merchant_id = ANY ($2))
  AND ($3::uuid IS NULL OR orders.customer_id = $3)
  AND ($4::text IS NULL OR orders.reference = $4)
  AND ($5::timestamptz IS NULL OR orders.placed_at >= $5)
  AND ($6::timestamptz IS NULL OR orders.placed_at < $6)`;

/** The statuses of the partial index orders_at_work; as literals, so that every plan may use it. */
const AT_WORK: readonly OrderStatus[] = ['pending_acceptance', 'preparing', 'ready_for_pickup', 'in_transit'];

/** What a list finds its orders by, beside its sequence: the filter's condition again, in a form that an index serves. */
const BY = {
  all: '',
  work: `AND orders.status IN (${AT_WORK.map((status) => `'${status}'`).join(', ')})`,
  customer: 'AND orders.customer_id = $3',
  reference: 'AND orders.reference = $4',
};

/** By how much the database's clock may step back (a fail-over) without a list losing an order. */
const STEP_BACK = `interval '5 seconds'`;

// The number of the last order of a sale before a moment, by halving: numbers have no gaps, and times rise with them.
// Where the clock stepped back they do not quite, so the moment is taken with a margin, and FILTER compares exactly.
const lastArrivalBefore = (saleId: string, moment: string) => `(
  WITH RECURSIVE search (low, high) AS (
    SELECT 0::bigint, searched.last_arrival FROM sales AS searched WHERE searched.id = ${saleId}
    UNION ALL
    SELECT CASE WHEN middle.earlier THEN middle.arrival ELSE search.low END,
           CASE WHEN middle.earlier THEN search.high ELSE middle.arrival - 1 END
    FROM search CROSS JOIN LATERAL (
      SELECT orders.arrival, orders.placed_at < ${moment} AS earlier FROM orders
      WHERE orders.sale_id = ${saleId} AND orders.arrival = (search.low + search.high + 1) / 2
    ) AS middle
    WHERE search.low < search.high
  )
  SELECT low FROM search WHERE low = high
)`;

const ARRIVAL_MAX = '9223372036854775807';

// A CASE runs its search only where there is a moment to look for.
const withinTime = (saleId: string) => `
  orders.arrival > CASE WHEN $5::timestamptz IS NULL THEN 0
    ELSE coalesce(${lastArrivalBefore(saleId, `$5 - ${STEP_BACK}`)}, 0) END
  AND orders.arrival <= CASE WHEN $6::timestamptz IS NULL THEN ${ARRIVAL_MAX}
    ELSE coalesce(${lastArrivalBefore(saleId, `$6 + ${STEP_BACK}`)}, ${ARRIVAL_MAX}) END`;

// Each page seeks to its place by the index that its sequence follows, so page 1,000 costs what page 1 costs.
const listOfSale = (name: string, by: string) =>
  statement<OrderRow>(
    name,
    `${CURRENT} WHERE ${FILTER} ${by} AND orders.sale_id = $7 AND ${withinTime('$7')}
       AND orders.arrival > $8 ORDER BY orders.arrival LIMIT $9`,
  );

// Goes from sale to sale and stops as soon as the page is full; other merchants' orders are never touched.
const listOfMerchants = (name: string, by: string) =>
  statement<OrderRow>(
    name,
    `SELECT ${columns('orders')}
     FROM (SELECT * FROM sales WHERE merchant_id = ANY ($2) AND id <= $7 ORDER BY id DESC) AS sales
     CROSS JOIN LATERAL (
       SELECT * FROM orders
       WHERE ${FILTER} ${by} AND orders.sale_id = sales.id AND ${withinTime('sales.id')}
         AND orders.arrival < CASE WHEN sales.id = $7 THEN $8 ELSE ${ARRIVAL_MAX} END
       ORDER BY orders.arrival DESC LIMIT $9
     ) AS orders
     ORDER BY sales.id DESC, orders.arrival DESC LIMIT $9`,
  );

const listNewest = (name: string, by: string) =>
  statement<OrderRow>(
    name,
    `${CURRENT} WHERE ${FILTER} ${by} AND orders.id < $7 AND orders.id >= $8 ORDER BY orders.id DESC LIMIT $9`,
  );

const LISTS = {
  arrival: {
    all: listOfSale('list_orders_of_sale', BY.all),
    work: listOfSale('list_work_of_sale', BY.work),
    customer: listOfSale('list_orders_of_customer_in_sale', BY.customer),
    reference: listOfSale('list_orders_by_reference_in_sale', BY.reference),
  },
  sale: {
    all: listOfMerchants('list_orders_of_merchants', BY.all),
    work: listOfMerchants('list_work_of_merchants', BY.work),
  },
  id: {
    all: listNewest('list_orders', BY.all),
    work: listNewest('list_work', BY.work),
    customer: listNewest('list_orders_of_customer', BY.customer),
    reference: listNewest('list_orders_by_reference', BY.reference),
  },
};

function listFor(filter: OrderFilter): Statement<OrderRow> {
  const { reference, customerId, statuses } = filter;
  const by = statuses?.every((status) => AT_WORK.includes(status)) ? 'work' : 'all';
  const sequence = sequenceOf(filter);
  if (sequence === 'sale') return LISTS.sale[by];
  if (reference !== undefined) return LISTS[sequence].reference;
  return LISTS[sequence][customerId === undefined ? by : 'customer'];
}

/**
 * An id is made when its order is asked for, by a process's own clock; it is placed a little later, by the database's.
 * No request waits for this long, and no clock is this wrong.
 */
const ID_AND_CLOCK_APART_MS = 5 * 60_000;

/** Between which ids the orders of a time lie. */
function idsWithin({ placedFrom, placedUntil }: OrderFilter): { from: string; before: string } {
  const shifted = (time: Date, ms: number) => firstIdAt(new Date(time.getTime() + ms));
  return {
    from: placedFrom === undefined ? ID_MIN : shifted(placedFrom, -ID_AND_CLOCK_APART_MS),
    before: placedUntil === undefined ? ID_MAX : shifted(placedUntil, ID_AND_CLOCK_APART_MS),
  };
}

/** Where a page begins, as the values that its statement takes. */
function placeOf(filter: OrderFilter, after: OrderPosition | undefined): (string | number)[] {
  if (filter.saleId !== undefined) return [filter.saleId, after && 'arrival' in after ? after.arrival : 0];
  if (sequenceOf(filter) === 'sale') {
    return after && 'saleId' in after ? [after.saleId, after.arrival] : [ID_MAX, ARRIVAL_MAX];
  }
  const { from, before } = idsWithin(filter);
  const id = after && 'id' in after && after.id < before ? after.id : before;
  return [id, from];
}

/** One page of orders after `after`, a position in the filter's sequence; at most `limit`. */
export async function listOrders(
  db: Queryable,
  filter: OrderFilter,
  after: OrderPosition | undefined,
  limit: number,
): Promise<StoredOrder[]> {
  const { statuses, merchantIds, customerId, reference, placedFrom, placedUntil } = filter;
  if (statuses?.length === 0 || merchantIds?.length === 0) return [];
  const rows = await db.query(listFor(filter), [
    statuses ? arrayLiteral(statuses) : null,
    merchantIds ? arrayLiteral(merchantIds) : null,
    customerId ?? null,
    reference ?? null,
    placedFrom ?? null,
    placedUntil ?? null,
    ...placeOf(filter, after),
    limit,
  ]);
  return rows.map(toOrder);
}
