import { within } from './within.ts';

/**
 * A reading that many may ask for and that costs little all the same: one is under way at a time, it is kept for
 * `keptMs`, and nobody waits for it longer than `timeoutMs`. Undefined when it failed or is late; then that is kept.
 */
export function createKeptReading<Value>(
  read: () => Promise<Value>,
  { timeoutMs, keptMs }: { timeoutMs: number; keptMs: number },
): () => Promise<Value | undefined> {
  let kept: Promise<Value | undefined> | undefined;
  let keptUntil = 0;
  /** Until it has ended, however late, no other is begun. */
  let underWay = false;

  async function readOnce(): Promise<Value | undefined> {
    underWay = true;
    try {
      return await read();
    } catch {
      return undefined;
    } finally {
      underWay = false;
      keptUntil = performance.now() + keptMs;
    }
  }

  return () => {
    if (kept === undefined || (!underWay && performance.now() >= keptUntil)) {
      kept = within(readOnce(), timeoutMs);
    }
    return kept;
  };
}
