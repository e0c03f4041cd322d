import type { Refund, RefundCause, RefundLine, RefundStatus } from '../domain/payment.ts';
import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

interface RefundRow {
  id: string;
  order_id: string;
  payment_id: string;
  provider_ref: string | null;
  status: RefundStatus;
  amount_minor: number;
  cause: RefundCause;
  reason: string | null;
  lines: RefundLine[];
  created_at: Date;
  settled_at: Date | null;
}

const toRefund = (row: RefundRow): Refund => ({
  id: row.id,
  orderId: row.order_id,
  paymentId: row.payment_id,
  providerRef: row.provider_ref,
  status: row.status,
  amountMinor: row.amount_minor,
  cause: row.cause,
  reason: row.reason,
  lines: row.lines,
  createdAt: row.created_at,
  settledAt: row.settled_at,
});

const readRefunds = statement<RefundRow>(
  'read_refunds_of_orders',
  `SELECT id, order_id, payment_id, provider_ref, status, amount_minor, cause, reason, lines, created_at, settled_at
   FROM refunds WHERE order_id = ANY ($1::uuid[]) ORDER BY order_id, id`,
);

/** The refunds of some orders, each order's oldest first, by order; orders without any are left out. */
export async function findRefundsOf(db: Queryable, orderIds: readonly string[]): Promise<Map<string, Refund[]>> {
  const rows = await db.query(readRefunds, [arrayLiteral(orderIds)]);
  return Map.groupBy(rows.map(toRefund), ({ orderId }) => orderId);
}
