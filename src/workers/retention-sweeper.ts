import type { Database } from '../ledger/database.ts';
import { type Disposable, deleteOld, thinOldHistory } from '../ledger/retention.ts';
import type { Duty } from './loop.ts';

/** Retention is counted in days, so nothing is urgent. */
const SWEEP_INTERVAL_MS = 60_000;

/** Bounds how long one statement runs. */
const SWEEP_BATCH_MAX = 1_000;

/** Orders that had not ended when the walk came by are found by the next one. */
const HISTORY_WALK_INTERVAL_MS = 24 * 3_600_000;

/** How long what is over is kept, in seconds; null: for ever. */
export interface Retention {
  readonly seconds: Readonly<Record<Disposable, number>>;
  readonly historySeconds: number | null;
}

/** Deletes what has been over for longer than it is to be kept. Several processes may do it at once. */
export function createRetentionSweeper(options: { database: Database; retention: Retention }): Duty {
  const { database, retention } = options;
  const disposables = Object.keys(retention.seconds) as Disposable[];
  /** Where the walk through the orders goes on, and when it began at the first. */
  let walk: { after: string | null; startedAt: number } | undefined;

  async function sweepHistory(): Promise<boolean> {
    if (retention.historySeconds === null) return false;
    const now = performance.now();
    if (walk === undefined || now - walk.startedAt > HISTORY_WALK_INTERVAL_MS) walk = { after: null, startedAt: now };
    const { next } = await thinOldHistory(database, walk.after, retention.historySeconds, SWEEP_BATCH_MAX);
    walk.after = next ?? walk.after;
    return next !== null;
  }

  return {
    name: 'retention-sweeper',
    intervalMs: SWEEP_INTERVAL_MS,
    async runOnce() {
      let more = await sweepHistory();
      for (const what of disposables) {
        const deleted = await deleteOld(database, what, retention.seconds[what], SWEEP_BATCH_MAX);
        more ||= deleted === SWEEP_BATCH_MAX;
      }
      return { more };
    },
  };
}
