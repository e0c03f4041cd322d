import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { PlaceOrderRecord } from '../checker/history.ts';
import { asMembers, readOrderState } from '../checker/order-state.ts';
import { isRefusal, isSuccess, isUnknown } from '../checker/placements.ts';
import type { Exchange, HttpClient } from './http-client.ts';
import { parseBody } from './http-client.ts';
import type { PlannedOrder } from './plan.ts';
import type { Random } from './random.ts';
import { retryDelayMs } from './retry-delay.ts';
import type { Slots } from './slots.ts';
import type { Tally } from './tally.ts';

/** Someone who may order in the test sale. */
export interface Buyer {
  readonly userId: string;
  readonly accessToken: string;
}

/** What the buyers of one run share. */
export interface Crowd {
  /** Begins an order: tells before each attempt by which client it goes. */
  readonly clientFor: () => () => HttpClient;
  readonly saleId: string;
  readonly slots: Slots;
  readonly tally: Tally;
  readonly random: Random;
  readonly record: (attempt: PlaceOrderRecord) => void;
  /** Aborted: nothing new is sent, nothing is tried again. */
  readonly stop: AbortSignal;
}

/** The last word on an order. */
export type Outcome = 'accepted' | 'refused' | 'unknown';

/** An engine that is started again has some twenty seconds to be back. */
const ATTEMPTS_MAX = 20;

/**
 * Places one order as a real client would: with one key over all attempts, again after no answer, 503, 429 and
 * "request in progress", at growing distances. A first slot must have been taken for it; further ones it takes itself.
 */
export async function placeOrder(crowd: Crowd, buyer: Buyer, planned: PlannedOrder): Promise<Outcome> {
  const nextClient = crowd.clientFor();
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    if (attempt > 1) await crowd.slots.take(true);
    const hangUp = planned.hangsUp && attempt === 1;
    const { seen, retryAfter } = await attemptOrder(crowd, nextClient(), buyer, planned, hangUp);
    crowd.slots.give();
    if (!hangUp && !isExpected(seen)) crowd.tally.errors += 1;
    if (isSuccess(seen) || isRefusal(seen)) {
      if (isSuccess(seen) && planned.resends) await resend(crowd, nextClient(), buyer, planned);
      return isSuccess(seen) ? 'accepted' : 'refused';
    }
    if (!mayTryAgain(seen) || crowd.stop.aborted) break;
    crowd.tally.retries += 1;
    if (!hangUp) await waitOrStop(retryDelayMs(attempt, retryAfter, crowd.random), crowd.stop);
    if (crowd.stop.aborted) break;
  }
  return 'unknown';
}

/** The buyer who presses the button once more, or whose telephone does. */
async function resend(crowd: Crowd, client: HttpClient, buyer: Buyer, planned: PlannedOrder): Promise<void> {
  if (crowd.stop.aborted) return;
  await crowd.slots.take(true);
  crowd.tally.retries += 1;
  await attemptOrder(crowd, client, buyer, planned, false);
  crowd.slots.give();
}

async function attemptOrder(
  crowd: Crowd,
  client: HttpClient,
  buyer: Buyer,
  planned: PlannedOrder,
  hangUp: boolean,
): Promise<{ seen: PlaceOrderRecord; retryAfter: string | undefined }> {
  crowd.tally.requests += 1;
  if (hangUp) crowd.tally.hangUps += 1;
  const exchange = await client.send({
    method: 'POST',
    path: '/api/v1/orders',
    token: buyer.accessToken,
    idempotencyKey: planned.key,
    body: JSON.stringify({ saleId: crowd.saleId, lines: planned.lines, reference: planned.key }),
    hangUp,
  });
  const seen = describeAttempt(crowd.saleId, buyer, planned, exchange);
  crowd.record(seen);
  return { seen, retryAfter: exchange.answered ? exchange.headers['retry-after'] : undefined };
}

function describeAttempt(saleId: string, buyer: Buyer, planned: PlannedOrder, exchange: Exchange): PlaceOrderRecord {
  const { key, lines } = planned;
  const { sentAtMs } = exchange;
  const sent = {
    operation: 'place-order',
    userId: buyer.userId,
    key,
    saleId,
    lines,
    reference: key,
    sentAtMs,
  } as const;
  const nothing = { code: null, replayed: false, bodyHash: null, location: null, etag: null, order: null };
  if (!exchange.answered) return { ...sent, answeredAtMs: null, status: null, ...nothing };
  const { answeredAtMs, status, headers, body } = exchange;
  const content = parseBody(body);
  if (status < 200 || status >= 300) {
    const code = asMembers(content)?.['code'];
    return { ...sent, answeredAtMs, status, ...nothing, code: typeof code === 'string' ? code : null };
  }
  return {
    ...sent,
    answeredAtMs,
    status,
    code: null,
    replayed: headers['idempotent-replayed'] === 'true',
    bodyHash: createHash('sha256').update(body).digest('base64url'),
    location: headers.location ?? null,
    etag: headers.etag ?? null,
    order: readOrderState(content) ?? null,
  };
}

function isExpected(seen: PlaceOrderRecord): boolean {
  return isSuccess(seen) || isRefusal(seen) || seen.status === 429 || seen.code === 'request-in-progress';
}

function mayTryAgain(seen: PlaceOrderRecord): boolean {
  return isUnknown(seen) || seen.status === 429 || seen.code === 'request-in-progress';
}

async function waitOrStop(ms: number, stop: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: stop }).catch(() => undefined);
}
