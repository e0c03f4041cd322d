/** The longest time that timers can count; a longer one would be over at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Calls back after so many milliseconds, however many; the returned function calls it off. */
export function startTimer(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, Math.min(ms, TIMER_MS_MAX));
  return () => clearTimeout(timer);
}

/** Settles as `work` does, or rejects with the reason of `signal` as soon as that is aborted. */
export function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Resolves after so many milliseconds. Rejects with the reason of `signal` as soon as that is aborted. */
export async function abortableDelay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let stop = () => {};
  const passed = new Promise<void>((resolve) => {
    stop = startTimer(ms, resolve);
  });
  await untilAborted(passed, signal).finally(stop);
}
