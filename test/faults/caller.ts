import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { HistoryRecord, StepRecord } from '../../lab/checker/history.ts';
import { asMembers } from '../../lab/checker/order-state.ts';
import { isKeptAnswer } from '../../lab/checker/steps.ts';
import { type Exchange, type HttpClient, parseBody } from '../../lab/rush/http-client.ts';
import type { Random } from '../../lab/rush/random.ts';
import { retryDelayMs } from '../../lab/rush/retry-delay.ts';

/** What HAProxy answers by itself is no word of the engine: the outcome is as unknown as without an answer. */
export function hearEngineOnly(client: HttpClient): HttpClient {
  return {
    async send(request) {
      const exchange = await client.send(request);
      if (!exchange.answered || exchange.status < 500 || exchange.headers['request-id'] !== undefined) return exchange;
      return { sentAtMs: exchange.sentAtMs, answered: false, failure: `the proxy answered ${exchange.status}` };
    },
    close: client.close,
  };
}

/** Speaks to the engine as a patient client does: again with the same key, until there is a last word. */
export interface Caller {
  readonly client: HttpClient;
  readonly random: Random;
  readonly record: (record: HistoryRecord) => void;
  /** Steps about which nobody had a last word in time. */
  readonly unsettled: StepRequest[];
}

/** Past it a step is left for later; what was begun by a process that was killed may take a while to be known. */
const STEP_PATIENCE_MS = 6_000;

/** About twenty seconds of patience. */
const ATTEMPTS_MAX = 20;

/** A step of an order that somebody asks for. */
export interface StepRequest {
  readonly orderId: string;
  readonly intent: string;
  readonly actorId: string;
  readonly token: string;
  readonly key: string;
  readonly tag: string;
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/** Asks for a step until it is done or refused; `undefined` when nobody knew in time, then it is among the unsettled. */
export async function takeStep(caller: Caller, request: StepRequest): Promise<StepRecord | undefined> {
  const deadline = performance.now() + STEP_PATIENCE_MS;
  for (let attempt = 1; performance.now() < deadline; attempt += 1) {
    const exchange = await sendStep(caller.client, request);
    const seen = describeStep(request, exchange);
    caller.record(seen);
    if (isLastWord(seen)) return seen;
    const retryAfter = exchange.answered ? exchange.headers['retry-after'] : undefined;
    await delay(retryDelayMs(attempt, retryAfter, caller.random));
  }
  caller.unsettled.push(request);
  return undefined;
}

/** Sends a step once more, as the button that is pressed twice. */
export async function repeatStep(caller: Caller, request: StepRequest): Promise<void> {
  caller.record(describeStep(request, await sendStep(caller.client, request)));
}

function sendStep(client: HttpClient, { orderId, intent, token, key, tag, body }: StepRequest): Promise<Exchange> {
  return client.send({
    method: 'POST',
    path: `/api/v1/orders/${orderId}/${intent}`,
    token,
    idempotencyKey: key,
    ifMatch: tag,
    ...(body && { body: JSON.stringify(body) }),
  });
}

function isLastWord({ status, code }: StepRecord): boolean {
  return status !== null && status < 500 && status !== 429 && code !== 'request-in-progress';
}

function describeStep(request: StepRequest, exchange: Exchange): StepRecord {
  const { orderId, intent, actorId, key, tag } = request;
  const sent = { operation: 'step', orderId, intent, actorId, key, tag, sentAtMs: exchange.sentAtMs } as const;
  const nothing = { code: null, replayed: false, bodyHash: null, etag: null, version: null, orderStatus: null };
  if (!exchange.answered) return { ...sent, answeredAtMs: null, status: null, ...nothing };
  const { answeredAtMs, status, headers, body } = exchange;
  const content = asMembers(parseBody(body)) ?? {};
  const answered = { ...sent, answeredAtMs, status, ...nothing, code: textOf(content['code']) };
  if (!isKeptAnswer(answered)) return answered;
  const version = content['version'];
  return {
    ...answered,
    replayed: headers['idempotent-replayed'] === 'true',
    bodyHash: createHash('sha256').update(body).digest('base64url'),
    etag: headers.etag ?? null,
    version: typeof version === 'number' ? version : null,
    orderStatus: textOf(content[status === 402 ? 'orderStatus' : 'status']),
  };
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : null);

/** An order as it is now. */
export interface Glance {
  readonly status: string;
  readonly version: number;
  readonly tag: string;
  readonly lines: readonly { readonly itemId: string; readonly quantity: number }[];
}

/** Reads an order, patiently, and records what was seen. `undefined` when nobody answered. */
export async function glanceAt(caller: Caller, orderId: string, token: string): Promise<Glance | undefined> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const exchange = await caller.client.send({ method: 'GET', path: `/api/v1/orders/${orderId}`, token });
    if (exchange.answered && exchange.status === 200) {
      const { sentAtMs, answeredAtMs, headers } = exchange;
      const { status, version, lines } = JSON.parse(exchange.body.toString('utf8'));
      const orders = [{ id: orderId, status, version }];
      caller.record({ operation: 'read-orders', sentAtMs, answeredAtMs, orders });
      return { status, version, tag: headers.etag ?? '*', lines };
    }
    if (exchange.answered && exchange.status < 500 && exchange.status !== 429) {
      throw new Error(`Order ${orderId} was answered with ${exchange.status} ${exchange.body.toString('utf8')}`);
    }
    await delay(retryDelayMs(attempt, undefined, caller.random));
  }
  return undefined;
}
