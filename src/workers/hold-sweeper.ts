import { EXPIRE_BATCH_MAX, expireHolds } from '../actions/expire-holds.ts';
import type { Database } from '../ledger/database.ts';
import type { Duty } from './loop.ts';

/** How long past its time an unpaid order may keep its stock, at most, while a sweeper runs. */
const SWEEP_INTERVAL_MS = 500;

/** Gives the stock of unpaid orders back when their time is over. */
export function createHoldSweeper(options: { database: Database; observeExpired: (orders: number) => void }): Duty {
  return {
    name: 'hold-sweeper',
    intervalMs: SWEEP_INTERVAL_MS,
    async runOnce() {
      const expired = await expireHolds(options.database);
      options.observeExpired(expired);
      return { more: expired === EXPIRE_BATCH_MAX };
    },
  };
}
