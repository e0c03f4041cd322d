import type { Database } from '../ledger/database.ts';
import { lockOverdueOrders, releaseHolds } from '../ledger/holds.ts';
import { recordStep } from '../ledger/order-steps.ts';

/** Bounds the time that one transaction keeps the locks of a sale's items. */
export const EXPIRE_BATCH_MAX = 500;

/**
 * Expires unpaid orders whose time is over and gives their stock back, once: any number of processes may do this at
 * the same time. Returns how many it expired; EXPIRE_BATCH_MAX means that more may wait.
 */
export async function expireHolds(database: Database): Promise<number> {
  return database.transaction(async (transaction) => {
    const orderIds = await lockOverdueOrders(transaction, EXPIRE_BATCH_MAX);
    if (orderIds.length === 0) return 0;
    await releaseHolds(transaction, orderIds);
    await recordStep(transaction, orderIds, { to: 'expired', type: 'order.expired', actorId: null, requestId: null });
    return orderIds.length;
  });
}
