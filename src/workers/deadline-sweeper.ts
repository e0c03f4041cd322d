import { OVERDUE_BATCH_MAX, passDeadlines } from '../actions/pass-deadlines.ts';
import type { Deadline } from '../domain/pass-deadline.ts';
import type { Database } from '../ledger/database.ts';
import type { Duty } from './loop.ts';

/** How long past its deadline an order may stay as it is, at most, while a sweeper runs. */
const SWEEP_INTERVAL_MS = 500;

/** Ends what is over: unpaid orders give their stock back, unaccepted ones are rejected. */
export function createDeadlineSweeper(options: {
  database: Database;
  deadline: Deadline;
  observe: (orders: number) => void;
}): Duty {
  const { database, deadline } = options;
  return {
    name: `${deadline}-sweeper`,
    intervalMs: SWEEP_INTERVAL_MS,
    async runOnce() {
      const orders = await passDeadlines(database, deadline);
      options.observe(orders);
      return { more: orders === OVERDUE_BATCH_MAX };
    },
  };
}
