import { carryOnRedrive, redriveScheduled } from '../actions/redrive-letters.ts';
import type { Database } from '../ledger/database.ts';
import type { Duty } from './loop.ts';

/** Short beside a second, so that a rate per second is kept evenly. */
const LOOK_INTERVAL_MS = 250;

/**
 * Redrives dead letters: those of the redrive that an operator has asked for, at its rate over all processes, and each
 * by itself after the times of `schedule`, in seconds, as often as it has numbers.
 */
export function createRedriver(options: { database: Database; schedule: readonly number[] }): Duty {
  const { database, schedule } = options;
  return {
    name: 'redriver',
    intervalMs: LOOK_INTERVAL_MS,
    async runOnce() {
      await carryOnRedrive(database);
      if (schedule.length > 0) await redriveScheduled(database, schedule);
      return { more: false };
    },
  };
}
