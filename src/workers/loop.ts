import type { Logger } from 'pino';

/** A background duty: does what is due and tells whether more waits. */
export interface Duty {
  readonly name: string;
  /** Between two looks when nothing waits, in milliseconds. */
  readonly intervalMs: number;
  /** `stopping` is aborted when the process is to stop: long work ends at its next convenient place. */
  runOnce(stopping: AbortSignal): Promise<{ readonly more: boolean }>;
}

export interface Loop {
  start(): void;
  /** Runs the duty at once instead of after its interval, unless it is under way. */
  hurry(): void;
  /** Resolves when the run under way has ended. May be called twice. */
  stop(): Promise<void>;
}

/** Runs a duty again and again. A run that fails is logged, and the next comes after the interval. */
export function createLoop(duty: Duty, log: Logger): Loop {
  const stopping = new AbortController();
  /** The next run, while none is under way. */
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  function next(delayMs: number): void {
    if (stopping.signal.aborted) return;
    timer = setTimeout(() => {
      timer = undefined;
      running = run();
    }, delayMs);
  }

  async function run(): Promise<void> {
    try {
      const { more } = await duty.runOnce(stopping.signal);
      next(more ? 0 : duty.intervalMs);
    } catch (error) {
      log.error({ err: error, duty: duty.name }, 'a background duty failed and will be tried again');
      next(duty.intervalMs);
    }
  }

  return {
    start: () => next(0),
    hurry() {
      if (timer === undefined) return;
      clearTimeout(timer);
      next(0);
    },
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
