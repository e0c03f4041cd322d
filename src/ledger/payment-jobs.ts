import { randomUUIDv7 } from 'node:crypto';
import type { OrderStatus } from '../domain/order.ts';
import type { NewJob } from '../domain/order-facts.ts';
import type { Payment } from '../domain/payment.ts';
import { type Queryable, statement } from './statement.ts';

/** A job that is ours until its lease is over, with what is needed to do it. */
export interface ClaimedJob {
  readonly id: string;
  readonly kind: NewJob['kind'];
  /** Fences: whoever takes the job over after the lease has a higher one. */
  readonly token: number;
  /** How often it was taken, this time included. */
  readonly attempts: number;
  readonly orderId: string;
  readonly payment: Pick<
    Payment,
    'id' | 'orderId' | 'provider' | 'providerRef' | 'status' | 'capture' | 'currency' | 'amountMinor' | 'createdAt'
  > & {
    /** Whether the request that opened it has been answered. */
    readonly answered: boolean;
  };
  readonly refund: { readonly id: string; readonly amountMinor: number } | null;
  readonly orderStatus: OrderStatus;
  readonly settleBy: Date | null;
  readonly createdAt: Date;
  /** The database's clock. */
  readonly now: Date;
}

interface JobRow {
  id: string;
  kind: NewJob['kind'];
  token: number;
  attempts: number;
  order_id: string;
  payment_id: string;
  provider: string;
  provider_ref: string | null;
  payment_status: Payment['status'];
  capture: Payment['capture'];
  currency: string;
  amount_minor: number;
  created_at: Date;
  answered: boolean;
  refund_id: string | null;
  refund_amount_minor: number | null;
  order_status: OrderStatus;
  settle_by: Date | null;
  job_created_at: Date;
  now: Date;
}

// SKIP LOCKED: another process takes the others. Moving run_at ahead is the lease: if the taker dies, the job is due
// again when the lease is over.
const claim = statement<JobRow>(
  'claim_payment_jobs',
  `WITH due AS (
     SELECT id FROM payment_jobs
     WHERE status = 'due' AND run_at <= now() AND (kind = 'settle') = $3
     ORDER BY run_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
   ), taken AS (
     UPDATE payment_jobs
     SET run_at = clock_timestamp() + $2 * interval '1 millisecond', attempts = attempts + 1, token = token + 1
     FROM due WHERE payment_jobs.id = due.id
     RETURNING payment_jobs.*
   )
   SELECT taken.id, taken.kind, taken.token, taken.attempts, taken.order_id, taken.payment_id, payments.provider,
          payments.provider_ref, payments.status AS payment_status, payments.capture, payments.currency,
          payments.amount_minor, payments.created_at, payments.answer_status IS NOT NULL AS answered,
          taken.created_at AS job_created_at, taken.refund_id, refunds.amount_minor AS refund_amount_minor,
          orders.status AS order_status, orders.settle_by, clock_timestamp() AS now
   FROM taken
   JOIN payments ON payments.id = taken.payment_id
   JOIN orders ON orders.id = taken.order_id
   LEFT JOIN refunds ON refunds.id = taken.refund_id`,
);

/** Jobs that ask how attempts ended, and such as carry out what was decided. Neither may keep the other waiting. */
export type JobLane = 'ask' | 'carry-out';

/** Takes at most `limit` due jobs of a lane for `leaseMs`. */
export async function claimJobs(db: Queryable, lane: JobLane, limit: number, leaseMs: number): Promise<ClaimedJob[]> {
  const rows = await db.query(claim, [limit, leaseMs, lane === 'ask']);
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    token: row.token,
    attempts: row.attempts,
    orderId: row.order_id,
    payment: {
      id: row.payment_id,
      orderId: row.order_id,
      provider: row.provider,
      providerRef: row.provider_ref,
      status: row.payment_status,
      capture: row.capture,
      currency: row.currency,
      amountMinor: row.amount_minor,
      createdAt: row.created_at,
      answered: row.answered,
    },
    refund:
      row.refund_id === null || row.refund_amount_minor === null
        ? null
        : { id: row.refund_id, amountMinor: row.refund_amount_minor },
    orderStatus: row.order_status,
    settleBy: row.settle_by,
    createdAt: row.job_created_at,
    now: row.now,
  }));
}

