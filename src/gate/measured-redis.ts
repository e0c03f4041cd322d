import { RedisAwayError } from './circuit-breaker.ts';
import type { RedisLink } from './redis.ts';

/** Tells how long the calls to Redis took, in seconds, and whether they were answered. What was not asked is no call. */
export function measureRedis(redis: RedisLink, observe: (answered: boolean, seconds: number) => void): RedisLink {
  async function measured<Result>(call: () => Promise<Result>): Promise<Result> {
    const startedAt = performance.now();
    const seconds = () => (performance.now() - startedAt) / 1_000;
    try {
      const result = await call();
      observe(true, seconds());
      return result;
    } catch (error) {
      if (!(error instanceof RedisAwayError) || error.asked) observe(false, seconds());
      throw error;
    }
  }

  return {
    ...redis,
    call: (work) => measured(() => redis.call(work)),
    run: (script, keys, args) => measured(() => redis.run(script, keys, args)),
  };
}
