import { RedisAwayError } from '../gate/circuit-breaker.ts';
import type { Reconciled, StockGate } from '../gate/stock-gate.ts';
import type { Database } from '../ledger/database.ts';
import { listCurrentStock } from '../ledger/gate-stock.ts';
import type { Duty } from './loop.ts';

/** How long the gate may differ from the ledger at rest, at most, while a worker runs and Redis is there. */
const RECONCILE_INTERVAL_MS = 2_000;

/** Items that are compared at once. */
const PAGE_SIZE = 500;

/** Compares what the gate knows of the stock with the ledger, and repairs the gate. */
export function createGateReconciler(options: {
  database: Database;
  gate: StockGate;
  /** Longer than an attempt may wait for the ledger and be settled there. */
  leakedAfterMs: number;
  observe: (reconciled: Reconciled) => void;
}): Duty {
  const { database, gate, leakedAfterMs } = options;
  return {
    name: 'gate-reconciler',
    intervalMs: RECONCILE_INTERVAL_MS,
    async runOnce(stopping) {
      const sum = { driftUnits: 0, repaired: 0, leaked: 0, open: 0 };
      try {
        for await (const page of listCurrentStock(database, PAGE_SIZE)) {
          if (stopping.aborted) return { more: false };
          const { driftUnits, repaired, leaked, open } = await gate.reconcile(page, leakedAfterMs);
          sum.driftUnits += driftUnits;
          sum.repaired += repaired;
          sum.leaked += leaked;
          sum.open += open;
        }
      } catch (error) {
        // Nothing to compare with: the breaker tells of it.
        if (error instanceof RedisAwayError) return { more: false };
        throw error;
      }
      options.observe(sum);
      return { more: false };
    },
  };
}
