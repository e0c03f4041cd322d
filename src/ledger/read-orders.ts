import type { Order, OrderStatus } from '../domain/order.ts';
import { arrayLiteral } from './array-literal.ts';
import { ID_MAX } from './id-range.ts';
import { type Queryable, type Statement, statement } from './statement.ts';

interface OrderRow {
  id: string;
  sale_id: string;
  merchant_id: string;
  customer_id: string;
  status: OrderStatus;
  version: number;
  arrival: number;
  currency: string;
  total_minor: number;
  reference: string | null;
  metadata: string | null;
  placed_at: Date;
  pay_by: Date | null;
  lines: { itemId: string; name: string; quantity: number; unitPriceMinor: number }[];
}

/** Whatever shows an order reads it by these columns; `state` says where its status, version and deadline come from. */
const columns = (state: 'orders' | 'event') => `
  orders.id, orders.sale_id, sales.merchant_id, orders.customer_id, ${state}.status, ${state}.version,
  orders.arrival, sales.currency, orders.total_minor, orders.reference, orders.metadata::text AS metadata,
  orders.placed_at, ${state}.pay_by,
  (SELECT json_agg(json_build_object('itemId', item_id, 'name', name, 'quantity', quantity,
                                     'unitPriceMinor', unit_price_minor) ORDER BY position)
   FROM order_lines WHERE order_id = orders.id) AS lines`;

const CURRENT = `SELECT ${columns('orders')} FROM orders JOIN sales ON sales.id = orders.sale_id`;

function toOrder(row: OrderRow): Order {
  return {
    id: row.id,
    saleId: row.sale_id,
    merchantId: row.merchant_id,
    customerId: row.customer_id,
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
  };
}

const readOrder = statement<OrderRow>('read_order', `${CURRENT} WHERE orders.id = $1`);

/** An order as it is now. */
export async function findOrder(db: Queryable, orderId: string): Promise<Order | undefined> {
  const [row] = await db.query(readOrder, [orderId]);
  return row && toOrder(row);
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
export async function findOrderAtVersion(db: Queryable, orderId: string, version: number): Promise<Order | undefined> {
  const [row] = await db.query(readOrderAtVersion, [orderId, version]);
  return row && toOrder(row);
}

/** Which orders a list shows. Absent filters let everything pass. */
export interface OrderFilter {
  readonly customerId?: string | undefined;
  readonly saleId?: string | undefined;
  readonly status?: OrderStatus | undefined;
  /** Only orders of these merchants' sales. */
  readonly merchantIds?: readonly string[] | undefined;
}

/** Orders of one sale come by arrival; all others newest first, by id (their ids grow with time). */
export type OrderPosition = { readonly arrival: number } | { readonly id: string };

const FILTER = `($1::order_status IS NULL OR orders.status = $1)
  AND ($2::uuid[] IS NULL OR sales.merchant_id = ANY ($2))`;

// Each page seeks to its place by the index that its order follows, so page 1,000 costs what page 1 costs.
const listOfSale = statement<OrderRow>(
  'list_orders_of_sale',
  `${CURRENT} WHERE ${FILTER} AND orders.sale_id = $3 AND ($4::uuid IS NULL OR orders.customer_id = $4)
     AND orders.arrival > $5 ORDER BY orders.arrival LIMIT $6`,
);
const listOfCustomer = statement<OrderRow>(
  'list_orders_of_customer',
  `${CURRENT} WHERE ${FILTER} AND orders.customer_id = $3 AND orders.id < $4 ORDER BY orders.id DESC LIMIT $5`,
);
const listAll = statement<OrderRow>(
  'list_orders',
  `${CURRENT} WHERE ${FILTER} AND orders.id < $3 ORDER BY orders.id DESC LIMIT $4`,
);

/** One page of orders after `after`, at most `limit`. */
export async function listOrders(
  db: Queryable,
  filter: OrderFilter,
  after: OrderPosition | undefined,
  limit: number,
): Promise<Order[]> {
  const shared = [filter.status ?? null, filter.merchantIds ? arrayLiteral(filter.merchantIds) : null];
  const run = async (list: Statement<OrderRow>, values: unknown[]) =>
    (await db.query(list, [...shared, ...values, limit])).map(toOrder);

  if (filter.saleId !== undefined) {
    const arrival = after && 'arrival' in after ? after.arrival : 0;
    return run(listOfSale, [filter.saleId, filter.customerId ?? null, arrival]);
  }
  const id = after && 'id' in after ? after.id : ID_MAX;
  if (filter.customerId !== undefined) return run(listOfCustomer, [filter.customerId, id]);
  return run(listAll, [id]);
}
