import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { measureRedis } from './gate/measured-redis.ts';
import { openRedis, type RedisLink } from './gate/redis.ts';
import type { Metrics } from './operations/metrics.ts';

/** How long the start waits for Redis, to say what is risky about it. Without it the engine starts all the same. */
const FIRST_LOOK_MS = 2_000;

/** Redis, behind its breaker; undefined where none is configured. */
export async function composeRedis(
  config: Config,
  log: Logger,
  metrics: Pick<Metrics, 'observeBreaker' | 'observeRedisCall'>,
): Promise<RedisLink | undefined> {
  if (config.REDIS_URL === undefined) return undefined;
  const redis = openRedis({
    address: config.REDIS_URL,
    timeoutMs: config.REDIS_TIMEOUT_MS,
    onState(state) {
      metrics.observeBreaker(state);
      // Half-open comes twice a second while Redis is away.
      if (state === 'open') log.warn('Redis is away: orders are placed by the ledger alone');
      if (state === 'closed') log.info('Redis is there');
    },
    onError: (error) => log.debug({ err: error }, 'Redis'),
  });
  await redis.available(FIRST_LOOK_MS);
  for (const risk of await redis.checkServer()) log.warn(risk);
  return measureRedis(redis, metrics.observeRedisCall);
}
