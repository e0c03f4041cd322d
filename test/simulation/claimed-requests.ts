import { RedisAwayError } from '../../src/gate/circuit-breaker.ts';
import { createFallbackIdempotencyStore } from '../../src/idempotency/fallback-idempotency-store.ts';
import type { IdempotencyStore } from '../../src/idempotency/idempotency-store.ts';
import { createInProcessIdempotencyStore } from '../../src/idempotency/in-process-idempotency-store.ts';
import type { Gates, World } from './walk.ts';

// Requests under one key, on processes of their own: claim, commit, complete or release. The stores are the engine's; the
// one that the processes share stands in for Redis, whose scripts pass the same conformance tests. Requests are slow,
// die, and outlive their leases; Redis goes away before or after it did what it was asked, and is emptied. Beneath is the
// ledger's unique key, as a map.

/** How the protocol can be broken. */
export type ClaimFault =
  /** A live claim does not keep others away. */
  | 'claim without NX'
  /** Whoever ends a claim ends the one that is live, not its own. */
  | 'no fencing'
  /** The store frees a key sooner than its owner was told. */
  | 'lease shorter than agreed'
  /** The ledger does not look for the key. */
  | 'no key in the ledger';

const KEY = 'key';
const LEASE_MS = 60_000;
const RETENTION_MS = 1_000_000;
const BYTES_MAX = 1_000_000;

interface Bounds {
  /** What each request comes to when it is the first: an order, or a refusal that leaves no trace. */
  readonly requests: readonly ('order' | 'refusal')[];
  /** How often something of each kind may happen. */
  readonly leases: number;
  readonly deaths: number;
  readonly away: number;
  readonly flushes: number;
}

/** The requests of one run. */
export function claimedRequests(bounds: Bounds, fault?: ClaimFault): World {
  let now = 0;
  const left = { leases: bounds.leases, deaths: bounds.deaths, away: bounds.away, flushes: bounds.flushes };
  const stores: IdempotencyStore[] = [];
  const newStore = () => {
    const store = createInProcessIdempotencyStore({ retentionMs: RETENTION_MS, bytesMax: BYTES_MAX, now: () => now });
    stores.push(store);
    return store;
  };
  /** Tokens go on when Redis is emptied, as they do by its clock. */
  let era = 0;
  let shared = newStore();
  /** Claims of the shared store as their owners believe to have them. */
  const live = new Map<number, number>();
  let granted = 0;
  let orders = 0;
  const ledger = new Map<string, string>();
  const answers: string[] = [];
  let broken: string | undefined;

  const redis: IdempotencyStore = {
    async claim(key, fingerprint, leaseMs) {
      if (fault === 'claim without NX') await shared.release(key, granted - era);
      const lease = fault === 'lease shorter than agreed' ? leaseMs / 2 : leaseMs;
      const claim = await shared.claim(key, fingerprint, lease);
      if (claim.outcome !== 'claimed') return claim;
      const token = claim.token + era;
      if (token <= granted) broken ??= 'tokens rise';
      if ([...live.values()].some((until) => now < until)) broken ??= 'one live claim at a time';
      granted = token;
      live.set(token, now + leaseMs);
      return { ...claim, token };
    },
    async complete(key, token, answer) {
      const named = fault === 'no fencing' ? granted : token;
      const kept = await shared.complete(key, named - era, answer);
      if (kept && token !== granted) broken ??= 'who was followed by another ends nothing';
      if (kept) live.clear();
      return kept;
    },
    async release(key, token) {
      await shared.release(key, (fault === 'no fencing' ? granted : token) - era);
      live.delete(token);
    },
    settled: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };

  function start(gates: Gates): void {
    for (const [index, wanted] of bounds.requests.entries()) {
      const actor = `request ${index}`;
      const process = createFallbackIdempotencyStore(behind(gates, actor), newStore());
      request(gates, actor, wanted, process).catch((error: unknown) => {
        if (!(error instanceof Died)) broken ??= `a request fails: ${String(error)}`;
      });
    }
  }

  /** Redis as one process reaches it. */
  function behind(gates: Gates, actor: string): IdempotencyStore {
    const reach = async <Result>(what: string, ask: () => Promise<Result>): Promise<Result> => {
      const ways = () => [
        what,
        ...(left.away > 0 ? [`${what}, Redis is away`, `${what}, its reply is lost`] : []),
        ...deaths(),
      ];
      const way = await gates.wait(actor, ways);
      if (way === 'dies') return die();
      if (way === what) return ask();
      left.away -= 1;
      if (way.endsWith('lost')) await ask();
      throw new RedisAwayError('for this test', { asked: true });
    };
    return {
      claim: (key, fingerprint, leaseMs) => reach('claims', () => redis.claim(key, fingerprint, leaseMs)),
      complete: (key, token, answer) => reach('completes', () => redis.complete(key, token, answer)),
      release: (key, token) => reach('releases', () => redis.release(key, token)),
      settled: redis.settled,
      close: redis.close,
    };
  }

  const deaths = () => (left.deaths > 0 ? ['dies'] : []);

  function die(): never {
    left.deaths -= 1;
    throw new Died();
  }

  /** What `replyKeyed` does with a store, in short; nobody waits for a twin. */
  async function request(
    gates: Gates,
    actor: string,
    wanted: 'order' | 'refusal',
    store: IdempotencyStore,
  ): Promise<void> {
    const claim = await store.claim(KEY, 'fingerprint', LEASE_MS);
    if (claim.outcome === 'answered') return answer(claim.answer.body);
    if (claim.outcome === 'in-progress') return;
    if ((await gates.wait(actor, () => ['commits', ...deaths()])) === 'dies') die();
    const body = commit(wanted);
    // Whether the store hears of it is the store's affair.
    if (body === undefined) await store.release(KEY, claim.token).catch(onlyAway);
    else {
      await store.complete(KEY, claim.token, { status: 201, headers: {}, body }).catch(onlyAway);
      answer(body);
    }
  }

  function commit(wanted: 'order' | 'refusal'): string | undefined {
    const known = fault === 'no key in the ledger' ? undefined : ledger.get(KEY);
    if (known !== undefined) return known;
    if (wanted === 'refusal') return undefined;
    orders += 1;
    const order = `order ${orders}`;
    ledger.set(KEY, order);
    return order;
  }

  function answer(body: string): void {
    answers.push(body);
    if (new Set(answers).size > 1) broken ??= 'all answers to a key are the same';
  }

  return {
    start,
    events() {
      const events = [];
      if (left.leases > 0 && [...live.values()].some((until) => now < until)) {
        events.push({
          name: 'half a lease passes',
          happen() {
            left.leases -= 1;
            now += LEASE_MS / 2;
          },
        });
      }
      if (left.flushes > 0 && granted > era) {
        events.push({
          name: 'Redis is emptied',
          happen() {
            left.flushes -= 1;
            shared = newStore();
            era = granted;
            live.clear();
          },
        });
      }
      return events;
    },
    broken: () => broken ?? (orders > 1 ? 'one order for a key' : undefined),
    brokenAtRest() {
      const known = ledger.get(KEY);
      return answers.some((each) => each !== known) ? 'an answer is what the ledger has' : undefined;
    },
    async close() {
      await Promise.all(stores.map((store) => store.close()));
    },
  };
}

class Died extends Error {}

function onlyAway(error: unknown): void {
  if (!(error instanceof RedisAwayError)) throw error;
}
