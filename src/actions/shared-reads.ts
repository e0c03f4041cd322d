import type { Tracing } from '../operations/tracing.ts';
import type { NotTaken } from './batch-queue.ts';
import { createTracedBatchQueue } from './traced-batch-queue.ts';

/** What a read found; no value where there is nothing of that id. */
export interface Found<Value> {
  readonly outcome: 'found';
  readonly value: Value | undefined;
}

/** Reads of single things by their ids, which cost little however many ask. */
export interface SharedReads<Value> {
  /**
   * Reads it as it is at a moment after this call. Several readers may get the very same value. Rejects as the statement
   * does that was to read it.
   */
  read(id: string, traceParent: string | null): Promise<Found<Value> | NotTaken>;
  /** Takes no more and resolves when all that was taken is answered. */
  close(): Promise<void>;
}

/** Bounds how long the first of a batch waits for the last, and how much of the ledger is in memory at once. */
const BATCH_SIZE_MAX = 200;

/**
 * Reads that wait at one moment share one statement, in which each id stands once.
 *
 * No read is older than its request: it waits for a statement that has not been sent yet, so whatever was answered
 * before it was asked, by whichever process, is in the snapshot of that statement. Nothing is kept for later readers.
 */
export function createSharedReads<Value>(options: {
  /** Reads the things with these ids by one statement, by id in lower case. An id of no thing is left out. */
  readAll: (ids: readonly string[]) => Promise<ReadonlyMap<string, Value>>;
  /** What its statements are called in traces. */
  name: string;
  waitingMax: number;
  deadlineMs: number;
  tracing?: Tracing | undefined;
}): SharedReads<Value> {
  const { readAll, name, waitingMax, deadlineMs, tracing } = options;
  const queue = createTracedBatchQueue({
    tracing,
    name,
    attributes: { 'db.system.name': 'postgresql' },
    run: async (requests: readonly ReadRequest[]) => {
      const values = await readAll([...new Set(requests.map(({ id }) => id))]);
      return requests.map(({ id }): Found<Value> => ({ outcome: 'found', value: values.get(id) }));
    },
    batchSizeMax: BATCH_SIZE_MAX,
    waitingMax,
    deadlineMs,
    // A second one beside it makes each smaller, and statements are what costs.
    concurrency: 1,
  });
  return {
    // PostgreSQL gives ids back in lower case, and they are what a value is found by.
    read: (id, traceParent) => queue.submit({ id: id.toLowerCase(), traceParent }),
    close: queue.close,
  };
}

interface ReadRequest {
  readonly id: string;
  readonly traceParent: string | null;
}
