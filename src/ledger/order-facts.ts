import type { OrderStatus } from '../domain/order.ts';
import type { LineFacts, OrderFacts, StepTerms, StockFacts } from '../domain/order-facts.ts';
import type {
  Payment,
  PaymentAnswer,
  PaymentStatus,
  Refund,
  RefundCause,
  RefundLine,
  RefundStatus,
} from '../domain/payment.ts';
import type { Fulfillment } from '../domain/sale.ts';
import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

// The first locks of every step, before sales, items and units. Ordered, so that two batches never wait for each other
// in a circle. NO KEY: payments and refunds refer to orders, and may be inserted meanwhile.
const lockOrdersById = statement<{ id: string }>(
  'lock_orders',
  'SELECT id FROM orders WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE',
);

/** Locks some orders' rows, in the order of their ids, until the transaction ends. */
export async function lockOrders(db: Queryable, orderIds: readonly string[]): Promise<void> {
  await db.query(lockOrdersById, [arrayLiteral(orderIds)]);
}

interface FactsRow {
  now: Date;
  id: string;
  sale_id: string;
  merchant_id: string;
  customer_id: string;
  fulfillment: Fulfillment;
  test: boolean;
  currency: string;
  total_minor: number;
  status: OrderStatus;
  version: number;
  pay_by: Date | null;
  settle_by: Date | null;
  accept_by: Date | null;
  hold_extended: boolean;
  terms: StepTerms;
  lines: LineFacts[];
  payments: PaymentJson[] | null;
  refunds: RefundJson[] | null;
}

type PaymentJson = Omit<Payment, 'createdAt' | 'settledAt' | 'answer' | 'status'> & {
  status: PaymentStatus;
  createdAt: number;
  settledAt: number | null;
  answerStatus: PaymentAnswer['status'] | null;
  answerVersion: number | null;
};

type RefundJson = Omit<Refund, 'createdAt' | 'settledAt'> & {
  status: RefundStatus;
  cause: RefundCause;
  lines: RefundLine[];
  createdAt: number;
  settledAt: number | null;
};

// A statement of its own, after the locks: under READ COMMITTED it sees what the locks' last holders committed. The
// clock is read here for the same reason, to the millisecond, which is what is shown. Times inside JSON are
// milliseconds since 1970.
const readFacts = statement<FactsRow>(
  'read_order_facts',
  `SELECT clock.now, orders.id, orders.sale_id, sales.merchant_id, orders.customer_id, sales.fulfillment, sales.test,
     sales.currency, orders.total_minor, orders.status, orders.version, orders.pay_by, orders.settle_by,
     orders.accept_by, orders.hold_extended,
     json_build_object('holdSeconds', sales.hold_seconds, 'retrySeconds', sales.retry_seconds,
                       'pinSeconds', sales.pin_seconds, 'acceptanceSeconds', sales.acceptance_seconds) AS terms,
     (SELECT json_agg(json_build_object(
        'itemId', item_id, 'quantity', quantity, 'unitPriceMinor', unit_price_minor, 'held', held, 'sold', sold,
        'returned', returned, 'refunded', refunded) ORDER BY position)
      FROM order_lines WHERE order_id = orders.id) AS lines,
     (SELECT json_agg(json_build_object(
        'id', id, 'orderId', order_id, 'provider', provider, 'providerRef', provider_ref, 'status', payments.status,
        'capture', capture, 'currency', payments.currency, 'amountMinor', amount_minor,
        'capturedMinor', captured_minor, 'nextActionUrl', next_action_url, 'declineCode', decline_code,
        'createdAt', extract(epoch FROM created_at) * 1000, 'settledAt', extract(epoch FROM settled_at) * 1000,
        'answerStatus', answer_status, 'answerVersion', answer_version) ORDER BY id)
      FROM payments WHERE order_id = orders.id) AS payments,
     (SELECT json_agg(json_build_object(
        'id', id, 'orderId', order_id, 'paymentId', payment_id, 'providerRef', provider_ref,
        'status', refunds.status, 'amountMinor', amount_minor, 'cause', cause, 'reason', reason, 'lines', lines,
        'createdAt', extract(epoch FROM created_at) * 1000, 'settledAt', extract(epoch FROM settled_at) * 1000)
        ORDER BY id)
      FROM refunds WHERE order_id = orders.id) AS refunds
   FROM (SELECT date_trunc('milliseconds', clock_timestamp()) AS now) AS clock
   CROSS JOIN unnest($1::uuid[]) AS asked (id)
   CROSS JOIN LATERAL (SELECT * FROM orders WHERE orders.id = asked.id LIMIT 1) AS orders
   JOIN sales ON sales.id = orders.sale_id`,
);

const toDate = (ms: number | null) => (ms === null ? null : new Date(ms));

function toPayment({ answerStatus, answerVersion, createdAt, settledAt, ...payment }: PaymentJson): Payment {
  const answer =
    answerStatus === null || answerVersion === null ? null : { status: answerStatus, version: answerVersion };
  return { ...payment, createdAt: new Date(createdAt), settledAt: toDate(settledAt), answer };
}

function toRefund({ createdAt, settledAt, ...refund }: RefundJson): Refund {
  return { ...refund, createdAt: new Date(createdAt), settledAt: toDate(settledAt) };
}

