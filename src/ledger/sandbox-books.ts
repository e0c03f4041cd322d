import { arrayLiteral } from './array-literal.ts';
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

// One statement for many, because a charge is on the way of every paying customer. The primary key lets one of several
// charges at once make the row; the others wait for it and then change only what has come to nothing yet. Sorted, so
// that two statements never wait for each other.
const charge = statement<PaymentRow>(
  'sandbox_charge',
  `WITH asked AS MATERIALIZED (
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::text[],
                          $8::text[], $9::text[], $10::text[], $11::text[], $12::bool[])
       AS asked (payment_id, provider_ref, order_id, capture, currency, amount_minor, payment_method, status,
                 repeat_status, decline_code, return_url, silent)
   )
   INSERT INTO sandbox_payments AS known
     (payment_id, provider_ref, order_id, capture, currency, amount_minor,
      payment_method, status, captured_minor, decline_code, return_url, silent)
   SELECT payment_id, provider_ref, order_id, capture, currency, amount_minor,
          payment_method, status, CASE WHEN status = 'captured' THEN amount_minor ELSE 0 END, decline_code, return_url,
          silent
   FROM asked ORDER BY payment_id
   ON CONFLICT (payment_id) DO UPDATE
     SET (payment_method, status, captured_minor, decline_code, return_url, silent) = (
       SELECT payment_method, repeat_status, CASE WHEN repeat_status = 'captured' THEN known.amount_minor ELSE 0 END,
              decline_code, return_url, silent
       FROM asked WHERE asked.payment_id = known.payment_id)
     WHERE known.status = 'unconfirmed' AND NOT known.silent
   RETURNING ${COLUMNS}`,
);

/**
 * Books charges of different payments. Gives those that came to something by this, by payment id; a payment that had
 * come to something before is left out, and nothing of it was changed.
 */
export async function chargeSandboxPayments(
  db: Queryable,
  asked: readonly SandboxCharge[],
): Promise<Map<string, SandboxPayment>> {
  const rows = await db.query(charge, [
    arrayLiteral(asked.map(({ paymentId }) => paymentId)),
    arrayLiteral(asked.map(({ providerRef }) => providerRef)),
    arrayLiteral(asked.map(({ orderId }) => orderId)),
    arrayLiteral(asked.map(({ capture }) => capture)),
    arrayLiteral(asked.map(({ currency }) => currency)),
    arrayLiteral(asked.map(({ amountMinor }) => amountMinor)),
    asked.map(({ paymentMethod }) => paymentMethod),
    arrayLiteral(asked.map(({ status }) => status)),
    arrayLiteral(asked.map(({ repeatStatus }) => repeatStatus)),
    asked.map(({ declineCode }) => declineCode),
    asked.map(({ returnUrl }) => returnUrl),
    arrayLiteral(asked.map(({ silent }) => (silent ? 't' : 'f'))),
  ]);
  return new Map(rows.map((row) => [row.payment_id, toPayment(row)]));
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
