import { randomUUIDv7 } from 'node:crypto';
import type { OrderStatus } from '../domain/order.ts';
import type { NewJob } from '../domain/order-facts.ts';
import type { Payment, Refund } from '../domain/payment.ts';
import { arrayLiteral } from './array-literal.ts';
import { bury, RESOLVE_LETTERS_OF_ENDED } from './dead-letters.ts';
import { type Queryable, statement } from './statement.ts';

/** A job that is ours until its lease is over, with what is needed to do it. */
export interface ClaimedJob {
  readonly id: string;
  readonly kind: NewJob['kind'];
  /** Fences: whoever takes the job over after the lease has a higher one. */
  readonly token: number;
  /** How often it was taken, this time included. */
  readonly attempts: number;
  /** How often since it was made, redriven or last answered, this time included. */
  readonly tries: number;
  /** Whether it was given up before. */
  readonly redriven: boolean;
  readonly orderId: string;
  readonly merchantId: string;
  readonly payment: Pick<
    Payment,
    'id' | 'orderId' | 'provider' | 'providerRef' | 'status' | 'capture' | 'currency' | 'amountMinor' | 'createdAt'
  > & {
    /** Whether the request that opened it has been answered. */
    readonly answered: boolean;
  };
  readonly refund: Pick<Refund, 'id' | 'amountMinor' | 'status'> | null;
  readonly orderStatus: OrderStatus;
  readonly settleBy: Date | null;
  readonly createdAt: Date;
  /** The W3C traceparent of the latest request about the order that was sampled. */
  readonly traceParent: string | null;
  /** The database's clock. */
  readonly now: Date;
}

interface JobRow {
  id: string;
  kind: NewJob['kind'];
  token: number;
  attempts: number;
  tries: number;
  redriven: boolean;
  order_id: string;
  merchant_id: string;
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
  refund_status: Refund['status'] | null;
  order_status: OrderStatus;
  settle_by: Date | null;
  job_created_at: Date;
  trace_parent: string | null;
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
     SET run_at = clock_timestamp() + $2 * interval '1 millisecond', attempts = attempts + 1, tries = tries + 1,
         token = token + 1
     FROM due WHERE payment_jobs.id = due.id
     RETURNING payment_jobs.*
   )
   SELECT taken.id, taken.kind, taken.token, taken.attempts, taken.tries, taken.order_id, taken.payment_id,
          EXISTS (SELECT FROM dead_letters WHERE duty_id = taken.id AND dead_letters.status = 'redriving') AS redriven,
          sales.merchant_id, refunds.status AS refund_status, payments.provider,
          payments.provider_ref, payments.status AS payment_status, payments.capture, payments.currency,
          payments.amount_minor, payments.created_at, payments.answer_status IS NOT NULL AS answered,
          taken.created_at AS job_created_at, taken.refund_id, refunds.amount_minor AS refund_amount_minor,
          orders.status AS order_status, orders.settle_by, clock_timestamp() AS now,
          (SELECT trace_parent FROM order_events
           WHERE order_events.order_id = taken.order_id AND trace_parent IS NOT NULL
           ORDER BY version DESC LIMIT 1) AS trace_parent
   FROM taken
   JOIN payments ON payments.id = taken.payment_id
   JOIN orders ON orders.id = taken.order_id
   JOIN sales ON sales.id = orders.sale_id
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
    tries: row.tries,
    redriven: row.redriven,
    orderId: row.order_id,
    merchantId: row.merchant_id,
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
      row.refund_id === null || row.refund_amount_minor === null || row.refund_status === null
        ? null
        : { id: row.refund_id, amountMinor: row.refund_amount_minor, status: row.refund_status },
    orderStatus: row.order_status,
    settleBy: row.settle_by,
    createdAt: row.job_created_at,
    traceParent: row.trace_parent,
    now: row.now,
  }));
}

// Job and letter at once: the letter of a job that is due is nobody else's.
const finish = statement(
  'finish_payment_job',
  `WITH ended AS (
     UPDATE payment_jobs SET status = 'done', last_error = NULL, ended_at = clock_timestamp()
     WHERE id = $1 AND token = $2 AND status = 'due'
     RETURNING id
   )${RESOLVE_LETTERS_OF_ENDED}`,
);

