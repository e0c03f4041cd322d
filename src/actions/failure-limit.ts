import type { FailureCounter } from '../gate/failure-counter.ts';

/** Counts failed attempts by key and holds further ones back when there were too many. */
export interface FailureLimit {
  /** Lets an attempt begin, or tells the seconds after which another may. Whoever begins calls `end`. */
  begin(key: string): Promise<number | undefined>;
  end(key: string, failed: boolean): Promise<void>;
  /** Forgets the failures of a key. */
  clear(key: string): Promise<void>;
}

/** Attempts under way hold others back for a moment only. */
const UNDER_WAY_SECONDS = 1;

/**
 * At most `failuresMax` failures of one key in a window that starts with the first of them. Attempts under way count as
 * failures until they have ended, so that guesses sent at once are no way around; those under way are counted in this
 * process, so guesses sent to several at once can exceed the limit by what each of them takes in.
 */
export function createFailureLimit(failuresMax: number, failures: FailureCounter): FailureLimit {
  const underWay = new Map<string, number>();

  function leave(key: string): void {
    const others = (underWay.get(key) ?? 1) - 1;
    if (others === 0) underWay.delete(key);
    else underWay.set(key, others);
  }

  return {
    async begin(key) {
      // Counted before the first wait: whoever comes meanwhile sees this attempt.
      const attempts = (underWay.get(key) ?? 0) + 1;
      underWay.set(key, attempts);
      const failed = await failures.read(key);
      const count = failed?.count ?? 0;
      if (count + attempts <= failuresMax) return undefined;
      leave(key);
      return count >= failuresMax && failed ? failed.resetMs / 1_000 : UNDER_WAY_SECONDS;
    },
    async end(key, failed) {
      if (failed) await failures.add(key);
      leave(key);
    },
    clear: failures.clear,
  };
}