const end = statement(
  'end_payment_job',
  `UPDATE payment_jobs SET status = $3, last_error = $4, ended_at = clock_timestamp()
   WHERE id = $1 AND token = $2 AND status = 'due'`,
);

/** Ends a job that is still ours: done, or failed for good, with the reason for a person. */
export async function endJob(
  db: Queryable,
  job: Pick<ClaimedJob, 'id' | 'token'>,
  status: 'done' | 'failed',
  error: string | null = null,
): Promise<void> {
  await db.query(end, [job.id, job.token, status, error]);
}

const postpone = statement(
  'postpone_payment_job',
  `UPDATE payment_jobs SET run_at = clock_timestamp() + $3 * interval '1 millisecond', last_error = $4
   WHERE id = $1 AND token = $2 AND status = 'due'`,
);

/** Puts a job that is still ours off. */
export async function postponeJob(
  db: Queryable,
  job: Pick<ClaimedJob, 'id' | 'token'>,
  delayMs: number,
  error: string | null,
): Promise<void> {
  await db.query(postpone, [job.id, job.token, Math.round(delayMs), error]);
}

// The token is raised, too: whoever is at work on the job has asked before this was known, and must not put it off.
const hurry = statement<{ kind: NewJob['kind'] }>(
  'hurry_payment_jobs',
  `UPDATE payment_jobs SET run_at = least(run_at, clock_timestamp()), token = token + 1
   WHERE payment_id = $1 AND status = 'due'
   RETURNING kind`,
);

const askNow = statement(
  'insert_settle_job',
  `INSERT INTO payment_jobs (id, kind, order_id, payment_id, status, run_at, created_at)
   SELECT $1, 'settle', order_id, id, 'due', clock_timestamp(), clock_timestamp() FROM payments WHERE id = $2`,
);

/** Has the provider asked about a payment at once, and what is due for it done. */
export async function askSoon(db: Queryable, paymentId: string): Promise<void> {
  const hurried = await db.query(hurry, [paymentId]);
  if (!hurried.some(({ kind }) => kind === 'settle')) await db.query(askNow, [randomUUIDv7(), paymentId]);
}

const settleFailed = statement<{ id: string }>(
  'find_failed_settle_job',
  `SELECT id FROM payment_jobs WHERE payment_id = $1 AND kind = 'settle' AND status = 'failed' LIMIT 1`,
);

/** The same, unless asking has failed for good before: that waits for a person. */
export async function askUnlessFailed(db: Queryable, paymentId: string): Promise<void> {
  const [failed] = await db.query(settleFailed, [paymentId]);
  if (failed === undefined) await askSoon(db, paymentId);
}

const forgetDone = statement(
  'forget_done_payment_jobs',
  `DELETE FROM payment_jobs WHERE id IN (
     SELECT id FROM payment_jobs WHERE status = 'done' AND ended_at < now() - $1 * interval '1 second' LIMIT 1000)`,
);

/** Forgets jobs that were done long ago. */
export async function forgetDoneJobs(db: Queryable, olderThanSeconds: number): Promise<void> {
  await db.query(forgetDone, [olderThanSeconds]);
}

const count = statement<{ due: number; failed: number }>(
  'count_payment_jobs',
  `SELECT (SELECT count(*)::int FROM payment_jobs WHERE status = 'due' AND run_at <= now()) AS due,
          (SELECT count(*)::int FROM payment_jobs WHERE status = 'failed') AS failed`,
);

/** Jobs that are due now, and such as wait for a person. */
export async function countJobs(db: Queryable): Promise<{ due: number; failed: number }> {
  const [row] = await db.query(count);
  return { due: row?.due ?? 0, failed: row?.failed ?? 0 };
}
