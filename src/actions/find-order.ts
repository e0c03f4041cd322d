import type { Database } from '../ledger/database.ts';
import { findOrders, type StoredOrder } from '../ledger/read-orders.ts';
import { createBatchQueue, type NotTaken } from './batch-queue.ts';

/** Reads an order, by its id in any letter case, as it was at a moment after the question; undefined: there is none. */
export type FindOrder = (orderId: string) => Promise<FoundOrder | NotTaken>;

interface FoundOrder {
  readonly outcome: 'looked';
  readonly order: StoredOrder | undefined;
}

/** Bounds what one answer of the ledger carries. */
const BATCH_SIZE_MAX = 200;

/**
 * Reads orders one by one for those who ask, and many at once from the ledger: what is asked for while a read is under
 * way is read by the next one, so that nobody gets what was read before the question.
 */
export function createFindOrder(options: {
  database: Database;
  waitingMax: number;
  deadlineMs: number;
}): FindOrder & { close(): Promise<void> } {
  const { database, ...limits } = options;
  const queue = createBatchQueue<string, FoundOrder>({
    ...limits,
    async run(orderIds) {
      const orders = await findOrders(database, [...new Set(orderIds)]);
      return orderIds.map((id) => ({ outcome: 'looked', order: orders.get(id.toLowerCase()) }));
    },
    batchSizeMax: BATCH_SIZE_MAX,
    concurrency: 1,
  });
  return Object.assign((orderId: string) => queue.submit(orderId), { close: queue.close });
}
