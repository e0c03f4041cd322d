import { type Config, rateOf } from './config/config.ts';
import type { Rate } from './config/setting-values.ts';
import {
  type CreateFailureCounter,
  createMemoryFailureCounter,
  failureCountersOnRedis,
} from './gate/failure-counter.ts';
import {
  createMemoryRateLimiter,
  createRedisRateLimiter,
  type LimiterRedis,
  type RateLimiter,
} from './gate/rate-limiter.ts';
import { createAddressSet } from './http/address-set.ts';
import type { RateLimits } from './http/rate-limits.ts';
import { createClientAddressOf } from './http/trusted-proxies.ts';

/** What limits how often anybody asks. */
export interface Limits {
  readonly rateLimits: RateLimits;
  /** Counts the wrong passwords. */
  readonly createFailureCounter: CreateFailureCounter;
}

/** `store` is where all processes count together; without one each counts by itself. */
export function composeLimits(
  config: Config,
  store: { readonly redis: LimiterRedis; readonly ledgerId: string } | undefined,
): Limits {
  const limiter = (name: string, rate: Rate | undefined): RateLimiter | undefined => {
    if (rate === undefined) return undefined;
    const policy = { name, quota: rate.requests, windowSeconds: rate.seconds };
    return store === undefined ? createMemoryRateLimiter(policy) : createRedisRateLimiter(policy, store);
  };
  return {
    rateLimits: {
      byAddress: limiter('per-ip', rateOf(config, 'RATE_LIMIT_PER_IP')),
      byUser: limiter('per-user', rateOf(config, 'RATE_LIMIT_PER_USER')),
      isAllowed: config.RATE_LIMIT_ALLOW && createAddressSet(config.RATE_LIMIT_ALLOW),
      clientAddressOf: createClientAddressOf(config.TRUSTED_PROXIES ?? []),
    },
    createFailureCounter: store === undefined ? createMemoryFailureCounter : failureCountersOnRedis(store),
  };
}
