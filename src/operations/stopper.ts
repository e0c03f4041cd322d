import type { Logger } from 'pino';

/** Knows what was started and stops it in reverse order. */
export interface Stopper {
  add(name: string, stop: () => Promise<unknown>): void;
  /** True from the moment a stop was asked for. */
  stopping(): boolean;
  /** Stops everything, once; a part that fails to stop does not keep the others. */
  stop(): Promise<void>;
}

export function createStopper(log: Logger): Stopper {
  const started: { name: string; stop: () => Promise<unknown> }[] = [];
  let stopped: Promise<void> | undefined;

  async function stopAll(): Promise<void> {
    for (const { name, stop } of started.toReversed()) {
      try {
        await stop();
      } catch (error) {
        log.error({ err: error, part: name }, 'a part did not stop cleanly');
      }
    }
  }

  return {
    add(name, stop) {
      started.push({ name, stop });
    },
    stopping: () => stopped !== undefined,
    stop() {
      stopped ??= stopAll();
      return stopped;
    },
  };
}
