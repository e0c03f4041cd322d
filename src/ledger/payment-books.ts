import type { PaymentStatus } from '../domain/payment.ts';
import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

/** A payment as the ledger's books have it. Amounts in minor units. */
export interface BookedPayment {
  readonly id: string;
  readonly orderId: string;
  readonly provider: string;
  readonly providerRef: string | null;
  readonly capture: 'automatic' | 'manual';
  readonly status: PaymentStatus;
  readonly amountMinor: number;
  readonly currency: string;
  readonly capturedMinor: number;
  /** What the provider has confirmed to have given back. */
  readonly refundedMinor: number;
  /** What the provider may have given back, without having confirmed it. */
  readonly refundingMinor: number;
  readonly createdAt: Date;
}

interface BookedRow {
  id: string;
  order_id: string;
  provider: string;
  provider_ref: string | null;
  capture: 'automatic' | 'manual';
  status: PaymentStatus;
  amount_minor: number;
  currency: string;
  captured_minor: number;
  refunded_minor: number;
  refunding_minor: number;
  created_at: Date;
}

const BOOKED = `payments.id, payments.order_id, payments.provider, payments.provider_ref,
  payments.capture, payments.status, payments.amount_minor,
  payments.currency, payments.captured_minor, coalesce(back.refunded, 0) AS refunded_minor,
  coalesce(back.refunding, 0) AS refunding_minor, payments.created_at
  FROM payments
  LEFT JOIN LATERAL (
    SELECT sum(amount_minor) FILTER (WHERE status = 'succeeded')::bigint AS refunded,
           sum(amount_minor) FILTER (WHERE status = 'pending')::bigint AS refunding
    FROM refunds WHERE payment_id = payments.id
  ) AS back ON true`;

const toBooked = (row: BookedRow): BookedPayment => ({
  id: row.id,
  orderId: row.order_id,
  provider: row.provider,
  providerRef: row.provider_ref,
  capture: row.capture,
  status: row.status,
  amountMinor: row.amount_minor,
  currency: row.currency,
  capturedMinor: row.captured_minor,
  refundedMinor: row.refunded_minor,
  refundingMinor: row.refunding_minor,
  createdAt: row.created_at,
});

const readBooked = statement<BookedRow>(
  'read_booked_payments',
  `SELECT ${BOOKED} WHERE payments.id = ANY ($1::uuid[])`,
);

/** Payments as the ledger has them, by id. */
export async function findBookedPayments(db: Queryable, ids: readonly string[]): Promise<Map<string, BookedPayment>> {
  const rows = await db.query(readBooked, [arrayLiteral(ids)]);
  return new Map(rows.map((row) => [row.id, toBooked(row)]));
}

// Payments in which money moved, for the comparison in the other direction: does the provider know them?
const listMoved = statement<{ id: string; created_at: Date }>(
  'list_moved_payments',
  `SELECT id, created_at FROM payments
   WHERE provider = $1 AND created_at >= $2 AND (created_at, id) > ($3, $4) AND created_at < $5
     AND status IN ('authorized', 'captured')
   ORDER BY created_at, id LIMIT $6`,
);

/** Ids of payments of a time span in which money moved, a page at a time. */
export async function listMovedPayments(
  db: Queryable,
  provider: string,
  span: { readonly since: Date; readonly until: Date },
  after: { readonly createdAt: Date; readonly id: string },
  limit: number,
): Promise<{ id: string; createdAt: Date }[]> {
  const rows = await db.query(listMoved, [provider, span.since, after.createdAt, after.id, span.until, limit]);
  return rows.map(({ id, created_at }) => ({ id, createdAt: created_at }));
}
