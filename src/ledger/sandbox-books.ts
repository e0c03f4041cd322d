import { type Queryable, statement } from './statement.ts';

export type SandboxPaymentStatus =
  | 'unconfirmed'
  | 'requires_action'
  | 'authorized'
  | 'captured'
  | 'failed'
  | 'cancelled';

/** A payment as the sandbox provider's books have it. Amounts in minor units of `currency`. */
export interface SandboxPayment {
  readonly paymentId: string;
  readonly providerRef: string;
  readonly orderId: string;
  /** The test card; null where none is known: an unknown one is not kept. */
  readonly paymentMethod: string | null;
  readonly status: SandboxPaymentStatus;
  readonly capture: 'automatic' | 'manual';
  readonly currency: string;
  readonly amountMinor: number;
  readonly capturedMinor: number;
  readonly refundedMinor: number;
  readonly declineCode: string | null;
  readonly returnUrl: string | null;
  /** While set, nothing is answered and nothing changes. */
  readonly silent: boolean;
}

/** What a payment is made out to. */
export type SandboxTerms = Pick<
  SandboxPayment,
  'paymentId' | 'providerRef' | 'orderId' | 'capture' | 'currency' | 'amountMinor'
>;

export interface SandboxCharge extends SandboxTerms {
  readonly paymentMethod: string | null;
  /** What the charge comes to, the first time it is heard of. */
  readonly status: SandboxPaymentStatus;
  /** What it comes to when it is heard of again and was left `unconfirmed`. */
  readonly repeatStatus: SandboxPaymentStatus;
  readonly declineCode: string | null;
  readonly returnUrl: string | null;
  readonly silent: boolean;
}

interface PaymentRow {
  payment_id: string;
  provider_ref: string;
  order_id: string;
  payment_method: string | null;
  status: SandboxPaymentStatus;
  capture: 'automatic' | 'manual';
  currency: string;
  amount_minor: number;
  captured_minor: number;
  refunded_minor: number;
  decline_code: string | null;
  return_url: string | null;
  silent: boolean;
}

const COLUMNS = `payment_id, provider_ref, order_id, payment_method, status, capture, currency, amount_minor,
  captured_minor, refunded_minor, decline_code, return_url, silent`;

function toPayment(row: PaymentRow): SandboxPayment {
  return {
    paymentId: row.payment_id,
    providerRef: row.provider_ref,
    orderId: row.order_id,
    paymentMethod: row.payment_method,
    status: row.status,
    capture: row.capture,
    currency: row.currency,
    amountMinor: row.amount_minor,
    capturedMinor: row.captured_minor,
    refundedMinor: row.refunded_minor,
    declineCode: row.decline_code,
    returnUrl: row.return_url,
    silent: row.silent,
  };
}

// One statement, because a charge is on the way of every paying customer. The primary key lets one of several charges
// at once make the row; the others wait for it and then change only what has come to nothing yet.
const charge = statement<PaymentRow>(
  'sandbox_charge',
  `INSERT INTO sandbox_payments AS known
     (payment_id, provider_ref, order_id, capture, currency, amount_minor,
      payment_method, status, captured_minor, decline_code, return_url, silent)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CASE WHEN $8 = 'captured' THEN $6::bigint ELSE 0 END, $10, $11, $12)
   ON CONFLICT (payment_id) DO UPDATE
     SET payment_method = excluded.payment_method,
         status         = $9,
         captured_minor = CASE WHEN $9 = 'captured' THEN known.amount_minor ELSE 0 END,
         decline_code   = excluded.decline_code,
         return_url     = excluded.return_url,
         silent         = excluded.silent
     WHERE known.status = 'unconfirmed' AND NOT known.silent
   RETURNING ${COLUMNS}`,
);

/** Books a charge. Returns undefined where the payment had come to something before: then nothing was changed. */
export async function chargeSandboxPayment(db: Queryable, asked: SandboxCharge): Promise<SandboxPayment | undefined> {
  const [row] = await db.query(charge, [
    ...termsOf(asked),
    asked.paymentMethod,
    asked.status,
    asked.repeatStatus,
    asked.declineCode,
    asked.returnUrl,
    asked.silent,
  ]);
  return row && toPayment(row);
}

function termsOf({ paymentId, providerRef, orderId, capture, currency, amountMinor }: SandboxTerms): unknown[] {
  return [paymentId, providerRef, orderId, capture, currency, amountMinor];
}

const findById = statement<PaymentRow>(
  'sandbox_find_payment',
  `SELECT ${COLUMNS} FROM sandbox_payments WHERE payment_id = $1`,
);
const findByRef = statement<PaymentRow>(
  'sandbox_find_payment_by_ref',
  `SELECT ${COLUMNS} FROM sandbox_payments WHERE provider_ref = $1`,
);

export async function findSandboxPayment(db: Queryable, paymentId: string): Promise<SandboxPayment | undefined> {
  const [row] = await db.query(findById, [paymentId]);
  return row && toPayment(row);
}

export async function findSandboxPaymentByRef(db: Queryable, providerRef: string): Promise<SandboxPayment | undefined> {
  const [row] = await db.query(findByRef, [providerRef]);
  return row && toPayment(row);
}

