import type { OrderStatus } from '../domain/order.ts';
import type { Payment, PaymentAnswer } from '../domain/payment.ts';
import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

interface PaymentRow {
  id: string;
  order_id: string;
  provider: string;
  provider_ref: string | null;
  status: Payment['status'];
  capture: Payment['capture'];
  currency: string;
  amount_minor: number;
  captured_minor: number;
  next_action_url: string | null;
  decline_code: string | null;
  answer_status: PaymentAnswer['status'] | null;
  answer_version: number | null;
  created_at: Date;
  settled_at: Date | null;
}

const COLUMNS = `id, order_id, provider, provider_ref, status, capture, currency, amount_minor, captured_minor,
  next_action_url, decline_code, answer_status, answer_version, created_at, settled_at`;

function toPayment(row: PaymentRow): Payment {
  return {
    id: row.id,
    orderId: row.order_id,
    provider: row.provider,
    providerRef: row.provider_ref,
    status: row.status,
    capture: row.capture,
    currency: row.currency,
    amountMinor: row.amount_minor,
    capturedMinor: row.captured_minor,
    nextActionUrl: row.next_action_url,
    declineCode: row.decline_code,
    createdAt: row.created_at,
    settledAt: row.settled_at,
    answer: toAnswer(row),
  };
}

function toAnswer({
  answer_status,
  answer_version,
}: Pick<PaymentRow, 'answer_status' | 'answer_version'>): PaymentAnswer | null {
  return answer_status === null || answer_version === null ? null : { status: answer_status, version: answer_version };
}

const readPayment = statement<PaymentRow>('read_payment', `SELECT ${COLUMNS} FROM payments WHERE id = $1`);

/** An attempt to pay, as it is now. */
export async function findPayment(db: Queryable, paymentId: string): Promise<Payment | undefined> {
  const [row] = await db.query(readPayment, [paymentId]);
  return row && toPayment(row);
}

const readPaymentsOfOrders = statement<PaymentRow>(
  'read_payments_of_orders',
  `SELECT ${COLUMNS} FROM payments WHERE order_id = ANY ($1::uuid[]) ORDER BY order_id, id`,
);

/** The attempts to pay some orders, each order's oldest first, by order; orders without any are left out. */
export async function findPaymentsOf(db: Queryable, orderIds: readonly string[]): Promise<Map<string, Payment[]>> {
  const rows = await db.query(readPaymentsOfOrders, [arrayLiteral(orderIds)]);
  return Map.groupBy(rows.map(toPayment), ({ orderId }) => orderId);
}

// Whoever comes first decides how the request was answered: the one who waits no longer, or the step that settles.
const answerPayment = statement<Pick<PaymentRow, 'answer_status' | 'answer_version'>>(
  'answer_payment',
  `UPDATE payments
   SET answer_status = coalesce(answer_status, $2), answer_version = coalesce(answer_version, $3)
   WHERE id = $1
   RETURNING answer_status, answer_version`,
);

/** Notes how the request that opened an attempt is answered, unless that is decided already; gives what is decided. */
export async function recordPaymentAnswer(
  db: Queryable,
  paymentId: string,
  answer: PaymentAnswer,
): Promise<PaymentAnswer> {
  const [row] = await db.query(answerPayment, [paymentId, answer.status, answer.version]);
  const recorded = row && toAnswer(row);
  if (!recorded) throw new Error(`Payment ${paymentId} is not there.`);
  return recorded;
}

const noteRef = statement(
  'note_provider_ref',
  'UPDATE payments SET provider_ref = $2 WHERE id = $1 AND provider_ref IS NULL',
);

/** Notes the provider's own id as soon as it is known. Nobody sees it, so no version is raised. */
export async function noteProviderRef(db: Queryable, paymentId: string, providerRef: string): Promise<void> {
  await db.query(noteRef, [paymentId, providerRef]);
}

const readUnpaidOrder = statement<{ status: OrderStatus }>(
  'read_unpaid_order',
  `SELECT orders.status FROM payments JOIN orders ON orders.id = payments.order_id
   WHERE payments.id = $1 AND payments.status = 'cancelled' AND payments.decline_code IS NULL
     AND orders.status IN ('ready_for_pickup', 'in_transit', 'completed')`,
);

/** The status of an order that goes on though the authorization that should pay it is gone; undefined where it is paid. */
export async function findUnpaidOrder(db: Queryable, paymentId: string): Promise<OrderStatus | undefined> {
  const [row] = await db.query(readUnpaidOrder, [paymentId]);
  return row?.status;
}
