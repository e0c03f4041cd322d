import { createHash } from 'node:crypto';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { type LimiterRedis, limitKey, redisLimiters } from './rate-limiter.ts';

/** Counts failures by key, in windows that begin with the first of them. */
export interface FailureCounter {
  /** The failures of a key and until when they count; undefined where there is none. */
  read(key: string): Promise<{ readonly count: number; readonly resetMs: number } | undefined>;
  add(key: string): Promise<void>;
  /** Forgets the failures of a key. */
  clear(key: string): Promise<void>;
}

/** Makes the counter of one kind of failure. */
export type CreateFailureCounter = (options: {
  readonly name: string;
  readonly windowSeconds: number;
}) => FailureCounter;

/** The library's own quota is of no use here: whoever counts decides how many failures are too many. */
const NO_QUOTA = Number.MAX_SAFE_INTEGER;

/** Counts in this process. */
export const createMemoryFailureCounter: CreateFailureCounter = ({ windowSeconds }) =>
  counterOn(new RateLimiterMemory({ points: NO_QUOTA, duration: windowSeconds, keyPrefix: '' }));

/** Counts in Redis for all processes; while Redis is away, in each process by itself. */
export function failureCountersOnRedis(options: { redis: LimiterRedis; ledgerId: string }): CreateFailureCounter {
  return ({ name, windowSeconds }) => {
    const inMemory = createMemoryFailureCounter({ name, windowSeconds });
    const limiterOf = redisLimiters({ quota: NO_QUOTA, windowSeconds });

    async function ask<Result>(key: string, question: (counter: FailureCounter, key: string) => Promise<Result>) {
      try {
        const redisKey = limitKey(options.ledgerId, name, pseudonym(key));
        return await options.redis.call((client) => question(counterOn(limiterOf(client)), redisKey));
      } catch {
        // The link tells the log and the metrics that Redis is away.
        return question(inMemory, key);
      }
    }

    return {
      read: (key) => ask(key, (counter, asked) => counter.read(asked)),
      add: (key) => ask(key, (counter, asked) => counter.add(asked)),
      clear: (key) => ask(key, (counter, asked) => counter.clear(asked)),
    };
  };
}

/** What counts is the same e-mail, not which: nobody shall read e-mails out of Redis. */
function pseudonym(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}

/** What the library's limiters in memory and on Redis have in common. */
type Limiter = Pick<RateLimiterMemory, 'get' | 'penalty' | 'delete'>;

function counterOn(limiter: Limiter): FailureCounter {
  return {
    async read(key) {
      const failed = await limiter.get(key);
      return failed === null ? undefined : { count: failed.consumedPoints, resetMs: failed.msBeforeNext };
    },
    async add(key) {
      await limiter.penalty(key);
    },
    async clear(key) {
      await limiter.delete(key);
    },
  };
}
