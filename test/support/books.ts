import assert from 'node:assert/strict';
import type { TestDatabase } from './database.ts';

/** Resolves when no payment job is due any more: what the steps have caused is carried out. */
export async function untilMoneyRests(database: TestDatabase): Promise<void> {
  await database.until(`SELECT 1 WHERE NOT EXISTS (SELECT FROM payment_jobs WHERE status = 'due')`);
}

/**
 * PAY-10, at rest: order by order, captured − refunded at the sandbox is the same as in the ledger, and is what the
 * order's status says: its total less the refunds that were asked for while it is paid, what was kept by a stated row
 * when it has ended. Authorized money is left at the sandbox only for orders that wait to be accepted.
 */
export async function assertBooksBalance(database: TestDatabase): Promise<void> {
  const faults = await database.query(`
    SELECT orders.id, orders.status, orders.total_minor, ledger.kept AS ledger, sandbox.kept AS sandbox,
           asked.refunded AS asked_back, retained.amount AS retained
    FROM orders
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(captured_minor), 0) - coalesce((
        SELECT sum(amount_minor) FROM refunds WHERE refunds.order_id = orders.id AND refunds.status = 'succeeded'
      ), 0) AS kept FROM payments WHERE payments.order_id = orders.id
    ) AS ledger
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(captured_minor - refunded_minor), 0) AS kept,
             coalesce(sum(amount_minor) FILTER (WHERE sandbox_payments.status = 'authorized'), 0) AS reserved
      FROM sandbox_payments WHERE sandbox_payments.order_id = orders.id
    ) AS sandbox
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(amount_minor), 0) AS refunded FROM refunds
      WHERE refunds.order_id = orders.id AND cause = 'requested' AND refunds.status = 'succeeded'
    ) AS asked
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(amount_minor), 0) AS amount FROM retained_amounts WHERE retained_amounts.order_id = orders.id
    ) AS retained
    WHERE ledger.kept <> sandbox.kept
      OR sandbox.kept <> CASE
        WHEN orders.status IN ('confirmed', 'preparing', 'ready_for_pickup', 'in_transit', 'completed')
          THEN orders.total_minor - asked.refunded
        WHEN orders.status = 'cancelled' THEN retained.amount
        ELSE 0
      END
      OR (sandbox.reserved > 0) <> (orders.status = 'pending_acceptance' AND orders.total_minor > 0)`);
  assert.deepEqual(faults, [], 'the books do not balance');
}
