import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RedisClient, RedisLink } from './redis.ts';

/** So many requests of one key may pass in a window that begins with the first of them. */
export interface RatePolicy {
  /** As it stands in the answers' headers and in the keys of Redis: lower case and hyphens. */
  readonly name: string;
  readonly quota: number;
  readonly windowSeconds: number;
}

/** What became of one request. */
export interface Taken {
  readonly allowed: boolean;
  /** Requests that may still pass in this window. */
  readonly remaining: number;
  /** Until the window ends and the whole quota is there again. */
  readonly resetMs: number;
}

export interface RateLimiter {
  readonly policy: RatePolicy;
  /** Counts one request of a key. Without its store it counts in this process instead of failing. */
  take(key: string): Promise<Taken>;
}

/** What limits need of Redis. */
export type LimiterRedis = Pick<RedisLink, 'call'>;

/**
 * Keys that one process counts by itself at once, some 800 bytes each. Past that, new keys are not counted: a limit per
 * key cannot help against so many of them, and must not take the memory.
 */
const COUNTED_KEYS_MAX = 200_000;

/** Counts in this process: two processes let twice the quota pass. */
export function createMemoryRateLimiter(policy: RatePolicy, keysMax = COUNTED_KEYS_MAX): RateLimiter {
  const { quota, windowSeconds } = policy;
  const windowMs = windowSeconds * 1_000;
  const limiter = new RateLimiterMemory({ points: quota, duration: windowSeconds, keyPrefix: '' });
  const open = countOpenWindows(windowMs);

  return {
    policy,
    async take(key) {
      if (open.atMost() >= keysMax && (await limiter.get(key)) === null) {
        return { allowed: true, remaining: quota, resetMs: windowMs };
      }
      const { allowed, result } = await consume(limiter, key);
      if (result.isFirstInDuration) open.add();
      return takenOf(allowed, result);
    },
  };
}

/** How many windows are open at most, by how many began in the last two periods of a window's length. */
function countOpenWindows(windowMs: number): { add(): void; atMost(): number } {
  let period = Math.floor(Date.now() / windowMs);
  let current = 0;
  let previous = 0;
  return {
    add() {
      current += 1;
    },
    atMost() {
      const now = Math.floor(Date.now() / windowMs);
      if (now !== period) {
        previous = now === period + 1 ? current : 0;
        current = 0;
        period = now;
      }
      return previous + current;
    },
  };
}

/**
 * Counts in Redis, exactly over all processes, by one script per request. A key that has used up its quota is refused
 * from this process's memory until its window ends, without asking Redis. While Redis is away each process counts by
 * itself.
 */
export function createRedisRateLimiter(
  policy: RatePolicy,
  options: {
    redis: LimiterRedis;
    /** Stands in all keys: a ledger that was restored or replaced begins anew. */
    ledgerId: string;
  },
): RateLimiter {
  const inMemory = createMemoryRateLimiter(policy);
  const limiterOf = redisLimiters(policy);
  return {
    policy,
    async take(key) {
      const redisKey = limitKey(options.ledgerId, policy.name, key);
      try {
        // A refusal is an answer of Redis, too: only what is none may count as a failure of the link.
        const { allowed, result } = await options.redis.call((client) => consume(limiterOf(client), redisKey));
        return takenOf(allowed, result);
      } catch {
        // The link tells the log and the metrics that Redis is away; to the caller it makes no difference.
        return inMemory.take(key);
      }
    },
  };
}

/** The limiter on a client; the same one for as long as the client is. */
export function redisLimiters({
  quota,
  windowSeconds,
}: Omit<RatePolicy, 'name'>): (client: RedisClient) => RateLimiterRedis {
  let current: { readonly client: RedisClient; readonly limiter: RateLimiterRedis } | undefined;
  return (client) => {
    if (current?.client !== client) {
      const limiter = new RateLimiterRedis({
        storeClient: client,
        points: quota,
        duration: windowSeconds,
        keyPrefix: '',
        inMemoryBlockOnConsumed: quota,
      });
      current = { client, limiter };
    }
    return current.limiter;
  };
}

/** The braces choose the slot of a Redis Cluster: keys spread over its nodes. */
export function limitKey(ledgerId: string, name: string, key: string): string {
  return `doorbuster:{${key}}:${ledgerId}:limit:${name}`;
}

/** The library rejects with the result where the quota is used up. */
async function consume(
  limiter: RateLimiterAbstract,
  key: string,
): Promise<{ readonly allowed: boolean; readonly result: RateLimiterRes }> {
  try {
    return { allowed: true, result: await limiter.consume(key) };
  } catch (result) {
    if (result instanceof RateLimiterRes) return { allowed: false, result };
    throw result;
  }
}

function takenOf(allowed: boolean, { remainingPoints, msBeforeNext }: RateLimiterRes): Taken {
  return { allowed, remaining: remainingPoints, resetMs: msBeforeNext };
}
