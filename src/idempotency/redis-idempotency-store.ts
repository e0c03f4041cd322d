import { hash, randomUUID } from 'node:crypto';
import { RedisAwayError } from '../gate/circuit-breaker.ts';
import type { RedisLink } from '../gate/redis.ts';
import { readScript, type Script } from '../gate/script.ts';
import type { Claim, IdempotencyStore, KeptAnswer } from './idempotency-store.ts';

const CLAIM_KEY = readScript('claim-key');
const COMPLETE_KEY = readScript('complete-key');
const RELEASE_KEY = readScript('release-key');
const LEFT_OF_LEASE = readScript('left-of-lease');

/**
 * How long after its lease an owner may come back. Until then its token is given to nobody else, whatever the clock of
 * Redis does, and its claim can still be ended if nobody has followed. No request lives that long.
 */
const FENCE_MS = 60_000;

/** Whoever waits for a claim of another process asks after so long, then after twice as long, up to the most. */
const ASK_MS_MIN = 10;
const ASK_MS_MAX = 200;

/** Endings that Redis did not take at once and that are told again. More are left to their leases. */
const OWED_MAX = 10_000;
const RETRY_MS = 1_000;

/** An ending that Redis may not have heard. It may be told twice: each names its claim. */
interface Owed {
  readonly script: Script;
  readonly key: string;
  readonly args: readonly string[];
  readonly until: number;
}

/** All who wait for one key in this process: they ask together. */
interface Watch {
  readonly waiters: Set<{ resolve(): void; reject(error: unknown): void }>;
  timer: NodeJS.Timeout | undefined;
}

/**
 * The store that all processes of an engine share. Every key is a hash of its own in Redis, in a slot of its own, and
 * is forgotten by itself: an answer after `retentionMs`, a claim whose owner died a minute after its lease. Time is
 * that of Redis. While Redis is away everything but `close` rejects with a RedisAwayError.
 */
export function createRedisIdempotencyStore(options: {
  readonly redis: Pick<RedisLink, 'run' | 'onAvailable'>;
  /** Stands in all keys: what another ledger has answered is not this one's. */
  readonly ledgerId: string;
  readonly retentionMs: number;
}): IdempotencyStore {
  const { redis, ledgerId, retentionMs } = options;
  const watches = new Map<string, Watch>();
  let owed: Owed[] = [];
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  /** Keys contain anything; the braces choose the slot. */
  function redisKey(key: string): string {
    return `doorbuster:{${hash('sha256', key, 'base64url')}}:${ledgerId}:key`;
  }

  /** Tells how a claim ended. Where Redis does not answer it is told again later, and the error passes on. */
  async function end(ending: Owed): Promise<boolean> {
    const { script, key, args } = ending;
    try {
      const ended = (await redis.run(script, [redisKey(key)], args)) === 1;
      const watch = watches.get(key);
      if (ended && watch !== undefined) wake(watch);
      return ended;
    } catch (error) {
      if (error instanceof RedisAwayError) owe(ending);
      throw error;
    }
  }

  function owe(ending: Owed): void {
    if (closed || owed.length >= OWED_MAX || Date.now() >= ending.until) return;
    owed.push(ending);
    retry ??= setTimeout(payBack, RETRY_MS).unref();
  }

  function payBack(): void {
    clearTimeout(retry);
    retry = undefined;
    const endings = owed;
    owed = [];
    for (const ending of endings) end(ending).catch(() => undefined);
  }

  redis.onAvailable(payBack);

  /** Asks until nothing is under way or nobody waits. */
  async function ask(key: string, watch: Watch, waitMs: number): Promise<void> {
    try {
      const leftMs = Number(await redis.run(LEFT_OF_LEASE, [redisKey(key)], []));
      if (watch.waiters.size === 0) return;
      if (leftMs === 0) return wake(watch);
      watch.timer = setTimeout(ask, Math.min(waitMs, leftMs), key, watch, Math.min(2 * waitMs, ASK_MS_MAX));
    } catch (error) {
      for (const waiter of [...watch.waiters]) waiter.reject(error);
    }
  }

  function wake(watch: Watch): void {
    for (const waiter of [...watch.waiters]) waiter.resolve();
  }

  function watchOf(key: string): Watch {
    const known = watches.get(key);
    if (known !== undefined) return known;
    const watch: Watch = { waiters: new Set(), timer: undefined };
    watches.set(key, watch);
    return watch;
  }

  function leave(key: string, watch: Watch): void {
    if (watch.waiters.size > 0) return;
    clearTimeout(watch.timer);
    if (watches.get(key) === watch) watches.delete(key);
  }

  return {
    async claim(key, fingerprint, leaseMs): Promise<Claim> {
      const attempt = randomUUID();
      try {
        return readClaim(await redis.run(CLAIM_KEY, [redisKey(key)], [attempt, fingerprint, leaseMs, FENCE_MS]));
      } catch (error) {
        // It may be claimed all the same, for nobody: that must not hold up the next request until its lease is over.
        if (error instanceof RedisAwayError && error.asked) {
          owe({ script: RELEASE_KEY, key, args: ['', attempt], until: Date.now() + leaseMs });
        }
        throw error;
      }
    },

    complete(key, token, { status, headers, body }) {
      const args = [String(token), JSON.stringify({ status, headers, body }), String(retentionMs)];
      return end({ script: COMPLETE_KEY, key, args, until: Date.now() + FENCE_MS });
    },

    async release(key, token) {
      await end({ script: RELEASE_KEY, key, args: [String(token), ''], until: Date.now() + FENCE_MS });
    },

    settled(key, waitMs) {
      return new Promise((resolve, reject) => {
        if (closed) return resolve();
        const watch = watchOf(key);
        const waiter = {
          resolve() {
            done();
            resolve();
          },
          reject(error: unknown) {
            done();
            reject(error);
          },
        };
        const timer = setTimeout(waiter.resolve, waitMs);
        function done(): void {
          clearTimeout(timer);
          watch.waiters.delete(waiter);
          leave(key, watch);
        }
        watch.waiters.add(waiter);
        if (watch.waiters.size === 1) void ask(key, watch, ASK_MS_MIN);
      });
    },

    async close() {
      closed = true;
      clearTimeout(retry);
      owed = [];
      for (const watch of [...watches.values()]) wake(watch);
    },
  };
}

function readClaim(reply: unknown): Claim {
  const [outcome, first, answer] = reply as [Claim['outcome'], string, string | undefined];
  if (outcome === 'claimed') return { outcome, token: Number(first) };
  if (outcome === 'in-progress') return { outcome, fingerprint: first };
  return { outcome, fingerprint: first, answer: JSON.parse(answer ?? '') as KeptAnswer };
}
