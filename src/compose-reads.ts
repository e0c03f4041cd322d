import { createSharedReads, type SharedReads } from './actions/shared-reads.ts';
import type { Config } from './config/config.ts';
import type { Database } from './ledger/database.ts';
import { findOrders, type StoredOrder } from './ledger/read-orders.ts';
import { type CatalogueSale, findSales } from './ledger/sale-catalogue.ts';
import type { Tracing } from './operations/tracing.ts';

/** What very many read at once: each their order, and all the same sale. */
export interface Reads {
  readonly orders: SharedReads<StoredOrder>;
  readonly sales: SharedReads<CatalogueSale>;
  /** Takes no more and resolves when all that was taken is answered. */
  close(): Promise<void>;
}

export function composeReads(config: Config, parts: { database: Database; tracing: Tracing }): Reads {
  const { database, tracing } = parts;
  const limits = { waitingMax: config.PLACING_QUEUE_MAX, deadlineMs: config.PLACING_DEADLINE_MS };
  const orders = createSharedReads({
    ...limits,
    tracing,
    name: 'read orders',
    readAll: (ids) => findOrders(database, ids),
  });
  const sales = createSharedReads({
    ...limits,
    tracing,
    name: 'read sales',
    readAll: (ids) => findSales(database, ids),
  });
  return {
    orders,
    sales,
    async close() {
      await Promise.all([orders.close(), sales.close()]);
    },
  };
}
