import { findHistoryAfter, type OrderEvent } from '../ledger/read-history.ts';
import type { Queryable } from '../ledger/statement.ts';

/** Tells whoever watches an order what comes into its history, whichever process writes it. */
export interface WatchOrders {
  /**
   * `onEvents` gets every entry after version `after`, in turn and once, first those that are there. Returns what ends
   * the watching.
   */
  watch(orderId: string, after: number, onEvents: (events: readonly OrderEvent[]) => void): () => void;
  /** Watches of this process. */
  watched(): number;
}

/** How long after its commit a step is told of, at most, while the ledger answers. */
const LOOK_INTERVAL_MS = 400;

interface Watch {
  readonly orderId: string;
  /** The version that was told last. */
  version: number;
  readonly onEvents: (events: readonly OrderEvent[]) => void;
}

/**
 * Asks the ledger for all watched orders in one query, a few times a second, and not at all while nobody watches. What
 * a look misses, because it was not committed yet or the ledger was away, the next one finds: each watch remembers the
 * version it has told of.
 */
export function createWatchOrders(options: { database: Queryable; onError: (error: unknown) => void }): WatchOrders {
  const { database, onError } = options;
  const watches = new Set<Watch>();
  let looking = false;

  function lookLater(): void {
    if (looking || watches.size === 0) return;
    looking = true;
    setTimeout(async () => {
      if (watches.size > 0) await look([...watches]);
      looking = false;
      lookLater();
    }, LOOK_INTERVAL_MS).unref();
  }

  async function look(asked: readonly Watch[]): Promise<void> {
    try {
      const history = await findHistoryAfter(database, positionsOf(asked));
      if (history.size > 0) for (const watch of asked) tell(watch, history.get(watch.orderId) ?? []);
    } catch (error) {
      onError(error);
    }
  }

  function tell(watch: Watch, events: readonly OrderEvent[]): void {
    // The first look of a new watch and that of all may overlap.
    const news = events.filter(({ version }) => version > watch.version);
    const last = news.at(-1);
    if (last === undefined || !watches.has(watch)) return;
    watch.version = last.version;
    watch.onEvents(news);
  }

  return {
    watch(orderId, after, onEvents) {
      const watch: Watch = { orderId, version: after, onEvents };
      watches.add(watch);
      void look([watch]);
      lookLater();
      return () => watches.delete(watch);
    },
    watched: () => watches.size,
  };
}

/** Where to read on for each order: where that of its watches stands which has told least. */
function positionsOf(watches: readonly Watch[]): { orderId: string; version: number }[] {
  const versions = new Map<string, number>();
  for (const { orderId, version } of watches) {
    versions.set(orderId, Math.min(version, versions.get(orderId) ?? version));
  }
  return [...versions].map(([orderId, version]) => ({ orderId, version }));
}
