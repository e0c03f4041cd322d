import type { Database } from '../ledger/database.ts';
import { deleteOldAnswers } from '../ledger/stored-answers.ts';
import type { Duty } from './loop.ts';

/** Nothing depends on it: an answer whose retention is over counts as gone, deleted or not. */
const SWEEP_INTERVAL_MS = 60_000;

/** Bounds how long one statement runs. */
const SWEEP_BATCH_MAX = 1_000;

/** Deletes stored answers whose retention is over. */
export function createAnswerSweeper(options: { database: Database; retentionSeconds: number }): Duty {
  return {
    name: 'answer-sweeper',
    intervalMs: SWEEP_INTERVAL_MS,
    async runOnce() {
      const deleted = await deleteOldAnswers(options.database, options.retentionSeconds, SWEEP_BATCH_MAX);
      return { more: deleted === SWEEP_BATCH_MAX };
    },
  };
}
