import type { RefusalCounts } from '../actions/count-refusals.ts';
import type { Duty } from './loop.ts';

/** What a process has refused is lost for the figures when it is killed within this time. */
const FLUSH_INTERVAL_MS = 1_000;

/** Adds to the ledger what this process refused. */
export function createRefusalCounter(refusals: RefusalCounts): Duty {
  return {
    name: 'refusal-counter',
    intervalMs: FLUSH_INTERVAL_MS,
    runsLast: true,
    async runOnce() {
      await refusals.flush();
      return { more: false };
    },
  };
}
