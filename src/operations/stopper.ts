import type { Logger } from 'pino';

/** Knows what was started and stops it in reverse order. */
export interface Stopper {
  add(name: string, stop: () => Promise<unknown>): void;
  /** The same for what may be left undone: it gets a short time, and its failure is none of the stop. */
  addAttempt(name: string, attempt: () => Promise<unknown>): void;
  /** True from the moment a stop was asked for. */
  stopping(): boolean;
  /** Stops everything, once; a part that fails to stop does not keep the others. Whether all stopped cleanly. */
  stop(): Promise<boolean>;
  /** The part that is being stopped now. */
  stoppingPart(): string | undefined;
}

/** Enough for a few statements. */
const ATTEMPT_MS = 2_000;

export function createStopper(log: Logger): Stopper {
  const started: { name: string; stop: () => Promise<unknown> }[] = [];
  let stopped: Promise<boolean> | undefined;
  let part: string | undefined;

  async function stopAll(): Promise<boolean> {
    let clean = true;
    for (const { name, stop } of started.toReversed()) {
      part = name;
      try {
        await stop();
      } catch (error) {
        clean = false;
        log.error({ err: error, part: name }, 'a part did not stop cleanly');
      }
    }
    part = undefined;
    return clean;
  }

  return {
    add(name, stop) {
      started.push({ name, stop });
    },
    addAttempt(name, attempt) {
      started.push({
        name,
        stop: () => within(ATTEMPT_MS, attempt).catch((err) => log.warn({ err, part: name }, 'left undone')),
      });
    },
    stopping: () => stopped !== undefined,
    stop() {
      stopped ??= stopAll();
      return stopped;
    },
    stoppingPart: () => part,
  };
}

async function within(ms: number, attempt: () => Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done in ${ms} ms`)), ms);
  });
  try {
    await Promise.race([attempt(), late]);
  } finally {
    clearTimeout(timer);
  }
}
