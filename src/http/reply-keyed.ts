import type { FastifyReply, FastifyRequest } from 'fastify';
import { callerId } from '../domain/caller.ts';
import type { Claim, IdempotencyStore, KeptAnswer } from '../idempotency/idempotency-store.ts';
import { callerOf } from './authentication.ts';
import { fingerprintOf, idempotencyKeyOf, operationOf } from './idempotency-key.ts';
import { ProblemError } from './problems.ts';

/**
 * Longer than a commit takes, shorter than a customer's patience with a dead process. Whoever takes over from one that
 * is only slow finds its step in the ledger, and waits for its answer there.
 */
const CLAIM_LEASE_MS = 5_000;

/** How long a request waits for its twin that is under way. Shorter than a client's time-out. */
const TWIN_WAIT_MS = 2_000;

/** An answer that is kept for repeats. */
export interface KeyedAnswer {
  readonly answer: KeptAnswer;
  /** The ledger knew the key: this is the answer to an earlier request. */
  readonly replayed: boolean;
}

/** The request as the ledger's own keys know it. */
export interface KeyedRequest {
  readonly idempotencyKey: string;
  readonly fingerprint: string;
}

/**
 * Answers a POST once per Idempotency-Key of its caller. The store tells repeats and twins early; beneath it, `work`
 * must be harmless to repeat, because the store may have forgotten, or be away. `work` throws a problem where it had
 * no effect: then the key stays free.
 */
export async function replyKeyed(
  request: FastifyRequest,
  reply: FastifyReply,
  store: IdempotencyStore,
  work: (keyed: KeyedRequest) => Promise<KeyedAnswer>,
): Promise<FastifyReply> {
  const keyed = { idempotencyKey: idempotencyKeyOf(request), fingerprint: fingerprintOf(request) };
  const storeKey = `${callerId(callerOf(request))} ${operationOf(request)} ${keyed.idempotencyKey}`;
  const claim = await claimOrWait(request, store, storeKey, keyed.fingerprint);
  if (claim?.outcome === 'answered') return send(reply, claim.answer, true);
  try {
    const { answer, replayed } = await work(keyed);
    if (claim !== undefined) await attempt(request, () => store.complete(storeKey, claim.token, answer));
    return send(reply, answer, replayed);
  } catch (error) {
    if (claim !== undefined) await attempt(request, () => store.release(storeKey, claim.token));
    throw error;
  }
}

/** The claim or the answer; undefined where the store is away, and the ledger's own keys must do. */
async function claimOrWait(
  request: FastifyRequest,
  store: IdempotencyStore,
  key: string,
  fingerprint: string,
): Promise<Exclude<Claim, { outcome: 'in-progress' }> | undefined> {
  const giveUpAt = performance.now() + TWIN_WAIT_MS;
  for (;;) {
    const claim = await attempt(request, () => store.claim(key, fingerprint, CLAIM_LEASE_MS));
    if (claim === undefined || claim.outcome === 'claimed') return claim;
    if (claim.fingerprint !== fingerprint) {
      throw new ProblemError('idempotency-key-reused', { detail: 'Take a new key for a new request.' });
    }
    if (claim.outcome === 'answered') return claim;
    const leftMs = giveUpAt - performance.now();
    if (leftMs <= 0) throw new ProblemError('request-in-progress', { retryAfterSeconds: 1 });
    const waited = await attempt(request, async () => {
      await store.settled(key, leftMs);
      return true;
    });
    if (!waited) return undefined;
  }
}

/** What the store does is best effort: an error is logged, and the ledger's keys protect alone. */
async function attempt<Result>(request: FastifyRequest, ask: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await ask();
  } catch (error) {
    request.log.warn({ err: error }, 'the idempotency store did not answer');
    return undefined;
  }
}

function send(reply: FastifyReply, { status, headers, body }: KeptAnswer, replayed: boolean): FastifyReply {
  reply.code(status).headers({ ...headers });
  if (replayed) reply.header('Idempotent-Replayed', 'true');
  return reply.serializer(String).send(body);
}
