import { retryDelayMs as clientDelayMs, parseRetryAfter } from '../../client/src/retry-delay.ts';
import type { Random } from './random.ts';

/** Buyers in a rush are less patient than a client is by itself. */
const HASTE = { baseDelayMs: 50, maxDelayMs: 3_000 };

/** A server may ask for longer than we would wait by ourselves, but not for ever. */
const RETRY_AFTER_SECONDS_MAX = 10;

/** How long to wait before attempt number `attempt + 1`, as the client would; never less than the `Retry-After` header says. */
export function retryDelayMs(attempt: number, retryAfter: string | undefined, random: Random): number {
  const askedSeconds = Math.min(parseRetryAfter(retryAfter) ?? 0, RETRY_AFTER_SECONDS_MAX);
  return clientDelayMs(attempt, askedSeconds, HASTE, random);
}