/** Ends a job that is still ours well, and its dead letter if it has one. */
export async function finishJob(db: Queryable, job: Pick<ClaimedJob, 'id' | 'token'>): Promise<void> {
  await db.query(finish, [job.id, job.token]);
}

const fail = statement<{ failed: boolean }>(
  'fail_payment_job',
  `UPDATE payment_jobs SET status = 'failed', last_error = $3, ended_at = clock_timestamp()
   WHERE id = $1 AND token = $2 AND status = 'due'
   RETURNING true AS failed`,
);

/** Gives a job up that is still ours, with the reason for a person: it becomes a dead letter. False: it was not ours. */
export async function failJob(
  transaction: Queryable,
  job: Pick<ClaimedJob, 'id' | 'token' | 'kind' | 'merchantId' | 'orderId' | 'attempts'>,
  error: string,
): Promise<boolean> {
  const { id: dutyId, kind, merchantId, orderId, attempts } = job;
  const [failed] = await transaction.query(fail, [dutyId, job.token, error]);
  if (failed === undefined) return false;
  await bury(transaction, { kind, dutyId, merchantId, orderId, endpointId: null, error, attempts });
  return true;
}

const revive = statement<{ id: string }>(
  'revive_payment_jobs',
  `UPDATE payment_jobs SET status = 'due', run_at = clock_timestamp(), tries = 0, ended_at = NULL
   WHERE id = ANY ($1::uuid[]) AND status = 'failed'
   RETURNING id`,
);

/** Makes jobs that were given up due anew, and tells which. The caller holds the locks of their letters. */
export async function reviveJobs(transaction: Queryable, jobIds: readonly string[]): Promise<string[]> {
  const rows = await transaction.query(revive, [arrayLiteral(jobIds)]);
  return rows.map(({ id }) => id);
}

const changeRefund = statement(
  'change_refund_of_job',
  `UPDATE payment_jobs SET refund_id = $3 WHERE id = $1 AND token = $2 AND status = 'due'`,
);

/** Has a job that is still ours carry out another refund from now on. */
export async function changeRefundOf(
  db: Queryable,
  job: Pick<ClaimedJob, 'id' | 'token'>,
  refundId: string,
): Promise<void> {
  await db.query(changeRefund, [job.id, job.token, refundId]);
}

// Whoever answers is not silent: the tries are counted anew.
const postpone = statement(
  'postpone_payment_job',
  `UPDATE payment_jobs
   SET run_at = clock_timestamp() + $3 * interval '1 millisecond', last_error = $4,
       tries = CASE WHEN $4::text IS NULL THEN 0 ELSE tries END
   WHERE id = $1 AND token = $2 AND status = 'due'`,
);

/** Puts a job that is still ours off; `error` is null where the provider has answered. */
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

// Asking that was given up is taken up again. The letter first, as everybody does who revives a duty; of two at once
// the second finds it redriving.
const askAnew = statement<{ id: string }>(
  'revive_settle_job',
  `WITH letter AS (
     UPDATE dead_letters SET status = 'redriving', redrives = redrives + 1
     WHERE status = 'dead'
       AND duty_id IN (SELECT id FROM payment_jobs WHERE payment_id = $1 AND kind = 'settle' AND status = 'failed')
     RETURNING duty_id
   )
   UPDATE payment_jobs SET status = 'due', run_at = clock_timestamp(), tries = 0, ended_at = NULL
   FROM letter WHERE payment_jobs.id = letter.duty_id
   RETURNING payment_jobs.id`,
);

/**
 * Has the provider asked about a payment at once, and what is due for it done. Asking that was given up before begins
 * anew.
 */
export async function askSoon(db: Queryable, paymentId: string): Promise<void> {
  const hurried = await db.query(hurry, [paymentId]);
  if (hurried.some(({ kind }) => kind === 'settle')) return;
  const revived = await db.query(askAnew, [paymentId]);
  if (revived.length === 0) await db.query(askNow, [randomUUIDv7(), paymentId]);
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
