import { within } from '../operations/within.ts';

/** A read that costs is not done again before this many times its own duration have passed. */
const REST_SHARE = 20;

/** Keys that are remembered. Past it the oldest go. */
const KEYS_MAX = 500;

/** Answers reads, by key, from what was read a moment ago. */
export interface CostlyReads {
  /** `read` is called unless its last result is young enough. Who asks while it runs waits for the same result. */
  get<Value>(key: string, read: () => Promise<Value>): Promise<Value>;
  /**
   * The same for what may take long or fail: waits no longer than `waitMs` and then gives what was read before, or
   * undefined where nothing was; the read goes on. Begins none where `waitMs` is 0.
   */
  latest<Value>(key: string, read: () => Promise<Value>, waitMs: number): Promise<Value | undefined>;
}

interface Entry {
  readonly result: Promise<unknown>;
  /** When it is read anew. */
  until: number;
  /** The last good value, also while a newer one is read. */
  last: { readonly value: unknown } | undefined;
}

/**
 * Reads take at most a twentieth of the time of a connection for each key, however often they are asked for and however
 * long one takes. A read that fails counts as well: its error is told again.
 */
export function createCostlyReads(now: () => number = () => performance.now()): CostlyReads {
  const remembered = new Map<string, Entry>();

  function entryFor(key: string, read: () => Promise<unknown>): Entry {
    const known = remembered.get(key);
    if (known !== undefined && now() < known.until) return known;
    const startedAt = now();
    const entry: Entry = { result: read(), until: Number.POSITIVE_INFINITY, last: known?.last };
    const rest = () => {
      entry.until = now() + REST_SHARE * (now() - startedAt);
    };
    entry.result.then((value) => {
      entry.last = { value };
      rest();
    }, rest);
    remembered.delete(key);
    remembered.set(key, entry);
    forgetOldest(remembered);
    return entry;
  }

  // Only the reads of a key made what is remembered by it, so its values are of their type.
  return {
    get: <Value>(key: string, read: () => Promise<Value>) => entryFor(key, read).result as Promise<Value>,
    async latest<Value>(key: string, read: () => Promise<Value>, waitMs: number) {
      if (waitMs <= 0) return remembered.get(key)?.last?.value as Value | undefined;
      const entry = entryFor(key, read);
      await within(
        entry.result.catch(() => undefined),
        waitMs,
      );
      return entry.last?.value as Value | undefined;
    },
  };
}

function forgetOldest(remembered: Map<string, unknown>): void {
  const [oldest] = remembered.keys();
  if (remembered.size > KEYS_MAX && oldest !== undefined) remembered.delete(oldest);
}
