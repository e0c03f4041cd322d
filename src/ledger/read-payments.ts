import type { Payment, PaymentAnswer, PaymentStatus } from '../domain/payment.ts';
import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

interface PaymentRow {
  id: string;
  order_id: string;
  provider: string;
  provider_ref: string | null;
  status: PaymentStatus;
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

function toPayment(row: PaymentRow): Payment {
  const { answer_status: status, answer_version: version } = row;
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
    answer: status === null || version === null ? null : { status, version },
  };
}

const readPayments = statement<PaymentRow>(
  'read_payments_of_orders',
  `SELECT id, order_id, provider, provider_ref, status, capture, currency, amount_minor, captured_minor,
          next_action_url, decline_code, answer_status, answer_version, created_at, settled_at
   FROM payments WHERE order_id = ANY ($1::uuid[]) ORDER BY order_id, id`,
);

/** The attempts to pay some orders, each order's oldest first, by order; orders without any are left out. */
export async function findPaymentsOf(db: Queryable, orderIds: readonly string[]): Promise<Map<string, Payment[]>> {
  const rows = await db.query(readPayments, [arrayLiteral(orderIds)]);
  return Map.groupBy(rows.map(toPayment), ({ orderId }) => orderId);
}
