/** How often and for how long a request is tried. */
export interface RetryOptions {
  /** Times that a request is sent at most, the first included. 1: never again. Default 10. */
  readonly attempts: number;
  /** From the first try until the last must have ended. Default 60,000. */
  readonly totalMs: number;
  /** The first delay is drawn from 0 to this, each further one from 0 to twice as much. Default 200. */
  readonly baseDelayMs: number;
  /** No delay of its own is longer. `Retry-After` may ask for more. Default 5,000. */
  readonly maxDelayMs: number;
}

export const RETRY_DEFAULTS: RetryOptions = { attempts: 10, totalMs: 60_000, baseDelayMs: 200, maxDelayMs: 5_000 };

/**
 * How long to wait after try number `attempt`: exponential, all of it by chance ("full jitter", so that those who failed
 * together do not come back together), on top of what `Retry-After` asks for.
 */
export function retryDelayMs(
  attempt: number,
  retryAfterSeconds: number | undefined,
  { baseDelayMs, maxDelayMs }: Pick<RetryOptions, 'baseDelayMs' | 'maxDelayMs'>,
  random: () => number = Math.random,
): number {
  const longestMs = Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1));
  return (retryAfterSeconds ?? 0) * 1_000 + random() * longestMs;
}

/** Reads `Retry-After` (RFC 9110 § 10.2.3), seconds or a date, as seconds from `now`; undefined when it is neither. */
export function parseRetryAfter(value: string | null | undefined, now = Date.now()): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text);
  // A date has a name of a month; Date.parse takes numbers such as "-1" for a year.
  const date = /[a-z]{3}/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1_000);
}
