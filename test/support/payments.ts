import assert from 'node:assert/strict';
import type { TestDatabase } from './database.ts';

/** What the sandbox has in its books about an order. Amounts in minor units. */
export interface SandboxBooks {
  /** Payments by which money moved or is reserved. */
  readonly charges: number;
  readonly capturedMinor: number;
  readonly refundedMinor: number;
  /** Refunds that were carried out. */
  readonly refunds: number;
}

export async function sandboxBooks(database: TestDatabase, orderId: string): Promise<SandboxBooks> {
  const [row] = await database.query<{ charges: number; captured: string; refunded: string; refunds: number }>(
    `SELECT count(*) FILTER (WHERE status IN ('authorized', 'captured'))::int AS charges,
            coalesce(sum(captured_minor), 0) AS captured, coalesce(sum(refunded_minor), 0) AS refunded,
            (SELECT count(*)::int FROM sandbox_refunds JOIN sandbox_payments AS paid USING (payment_id)
             WHERE paid.order_id = $1 AND sandbox_refunds.status = 'succeeded') AS refunds
     FROM sandbox_payments WHERE order_id = $1`,
    [orderId],
  );
  return {
    charges: row?.charges ?? 0,
    capturedMinor: Number(row?.captured),
    refundedMinor: Number(row?.refunded),
    refunds: row?.refunds ?? 0,
  };
}

/** The sandbox goes silent about the payments of an order, or answers again. */
export async function setSilent(database: TestDatabase, orderId: string, silent: boolean): Promise<void> {
  await database.query('UPDATE sandbox_payments SET silent = $2 WHERE order_id = $1', [orderId, silent]);
}

/** Has the engine do at once what it would do in a moment: the waits between two tries are over. */
export async function hurryJobs(database: TestDatabase, orderId: string): Promise<void> {
  await database.query(`UPDATE payment_jobs SET run_at = clock_timestamp() WHERE order_id = $1 AND status = 'due'`, [
    orderId,
  ]);
}

/**
 * What a minute does to the open payments of some orders: whoever had begun a charge is out of time, and so is who had
 * taken a job.
 */
export async function passMinute(database: TestDatabase, orderIds: readonly string[]): Promise<void> {
  await database.query(
    `WITH attempts AS (
       UPDATE payments SET created_at = created_at - interval '1 minute'
       WHERE order_id = ANY ($1) AND status IN ('processing', 'requires_action')
     )
     UPDATE payment_jobs SET run_at = run_at - interval '1 minute' WHERE order_id = ANY ($1) AND status = 'due'`,
    [orderIds],
  );
}

/** Waits until an order has a status. */
export async function untilStatus(database: TestDatabase, orderId: string, status: string): Promise<void> {
  try {
    await database.until('SELECT 1 FROM orders WHERE id = $1 AND status::text = $2', [orderId, status]);
  } catch {
    const [order] = await database.query('SELECT status, version FROM orders WHERE id = $1', [orderId]);
    const payments = await database.query('SELECT status, answer_status FROM payments WHERE order_id = $1', [orderId]);
    const jobs = await database.query(
      `SELECT kind, status, attempts, last_error, round(extract(epoch FROM run_at - clock_timestamp())) AS due_in_seconds
       FROM payment_jobs WHERE order_id = $1`,
      [orderId],
    );
    assert.fail(`The order did not become ${status}: ${JSON.stringify({ order, payments, jobs })}`);
  }
}

/** What the database's clock says when it is within `beforeMs` of a moment, or past it. */
export async function untilMoment(database: TestDatabase, moment: string, beforeMs = 0): Promise<void> {
  await database.until(`SELECT 1 WHERE clock_timestamp() >= $1::timestamptz - $2 * interval '1 millisecond'`, [
    moment,
    beforeMs,
  ]);
}

/** The types of an order's history, the oldest first. */
export async function eventsOf(database: TestDatabase, orderId: string): Promise<string[]> {
  const rows = await database.query<{ type: string }>(
    'SELECT type FROM order_events WHERE order_id = $1 ORDER BY version',
    [orderId],
  );
  return rows.map(({ type }) => type);
}

/** Does something so many times, `width` at a time. */
export async function inRounds(count: number, width: number, work: (round: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    for (;;) {
      const round = next;
      next += 1;
      if (round >= count) return;
      await work(round);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
}
