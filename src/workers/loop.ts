import type { Logger } from 'pino';
import type { DutyReport } from '../domain/process-report.ts';

/** A background duty: does what is due and tells whether more waits. */
export interface Duty {
  readonly name: string;
  /** Between two looks when nothing waits, in milliseconds. */
  readonly intervalMs: number;
  /** `stopping` is aborted when the process is to stop: long work ends at its next convenient place. */
  runOnce(stopping: AbortSignal): Promise<{ readonly more: boolean }>;
  /** It runs once more when all that makes work for it has stopped. */
  readonly runsLast?: true;
}

export interface Loop {
  start(): void;
  /** Runs the duty at once instead of after its interval, unless it is under way. */
  hurry(): void;
  /** Resolves when the run under way has ended. May be called twice. */
  stop(): Promise<void>;
  /** How the duty gets on. */
  report(): DutyReport;
}

/** The loops of a process, together. */
export interface Loops {
  /** A loop for one more duty, not started yet. */
  add(duty: Duty): Loop;
  reports(): readonly DutyReport[];
  /** The last runs of the duties that have one, after their loops were stopped. */
  runLast(): Promise<void>;
}

export function createLoops(log: Logger): Loops {
  const loops: Loop[] = [];
  const last: Duty[] = [];
  return {
    add(duty) {
      const loop = createLoop(duty, log);
      loops.push(loop);
      if (duty.runsLast) last.push(duty);
      return loop;
    },
    async runLast() {
      await Promise.all(last.map((duty) => duty.runOnce(AbortSignal.abort())));
    },
    reports: () => loops.map((loop) => loop.report()),
  };
}

/** Runs a duty again and again. A run that fails is logged, and the next comes after the interval. */
export function createLoop(duty: Duty, log: Logger): Loop {
  const stopping = new AbortController();
  /** The next run, while none is under way. */
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let lastSuccessAt: string | null = null;
  let failing = false;

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
      lastSuccessAt = new Date().toISOString();
      failing = false;
      next(more ? 0 : duty.intervalMs);
    } catch (error) {
      failing = true;
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
    report: () => ({ name: duty.name, lastSuccessAt, failing }),
  };
}
