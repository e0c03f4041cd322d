/** What was read, and when: moments by `performance.now()`, the first before anything was sent, the other after all had come. */
export interface Timed<Value> {
  readonly value: Value;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
}

/** Takes the time of a call. Where it was tried several times, the span holds all of them. */
export async function timed<Value>(call: () => Promise<Value>): Promise<Timed<Value>> {
  const sentAtMs = performance.now();
  const value = await call();
  return { value, sentAtMs, answeredAtMs: performance.now() };
}
