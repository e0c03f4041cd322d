import type { Random } from './random.ts';

const FIRST_DELAY_MS = 50;
const DELAY_MS_MAX = 2_000;

/** A server may ask for longer than we would wait by ourselves, but not for ever. */
const RETRY_AFTER_MS_MAX = 10_000;

/**
 * How long to wait before attempt number `attempt + 1`: doubling from 50 ms up to 2 s, the upper half of it by chance
 * so that those who failed together do not come back together; and never less than the `Retry-After` header says.
 */
export function retryDelayMs(attempt: number, retryAfter: string | undefined, random: Random): number {
  const ceilingMs = Math.min(DELAY_MS_MAX, FIRST_DELAY_MS * 2 ** (attempt - 1));
  const ownMs = (ceilingMs / 2) * (1 + random());
  const askedMs = Math.min(parseRetryAfterMs(retryAfter), RETRY_AFTER_MS_MAX);
  return askedMs === 0 ? ownMs : askedMs + random() * FIRST_DELAY_MS;
}

/** Reads `Retry-After` (RFC 9110 § 10.2.3), seconds or a date; 0 when absent or neither. */
function parseRetryAfterMs(retryAfter: string | undefined): number {
  if (retryAfter === undefined) return 0;
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const dateMs = Date.parse(retryAfter);
  return Number.isNaN(dateMs) ? 0 : Math.max(0, dateMs - Date.now());
}
