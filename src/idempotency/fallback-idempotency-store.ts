import { RedisAwayError } from '../gate/circuit-breaker.ts';
import { createBoundedMemory } from '../operations/bounded-memory.ts';
import type { Claim, IdempotencyStore } from './idempotency-store.ts';

/** Keys claimed in this process while Redis was away that are looked for there first, the latest. */
const STRAYED_MAX = 100_000;

/**
 * Uses `redisStore`, and `inProcessStore` while Redis is away: then two processes may work on one key, which the
 * ledger's own keys make harmless. A claim is completed and released in the store that gave it, and what a process did
 * while Redis was away it still knows when Redis is back. Tokens fence within the store that gave them.
 */
export function createFallbackIdempotencyStore(
  redisStore: IdempotencyStore,
  inProcessStore: IdempotencyStore,
): IdempotencyStore {
  const strayed = createBoundedMemory<true>(STRAYED_MAX);

  /** Where a claim was made is in the last bit of its token. */
  const fromRedis = (claim: Claim): Claim =>
    claim.outcome === 'claimed' ? { ...claim, token: 2 * claim.token } : claim;
  const fromHere = (claim: Claim): Claim =>
    claim.outcome === 'claimed' ? { ...claim, token: 2 * claim.token + 1 } : claim;
  const makerOf = (token: number) => (token % 2 === 0 ? redisStore : inProcessStore);
  const tokenThere = (token: number) => Math.floor(token / 2);

  /** What this process knows of a key from a time when Redis was away. */
  async function findHere(key: string, fingerprint: string, leaseMs: number): Promise<Claim | undefined> {
    if (strayed.get(key) === undefined) return undefined;
    const claim = await inProcessStore.claim(key, fingerprint, leaseMs);
    if (claim.outcome !== 'claimed') return claim;
    await inProcessStore.release(key, claim.token);
    return undefined;
  }

  return {
    async claim(key, fingerprint, leaseMs) {
      const known = await findHere(key, fingerprint, leaseMs);
      if (known !== undefined) return known;
      try {
        return fromRedis(await redisStore.claim(key, fingerprint, leaseMs));
      } catch (error) {
        if (!(error instanceof RedisAwayError)) throw error;
        strayed.set(key, true);
        return fromHere(await inProcessStore.claim(key, fingerprint, leaseMs));
      }
    },

    complete: (key, token, answer) => makerOf(token).complete(key, tokenThere(token), answer),

    release: (key, token) => makerOf(token).release(key, tokenThere(token)),

    async settled(key, waitMs) {
      const giveUpAt = performance.now() + waitMs;
      // At once where nothing is under way here.
      await inProcessStore.settled(key, waitMs);
      const leftMs = giveUpAt - performance.now();
      if (leftMs <= 0) return;
      try {
        await redisStore.settled(key, leftMs);
      } catch (error) {
        if (!(error instanceof RedisAwayError)) throw error;
        // Nobody can tell any more how it ends. The next claim is made here.
      }
    },

    async close() {
      await inProcessStore.close();
      await redisStore.close();
    },
  };
}
