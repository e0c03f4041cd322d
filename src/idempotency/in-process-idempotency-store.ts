import { createBoundedMemory } from '../operations/bounded-memory.ts';
import { createPassingMap } from '../operations/passing-map.ts';
import type { Claim, IdempotencyStore, KeptAnswer } from './idempotency-store.ts';

interface LiveClaim {
  readonly token: number;
  readonly fingerprint: string;
  readonly leaseUntil: number;
  readonly waiters: Set<() => void>;
  /** Runs when the lease is over, then when the claim is forgotten. */
  timer: NodeJS.Timeout;
}

interface Kept {
  readonly fingerprint: string;
  readonly answer: KeptAnswer;
  readonly until: number;
}

/** The longest that a timer can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** What an entry takes besides its text, roughly. */
const ENTRY_BYTES = 300;

/** An upper bound of what an answer takes: JavaScript keeps text in one or two bytes a character. */
function bytesOf({ fingerprint, answer }: Kept, key: string): number {
  let characters = key.length + fingerprint.length + answer.body.length;
  for (const [name, value] of Object.entries(answer.headers)) characters += name.length + value.length;
  return ENTRY_BYTES + 2 * characters;
}

/**
 * The store of an engine that is one process. Answers are kept for `retentionMs` as long as they fit into `bytesMax`;
 * past it the oldest are forgotten. Claims are never dropped for room: there is one for each request under way. All of
 * it ends with the process, and beneath it the ledger knows what took effect.
 *
 * `now` in milliseconds, from any start.
 */
export function createInProcessIdempotencyStore(options: {
  retentionMs: number;
  bytesMax: number;
  now?: () => number;
}): IdempotencyStore {
  const { retentionMs, bytesMax, now = () => performance.now() } = options;
  const claims = createPassingMap<string, LiveClaim>();
  const answers = createBoundedMemory<Kept>(bytesMax, bytesOf);
  /** One sequence for all keys, so that nothing needs to be remembered of a key that was released. */
  let lastToken = 0;

  function begin(key: string, fingerprint: string, leaseMs: number): LiveClaim {
    lastToken += 1;
    const leaseUntil = now() + leaseMs;
    const timer = setTimeout(() => lapse(key, claim), leaseMs).unref();
    const claim: LiveClaim = { token: lastToken, fingerprint, leaseUntil, waiters: new Set(), timer };
    claims.set(key, claim);
    return claim;
  }

  /** The lease is over: whoever waits may try. The claim stays, so that a slow owner whom nobody followed can end it. */
  function lapse(key: string, claim: LiveClaim): void {
    wake(claim);
    claim.timer = setTimeout(() => end(key, claim), Math.min(retentionMs, TIMER_MS_MAX)).unref();
  }

  function end(key: string, claim: LiveClaim): void {
    clearTimeout(claim.timer);
    if (claims.get(key) === claim) claims.delete(key);
    wake(claim);
  }

  function findLive(key: string): LiveClaim | undefined {
    const claim = claims.get(key);
    return claim !== undefined && now() < claim.leaseUntil ? claim : undefined;
  }

  return {
    async claim(key, fingerprint, leaseMs): Promise<Claim> {
      const kept = answers.get(key);
      if (kept !== undefined && now() < kept.until) {
        return { outcome: 'answered', fingerprint: kept.fingerprint, answer: kept.answer };
      }
      const live = findLive(key);
      if (live !== undefined) return { outcome: 'in-progress', fingerprint: live.fingerprint };
      const lapsed = claims.get(key);
      if (lapsed !== undefined) end(key, lapsed);
      return { outcome: 'claimed', token: begin(key, fingerprint, leaseMs).token };
    },

    async complete(key, token, { status, headers, body }) {
      const claim = claims.get(key);
      if (claim?.token !== token) return false;
      const answer = { status, headers: { ...headers }, body };
      answers.set(key, { fingerprint: claim.fingerprint, answer, until: now() + retentionMs });
      end(key, claim);
      return true;
    },

    async release(key, token) {
      const claim = claims.get(key);
      if (claim?.token === token) end(key, claim);
    },

    async settled(key, waitMs) {
      const claim = findLive(key);
      if (claim === undefined) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(wakeUp, waitMs);
        function wakeUp(): void {
          clearTimeout(timer);
          claim?.waiters.delete(wakeUp);
          resolve();
        }
        claim.waiters.add(wakeUp);
      });
    },

    async close() {
      for (const [key, claim] of claims.entries()) end(key, claim);
    },
  };
}

function wake(claim: LiveClaim): void {
  for (const waiter of [...claim.waiters]) waiter();
}
