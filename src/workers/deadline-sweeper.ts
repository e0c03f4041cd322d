import { type PassedDeadlines, passDeadlines } from '../actions/pass-deadlines.ts';
import type { Deadline } from '../domain/pass-deadline.ts';
import type { Database } from '../ledger/database.ts';
import type { Duty } from './loop.ts';

/** How long past its deadline an order may stay as it is, at most, while a sweeper runs. */
const SWEEP_INTERVAL_MS = 500;

/** Ends what is over: unpaid orders give their stock back, unaccepted ones are rejected. */
export function createDeadlineSweeper(options: {
  /** Connections that pipeline. */
  database: Database;
  deadline: Deadline;
  /** How long past the deadline others may still settle it. */
  graceMs: number;
  observe: (passed: PassedDeadlines) => void;
}): Duty {
  const { database, deadline, graceMs } = options;
  return {
    name: `${deadline}-sweeper`,
    intervalMs: SWEEP_INTERVAL_MS,
    async runOnce() {
      const passed = await passDeadlines(database, deadline, graceMs);
      options.observe(passed);
      return { more: passed.more };
    },
  };
}
