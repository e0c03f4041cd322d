/** Seconds between two tries, as the Standard Webhooks specification proposes: ten tries in some three days. */
export const STANDARD_RETRY_SECONDS: readonly number[] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/** Up to so much later than the schedule says, so that what failed together does not come back together. */
const JITTER_SHARE = 0.2;

/** The longest that a receiver may ask for. */
const RETRY_AFTER_MAX_MS = 24 * 3_600_000;

/**
 * How long to wait after so many failed tries, in milliseconds; undefined when there were enough. Never sooner than
 * the schedule and the receiver's Retry-After say, the latter for a day at most. `random` is from 0 up to 1.
 */
export function retryDelayMs(
  tries: number,
  random: number,
  retryAfterMs: number | null,
  scheduleSeconds: readonly number[] = STANDARD_RETRY_SECONDS,
): number | undefined {
  const seconds = scheduleSeconds[tries - 1];
  if (seconds === undefined) return undefined;
  const scheduledMs = seconds * 1_000 * (1 + JITTER_SHARE * random);
  return Math.round(Math.max(scheduledMs, Math.min(retryAfterMs ?? 0, RETRY_AFTER_MAX_MS)));
}

/** The one form of dates that may be sent (RFC 9110 § 5.6.7). */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** The milliseconds that a Retry-After header asks for (RFC 9110 § 10.2.3: seconds or a date); null where it is none. */
export function parseRetryAfter(value: string | undefined, now: Date): number | null {
  if (value === undefined) return null;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const date = HTTP_DATE.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now.getTime());
}
