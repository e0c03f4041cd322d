import type { Deadline } from '../domain/pass-deadline.ts';
import { type Queryable, type Statement, statement } from './statement.ts';

// Orders whose time is over. SKIP LOCKED: another sweeper or a step is at work on the others. The status is checked
// again on the locked row, so an order that went on meanwhile is left alone.
// now() is the start of the transaction, before any wait: what is overdue by it is overdue.
const overdue = (name: string, status: string, deadline: string) =>
  statement<{ id: string }>(
    name,
    `SELECT id FROM orders
     WHERE id IN (SELECT id FROM orders WHERE status = '${status}' AND ${deadline} <= now() ORDER BY ${deadline} LIMIT $1)
       AND status = '${status}' AND ${deadline} <= now()
     ORDER BY id
     FOR NO KEY UPDATE SKIP LOCKED`,
  );

const LOCK_OVERDUE: Readonly<Record<Deadline, Statement<{ id: string }>>> = {
  'hold-expired': overdue('lock_expired_holds', 'pending_payment', 'pay_by'),
  'acceptance-overdue': overdue('lock_overdue_acceptances', 'pending_acceptance', 'accept_by'),
};

/** Ids of at most `limit` orders whose deadline is over, their rows locked. */
export async function lockOverdueOrders(db: Queryable, deadline: Deadline, limit: number): Promise<string[]> {
  const rows = await db.query(LOCK_OVERDUE[deadline], [limit]);
  return rows.map((row) => row.id);
}
