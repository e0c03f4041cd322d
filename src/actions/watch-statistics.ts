import type { ReadStatistics, Statistics, StatisticsScope, SystemFigures } from './read-statistics.ts';

/** What a watcher gets each time; `system` only where it asked for it. */
export interface StatisticsSnapshot {
  readonly statistics: Statistics;
  readonly system: SystemFigures | null;
}

/** Tells the same figures again and again, to all who watch them by one reading. */
export interface WatchStatistics {
  /** `onSnapshot` is called within a second, and then once a second. Returns what ends the watching. */
  watch(scope: StatisticsScope, withSystem: boolean, onSnapshot: (snapshot: StatisticsSnapshot) => void): () => void;
}

const SNAPSHOT_INTERVAL_MS = 1_000;

interface Topic {
  readonly scope: StatisticsScope;
  readonly withSystem: boolean;
  readonly watchers: Set<(snapshot: StatisticsSnapshot) => void>;
}

/** One reading a second for each scope that somebody watches, and none while nobody does. */
export function createWatchStatistics(options: {
  statistics: ReadStatistics;
  onError: (error: unknown) => void;
}): WatchStatistics {
  const { statistics, onError } = options;
  const topics = new Map<string, Topic>();

  async function readFor({ scope, withSystem }: Topic): Promise<StatisticsSnapshot | undefined> {
    const [read, system] = await Promise.all([statistics.read(scope), withSystem ? statistics.readSystem() : null]);
    return read && { statistics: read, system };
  }

  async function tell(key: string, topic: Topic): Promise<void> {
    if (topics.get(key) !== topic) return;
    const startedAt = performance.now();
    try {
      const snapshot = await readFor(topic);
      if (snapshot !== undefined) for (const onSnapshot of topic.watchers) onSnapshot(snapshot);
    } catch (error) {
      onError(error);
    }
    const waitMs = Math.max(0, SNAPSHOT_INTERVAL_MS - (performance.now() - startedAt));
    setTimeout(() => tell(key, topic), waitMs).unref();
  }

  function begin(key: string, topic: Topic): Topic {
    topics.set(key, topic);
    void tell(key, topic);
    return topic;
  }

  return {
    watch(scope, withSystem, onSnapshot) {
      const key = JSON.stringify([scope.saleId, scope.merchantId, scope.limit, withSystem]);
      const known = topics.get(key);
      const topic = known ?? { scope, withSystem, watchers: new Set() };
      topic.watchers.add(onSnapshot);
      if (known === undefined) begin(key, topic);
      return () => {
        topic.watchers.delete(onSnapshot);
        if (topic.watchers.size === 0 && topics.get(key) === topic) topics.delete(key);
      };
    },
  };
}
