/** Why a request never reached a batch. It had no effect. */
export type NotTaken =
  | { readonly outcome: 'overloaded'; readonly waiting: number }
  | { readonly outcome: 'deadline'; readonly waiting: number };

export interface BatchQueue<Request, Outcome> {
  /** Waits for the batch that takes this request. Rejects only when the batch failed as a whole. */
  submit(request: Request): Promise<Outcome | NotTaken>;
  /** Requests that wait for a batch. */
  waiting(): number;
  /** Takes no more and resolves when all that was taken is answered. */
  close(): Promise<void>;
}

interface Entry<Request, Outcome> {
  readonly request: Request;
  readonly deadline: number;
  readonly resolve: (outcome: Outcome | NotTaken) => void;
  readonly reject: (error: unknown) => void;
}

/** How often requests that wait too long are looked for. Only matters while batches hang. */
const DEADLINE_CHECK_MS = 250;

/**
 * Group commit (as databases write their logs): what arrives while a batch is under way waits, and is taken
 * together by the next one. Alone, a request waits for nobody; under load, batches grow by themselves.
 *
 * `run` gets the requests in the order of their arrival and must return one outcome for each, in that order.
 * A deadline (from `submit`) removes only what is still queued: a request in a batch waits for its outcome.
 */
export function createBatchQueue<Request, Outcome>(options: {
  run: (requests: readonly Request[]) => Promise<readonly Outcome[]>;
  batchSizeMax: number;
  waitingMax: number;
  deadlineMs: number;
  /** How many batches may be under way at once. */
  concurrency: number;
}): BatchQueue<Request, Outcome> {
  let queue: Entry<Request, Outcome>[] = [];
  let running = 0;
  let scheduled = false;
  let closed = false;
  let onDrained: (() => void) | undefined;

  const deadlineTimer = setInterval(expire, DEADLINE_CHECK_MS);
  deadlineTimer.unref();

  function expire(): void {
    const now = performance.now();
    const firstAlive = queue.findIndex((entry) => entry.deadline > now);
    const late = firstAlive === -1 ? queue : queue.slice(0, firstAlive);
    if (late.length === 0) return;
    queue = firstAlive === -1 ? [] : queue.slice(firstAlive);
    for (const entry of late) entry.resolve({ outcome: 'deadline', waiting: queue.length });
    settle();
  }

  /** Starts after the event loop has read what has already arrived, so that one burst makes one batch. */
  function schedule(): void {
    if (scheduled || running >= options.concurrency) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      startBatches();
    });
  }

  function startBatches(): void {
    while (running < options.concurrency && queue.length > 0) {
      const batch = queue.slice(0, options.batchSizeMax);
      queue = queue.slice(options.batchSizeMax);
      running += 1;
      void runBatch(batch);
    }
  }

  async function runBatch(batch: readonly Entry<Request, Outcome>[]): Promise<void> {
    const ended = await options.run(batch.map((entry) => entry.request)).then(
      (outcomes) => ({ outcomes }),
      (error: unknown) => ({ error }),
    );
    running -= 1;
    // The next batch is sent off before this one is answered: the ledger works while the answers are written.
    startBatches();
    for (const [index, entry] of batch.entries()) {
      const outcome = 'outcomes' in ended ? ended.outcomes[index] : undefined;
      if (outcome !== undefined) entry.resolve(outcome);
      else entry.reject('error' in ended ? ended.error : new Error('A batch gave no outcome for a request.'));
    }
    settle();
  }

  function settle(): void {
    if (closed && running === 0 && queue.length === 0) onDrained?.();
  }

  return {
    submit(request) {
      if (closed || queue.length >= options.waitingMax) {
        return Promise.resolve({ outcome: 'overloaded', waiting: queue.length });
      }
      return new Promise((resolve, reject) => {
        queue.push({ request, deadline: performance.now() + options.deadlineMs, resolve, reject });
        schedule();
      });
    },
    waiting: () => queue.length,
    close() {
      closed = true;
      clearInterval(deadlineTimer);
      const drained = new Promise<void>((resolve) => {
        onDrained = resolve;
      });
      settle();
      return drained;
    },
  };
}
