import type { Deadline } from '../domain/pass-deadline.ts';
import { type Queryable, type Statement, statement } from './statement.ts';

// One level, so that whatever the planner believes about the deadlines it reads at most as many rows as it gives, by
// the partial index of the status. Without locks: the step locks each order and judges it anew. now() is the start of
// the statement: what is overdue by it is overdue.
const overdue = (name: string, status: string, deadline: string) =>
  statement<{ id: string }>(
    name,
    `SELECT id FROM orders
     WHERE status = '${status}' AND ${deadline} <= now() - $2 * interval '1 millisecond'
     ORDER BY ${deadline} LIMIT $1`,
  );

const LIST_OVERDUE: Readonly<Record<Deadline, Statement<{ id: string }>>> = {
  'hold-expired': overdue('list_expired_holds', 'pending_payment', 'pay_by'),
  'settle-overdue': overdue('list_overdue_settlements', 'payment_processing', 'settle_by'),
  'acceptance-overdue': overdue('list_overdue_acceptances', 'pending_acceptance', 'accept_by'),
};

/** Ids of at most `limit` orders whose deadline was over `graceMs` ago. */
export async function listOverdueOrders(
  db: Queryable,
  deadline: Deadline,
  limit: number,
  graceMs: number,
): Promise<string[]> {
  const rows = await db.query(LIST_OVERDUE[deadline], [limit, graceMs]);
  return rows.map((row) => row.id);
}
