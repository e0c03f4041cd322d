import { randomUUIDv7 } from 'node:crypto';
import type { Deadline } from '../domain/pass-deadline.ts';
import type { Database } from '../ledger/database.ts';
import { writeSteps } from '../ledger/order-steps.ts';
import { lockOverdueOrders } from '../ledger/overdue-orders.ts';
import { decideSteps } from './decide-steps.ts';

/** Bounds the time that one transaction keeps the locks of a sale's items. */
export const OVERDUE_BATCH_MAX = 500;

/**
 * Carries out what a deadline brings for the orders that are over it (unpaid ones expire, unaccepted ones are
 * rejected), once: any number of processes may do this at the same time. Returns how many it changed;
 * OVERDUE_BATCH_MAX means that more may wait.
 */
export async function passDeadlines(database: Database, deadline: Deadline): Promise<number> {
  return database.transaction(async (transaction) => {
    const orderIds = await lockOverdueOrders(transaction, deadline, OVERDUE_BATCH_MAX);
    if (orderIds.length === 0) return 0;
    const requests = orderIds.map((orderId) => ({ kind: 'deadline' as const, orderId, deadline }));
    const { steps } = await decideSteps(transaction, requests, randomUUIDv7);
    await writeSteps(transaction, steps, randomUUIDv7);
    return steps.length;
  });
}