/** Reads all that decides about the next steps of some orders, and the time of the decision. The rows are locked. */
export async function readOrderFacts(
  db: Queryable,
  orderIds: readonly string[],
): Promise<{ now: Date; orders: Map<string, OrderFacts> }> {
  const rows = await db.query(readFacts, [arrayLiteral(orderIds)]);
  const orders = new Map(
    rows.map((row): [string, OrderFacts] => [
      row.id,
      {
        id: row.id,
        saleId: row.sale_id,
        merchantId: row.merchant_id,
        customerId: row.customer_id,
        fulfillment: row.fulfillment,
        test: row.test,
        currency: row.currency,
        totalMinor: row.total_minor,
        status: row.status,
        version: row.version,
        payBy: row.pay_by,
        settleBy: row.settle_by,
        acceptBy: row.accept_by,
        holdExtended: row.hold_extended,
        lines: row.lines,
        payments: (row.payments ?? []).map(toPayment),
        refunds: (row.refunds ?? []).map(toRefund),
        terms: row.terms,
      },
    ]),
  );
  return { now: rows[0]?.now ?? new Date(0), orders };
}

/** Who asks with which key for what, for one order. */
export interface StepKey {
  readonly orderId: string;
  readonly actorId: string;
  readonly operation: string;
  readonly idempotencyKey: string;
}

/** The step that a key has opened already. */
export interface RepeatedStep {
  readonly version: number;
  /** SHA-256 of the request, hex. */
  readonly fingerprint: string;
  /** By which a batch that was run twice knows its own step. */
  readonly requestId: string | null;
}

export function stepKeyText({ orderId, actorId, operation, idempotencyKey }: StepKey): string {
  return `${orderId}/${actorId}/${operation}/${idempotencyKey}`;
}

const readStepRepeats = statement<{
  order_id: string;
  actor_id: string;
  operation: string;
  idempotency_key: string;
  version: number;
  fingerprint: string;
  request_id: string | null;
}>(
  'read_step_repeats',
  `SELECT found.*
   FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) AS asked (order_id, actor_id, operation, idempotency_key)
   CROSS JOIN LATERAL (
     SELECT event.order_id, event.actor_id, event.operation, event.idempotency_key, event.version,
            event.request_id, encode(event.fingerprint, 'hex') AS fingerprint
     FROM order_events AS event
     WHERE event.order_id = asked.order_id AND event.actor_id = asked.actor_id
       AND event.operation = asked.operation AND event.idempotency_key = asked.idempotency_key
     LIMIT 1
   ) AS found`,
);

/** The steps that these keys have opened already, by `stepKeyText`. After the locks: before, it could miss one. */
export async function findStepRepeats(db: Queryable, keys: readonly StepKey[]): Promise<Map<string, RepeatedStep>> {
  if (keys.length === 0) return new Map();
  const rows = await db.query(readStepRepeats, [
    arrayLiteral(keys.map((key) => key.orderId)),
    arrayLiteral(keys.map((key) => key.actorId)),
    keys.map((key) => key.operation),
    keys.map((key) => key.idempotencyKey),
  ]);
  return new Map(
    rows.map(({ order_id, actor_id, operation, idempotency_key, version, fingerprint, request_id }) => [
      stepKeyText({ orderId: order_id, actorId: actor_id, operation, idempotencyKey: idempotency_key }),
      { version, fingerprint, requestId: request_id },
    ]),
  );
}

// After the orders, by id: the order of locks that everybody keeps.
const lockItemsOfOrders = statement(
  'lock_items_of_orders',
  `SELECT id FROM items
   WHERE id IN (SELECT item_id FROM order_lines WHERE order_id = ANY ($1::uuid[]))
   ORDER BY id FOR NO KEY UPDATE`,
);

const readStockOfOrders = statement<{ order_id: string; item_id: string } & StockRow>(
  'read_stock_of_orders',
  `SELECT order_lines.order_id, items.id AS item_id, items.available, items.limit_per_customer,
          coalesce(counted.units, 0) AS units
   FROM orders
   JOIN order_lines ON order_lines.order_id = orders.id
   JOIN items ON items.id = order_lines.item_id
   LEFT JOIN customer_units AS counted ON counted.item_id = items.id AND counted.customer_id = orders.customer_id
   WHERE orders.id = ANY ($1::uuid[])`,
);

interface StockRow {
  available: number;
  limit_per_customer: number | null;
  units: number;
}

/** Locks the items of some orders, in the order of their ids. */
export async function lockItemsOf(db: Queryable, orderIds: readonly string[]): Promise<void> {
  await db.query(lockItemsOfOrders, [arrayLiteral(orderIds)]);
}

/**
 * What is available of the items of some orders, and what the orders' customers have: for steps that take stock again.
 * By order, then by item. The items are locked.
 */
export async function readStockFacts(
  db: Queryable,
  orderIds: readonly string[],
): Promise<Map<string, Map<string, StockFacts>>> {
  const stock = new Map<string, Map<string, StockFacts>>();
  if (orderIds.length === 0) return stock;
  const rows = await db.query(readStockOfOrders, [arrayLiteral(orderIds)]);
  for (const { order_id, item_id, available, limit_per_customer, units } of rows) {
    const ofOrder = stock.get(order_id) ?? new Map<string, StockFacts>();
    ofOrder.set(item_id, { available, limitPerCustomer: limit_per_customer, units });
    stock.set(order_id, ofOrder);
  }
  return stock;
}