// The row of a payment never heard of stays behind as a tombstone: a charge that arrives later meets it.
const cancel = statement<PaymentRow>(
  'sandbox_cancel',
  `INSERT INTO sandbox_payments AS known
     (payment_id, provider_ref, order_id, capture, currency, amount_minor, status)
   VALUES ($1, $2, $3, $4, $5, $6, 'cancelled')
   ON CONFLICT (payment_id) DO UPDATE SET status = 'cancelled'
     WHERE known.status IN ('unconfirmed', 'requires_action', 'authorized') AND NOT known.silent
   RETURNING ${COLUMNS}`,
);

/** Cancels a payment that took nothing yet. Returns undefined where nothing was changed. */
export async function cancelSandboxPayment(db: Queryable, terms: SandboxTerms): Promise<SandboxPayment | undefined> {
  const [row] = await db.query(cancel, termsOf(terms));
  return row && toPayment(row);
}

// Whoever comes second finds another status on the locked row, and changes nothing.
const settle = statement<PaymentRow>(
  'sandbox_settle',
  `UPDATE sandbox_payments
   SET status = $3, captured_minor = CASE WHEN $3 = 'captured' THEN amount_minor ELSE 0 END, decline_code = $4
   WHERE payment_id = $1 AND status = $2 AND NOT silent
   RETURNING ${COLUMNS}`,
);

/** Moves a payment on from one status. Returns undefined, and changes nothing, where it is in another or silent. */
export async function settleSandboxPayment(
  db: Queryable,
  paymentId: string,
  from: SandboxPaymentStatus,
  to: { readonly status: SandboxPaymentStatus; readonly declineCode?: string },
): Promise<SandboxPayment | undefined> {
  const [row] = await db.query(settle, [paymentId, from, to.status, to.declineCode ?? null]);
  return row && toPayment(row);
}

const announceRefund = statement<{ announced: boolean }>(
  'sandbox_announce_refund',
  `INSERT INTO sandbox_refunds (refund_id, payment_id, amount_minor, status)
   VALUES ($1, $2, $3, 'unconfirmed')
   ON CONFLICT (refund_id) DO NOTHING
   RETURNING true AS announced`,
);

export interface SandboxRefund {
  readonly refundId: string;
  readonly paymentId: string;
  readonly amountMinor: number;
}

/** Notes a refund without giving anything back. False where it was heard of before. */
export async function announceSandboxRefund(db: Queryable, refund: SandboxRefund): Promise<boolean> {
  const rows = await db.query(announceRefund, [refund.refundId, refund.paymentId, refund.amountMinor]);
  return rows.length > 0;
}

// The lock on the payment comes first, so refunds of one payment go one after the other, and each sees in the locked
// row what those before it gave back. A refund that was decided before is not returned by the INSERT and moves nothing.
const giveBack = statement(
  'sandbox_give_back',
  `WITH payment AS (
     SELECT captured_minor - refunded_minor AS left_minor FROM sandbox_payments WHERE payment_id = $2 FOR UPDATE
   ), decided AS (
     INSERT INTO sandbox_refunds AS known (refund_id, payment_id, amount_minor, status)
     SELECT $1::uuid, $2::uuid, $3::bigint, CASE WHEN $4::boolean AND left_minor >= $3 THEN 'succeeded' ELSE 'failed' END FROM payment
     ON CONFLICT (refund_id) DO UPDATE SET status = excluded.status, amount_minor = excluded.amount_minor
       WHERE known.status = 'unconfirmed'
     RETURNING amount_minor, status
   )
   UPDATE sandbox_payments SET refunded_minor = refunded_minor + decided.amount_minor
   FROM decided
   WHERE sandbox_payments.payment_id = $2 AND decided.status = 'succeeded'`,
);

const readRefund = statement<{ status: 'succeeded' | 'failed' }>(
  'sandbox_read_refund',
  'SELECT status FROM sandbox_refunds WHERE refund_id = $1',
);

/**
 * Gives money back once per refund, never more than was captured, and nothing where it is not `granted`. Returns how
 * the refund ended, now or before; undefined where the payment is not there.
 */
export async function refundSandboxPayment(
  db: Queryable,
  refund: SandboxRefund,
  granted: boolean,
): Promise<'succeeded' | 'failed' | undefined> {
  await db.query(giveBack, [refund.refundId, refund.paymentId, refund.amountMinor, granted]);
  const [row] = await db.query(readRefund, [refund.refundId]);
  return row?.status;
}

/** The place in the list after a payment. The time is PostgreSQL's own text: a Date would cut its microseconds off. */
export interface SandboxPosition {
  readonly createdAt: string;
  readonly paymentId: string;
}

const list = statement<PaymentRow & { position: string }>(
  'sandbox_list_payments',
  `SELECT ${COLUMNS}, created_at::text AS position FROM sandbox_payments
   WHERE (created_at, payment_id) > ($1::timestamptz, $2::uuid)
   ORDER BY created_at, payment_id LIMIT $3`,
);

/** One page of payments, oldest first, and the place after it; no place after the last page. */
export async function listSandboxPayments(
  db: Queryable,
  after: SandboxPosition,
  limit: number,
): Promise<{ payments: SandboxPayment[]; next: SandboxPosition | undefined }> {
  const rows = await db.query(list, [after.createdAt, after.paymentId, limit]);
  const last = rows.length < limit ? undefined : rows.at(-1);
  return {
    payments: rows.map(toPayment),
    next: last && { createdAt: last.position, paymentId: last.payment_id },
  };
}
