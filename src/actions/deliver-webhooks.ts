import type { Database } from '../ledger/database.ts';
import { bury, resolveLetter } from '../ledger/dead-letters.ts';
import { recordAttempt } from '../ledger/duty-attempts.ts';
import type { Queryable } from '../ledger/statement.ts';
import {
  type ClaimedDelivery,
  claimDeliveries,
  endDelivery,
  postponeDelivery,
  type SendingRoom,
  type TryOutcome,
} from '../ledger/webhook-deliveries.ts';
import { disableEndpoint } from '../ledger/webhook-endpoints.ts';
import { TRACING_OFF, type Tracing } from '../operations/tracing.ts';
import { answerOf, type HttpSender, type SendResult, sendErrorOf } from '../webhooks/http-sender.ts';
import { retryDelayMs } from '../webhooks/retry-delay.ts';
import { signWebhook } from '../webhooks/sign-webhook.ts';
import { type DescribeOrder, makeWebhookMessage } from './webhook-message.ts';

/** What one process sends at the same time: altogether, and to one endpoint. */
const SENDS_AT_ONCE = 200;
const SENDS_PER_ENDPOINT = 10;
/** An endpoint whose last try failed gets one at a time until it answers well: it may hold up nobody else. */
const SENDS_WHILE_FAILING = 1;
/** Endpoints that are remembered as failing; past it all get another chance. */
const FAILING_MAX = 10_000;

/** What is under way when the process is to stop has this long to end by itself. */
const STOP_PATIENCE_MS = 1_000;

const GONE = 410;

/** What became of a delivery by one try. */
export type DeliveryOutcome = 'delivered' | 'retried' | 'failed' | 'disabled';

/** Sends the due webhook deliveries. */
export interface DeliverWebhooks {
  /** Takes as many due deliveries as there is room for, and begins them. Tells whether more may be due. */
  take(): Promise<{ readonly more: boolean }>;
  /** Resolves when nothing is under way any more. What takes long is cut off and sent again by whoever comes next. */
  stop(): Promise<void>;
}

/** How a try went, and when it was. */
interface Tried {
  readonly startedAt: Date;
  readonly result: SendResult;
}

/**
 * Sends what is due. Any number of processes may do this at once. Nothing is locked while a request is under way: a
 * delivery is leased, and whoever dies leaves it to the next, so a receiver gets each event at least once.
 */
export function createDeliverWebhooks(options: {
  database: Database;
  sender: HttpSender;
  describeOrder: DescribeOrder;
  /** Longer than the sender's time-out and what the ledger needs to take in the result. */
  leaseMs: number;
  retrySeconds: readonly number[];
  /** From 0 up to 1. */
  random: () => number;
  observe: (outcome: DeliveryOutcome, seconds: number) => void;
  /** There is room again for an endpoint that may have more to be sent. */
  onRoom: () => void;
  /** Told once when a receiver says that it is gone. */
  onDisabled: (delivery: ClaimedDelivery) => void;
  onFailed: (delivery: ClaimedDelivery, error: string) => void;
  /** The ledger did not take in how it went; it is due again after its lease. */
  onError: (delivery: ClaimedDelivery, error: unknown) => void;
  tracing?: Tracing;
}): DeliverWebhooks {
  const { database, sender, leaseMs, tracing = TRACING_OFF } = options;
  const underWay = new Set<Promise<void>>();
  const perEndpoint = new Map<string, number>();
  const failing = new Set<string>();
  const cutOff = new AbortController();

  return {
    async take() {
      const room = roomLeft();
      if (room.total === 0 || cutOff.signal.aborted) return { more: false };
      const deliveries = await claimDeliveries(database, room, leaseMs);
      for (const delivery of deliveries) begin(delivery);
      return { more: deliveries.length > 0 };
    },
    async stop() {
      const impatience = setTimeout(() => cutOff.abort(), STOP_PATIENCE_MS);
      await Promise.all(underWay);
      clearTimeout(impatience);
    },
  };

  function roomLeft(): SendingRoom {
    const exceptions = new Map<string, number>();
    for (const id of failing) exceptions.set(id, SENDS_WHILE_FAILING);
    for (const [id, sends] of perEndpoint) exceptions.set(id, Math.max(0, roomOf(id) - sends));
    return { total: SENDS_AT_ONCE - underWay.size, perEndpoint: SENDS_PER_ENDPOINT, exceptions };
  }

  function roomOf(endpointId: string): number {
    return failing.has(endpointId) ? SENDS_WHILE_FAILING : SENDS_PER_ENDPOINT;
  }

  function begin(delivery: ClaimedDelivery): void {
    const { endpointId } = delivery;
    perEndpoint.set(endpointId, (perEndpoint.get(endpointId) ?? 0) + 1);
    const running = run(delivery)
      .catch((error: unknown) => options.onError(delivery, error))
      .finally(() => {
        underWay.delete(running);
        leave(endpointId);
      });
    underWay.add(running);
  }

  /** Room for one is not worth a look while as many are under way: the next one that ends looks for all. */
  function leave(endpointId: string): void {
    const sends = (perEndpoint.get(endpointId) ?? 1) - 1;
    if (sends === 0) perEndpoint.delete(endpointId);
    else perEndpoint.set(endpointId, sends);
    if (sends <= roomOf(endpointId) / 2) options.onRoom();
  }

  async function run(delivery: ClaimedDelivery): Promise<void> {
    const message = await makeWebhookMessage(database, delivery, options.describeOrder);
    if (message === undefined) {
      await endDelivery(database, delivery, 'discarded', { status: null, error: 'The history is not kept any more.' });
      return;
    }
    const startedAt = new Date();
    const signed = signWebhook({ ...message, timestamp: startedAt, secrets: delivery.secrets });
    const result = await send(delivery, signed, message.body);
    noteHealth(delivery.endpointId, sendErrorOf(result) === null);
    const outcome = await settle(delivery, { startedAt, result });
    if (outcome !== undefined) options.observe(outcome, result.durationMs / 1_000);
  }

  /** One try, as a part of the trace of the request that made the step; the receiver may go on with it. */
  async function send(
    delivery: ClaimedDelivery,
    signed: Readonly<Record<string, string>>,
    body: string,
  ): Promise<SendResult> {
    const { url, traceParent: parent, tries } = delivery;
    const span = tracing.startSpan('POST', {
      kind: 'client',
      parent,
      attributes: {
        'http.request.method': 'POST',
        // Not the whole address: it may carry a secret.
        'server.address': new URL(url).hostname,
        'doorbuster.webhook.endpoint_id': delivery.endpointId,
        'doorbuster.event.type': delivery.eventType,
        ...(tries > 0 ? { 'http.request.resend_count': tries } : {}),
      },
    });
    const traceParent = span.traceParent ?? parent;
    const headers = traceParent === null ? signed : { ...signed, traceparent: traceParent };
    const result = await sender.send({ url, headers, body, signal: cutOff.signal });
    const status = statusOf(result);
    if (status !== null) span.setAttributes({ 'http.response.status_code': status });
    span.end(spanErrorOf(status));
    return result;
  }

  function noteHealth(endpointId: string, healthy: boolean): void {
    if (failing.size >= FAILING_MAX) failing.clear();
    if (healthy) failing.delete(endpointId);
    else failing.add(endpointId);
  }

  /** Writes down what came of a try; undefined where it says nothing about the receiver. */
  async function settle(delivery: ClaimedDelivery, tried: Tried): Promise<DeliveryOutcome | undefined> {
    const { result } = tried;
    const error = sendErrorOf(result);
    if (error === null) {
      await database.transaction((transaction) => succeed(transaction, delivery, tried));
      return 'delivered';
    }
    if (result.result === 'failed' && cutOff.signal.aborted) {
      await later(delivery, tried, 0, { error: 'The engine was stopped.', counts: false });
      return undefined;
    }
    if (statusOf(result) === GONE) {
      await gone(delivery, tried, error);
      return 'disabled';
    }
    const retryAfterMs = answerOf(result)?.retryAfterMs ?? null;
    const delayMs = retryDelayMs(delivery.tries + 1, options.random(), retryAfterMs, options.retrySeconds);
    if (delayMs !== undefined) {
      await later(delivery, tried, delayMs, { error, counts: true });
      return 'retried';
    }
    await giveUp(delivery, tried, error);
    return 'failed';
  }

  async function later(
    delivery: ClaimedDelivery,
    tried: Tried,
    delayMs: number,
    { error, counts }: { readonly error: string; readonly counts: boolean },
  ): Promise<void> {
    await database.transaction(async (transaction) => {
      await postponeDelivery(transaction, delivery, delayMs, { ...outcomeOf(tried, error), counts });
      await keepAttempt(transaction, delivery, tried, error);
    });
  }

  /** Nothing more is sent; what waits, this one too, goes out when somebody resumes the endpoint. */
  async function gone(delivery: ClaimedDelivery, tried: Tried, error: string): Promise<void> {
    const told = await database.transaction(async (transaction) => {
      const disabled = await disableEndpoint(transaction, delivery.endpointId);
      await postponeDelivery(transaction, delivery, 0, { ...outcomeOf(tried, error), counts: false });
      await keepAttempt(transaction, delivery, tried, error);
      return disabled;
    });
    if (told) options.onDisabled(delivery);
  }

  async function giveUp(delivery: ClaimedDelivery, tried: Tried, error: string): Promise<void> {
    const ours = await database.transaction(async (transaction) => {
      const ended = await endDelivery(transaction, delivery, 'failed', outcomeOf(tried, error));
      await keepAttempt(transaction, delivery, tried, error);
      if (ended) await buryDelivery(transaction, delivery, error);
      return ended;
    });
    if (ours) options.onFailed(delivery, error);
  }
}

async function succeed(transaction: Queryable, delivery: ClaimedDelivery, tried: Tried): Promise<void> {
  const ended = await endDelivery(transaction, delivery, 'delivered', outcomeOf(tried, null));
  await keepAttempt(transaction, delivery, tried, null);
  // Only one that was tried before it was revived can have a dead letter.
  if (ended && delivery.attempts > delivery.tries + 1) await resolveLetter(transaction, delivery.id);
}

function buryDelivery(transaction: Queryable, delivery: ClaimedDelivery, error: string): Promise<void> {
  const { id, merchantId, order, endpointId, attempts } = delivery;
  const orderId = order?.orderId ?? null;
  return bury(transaction, { kind: 'webhook', dutyId: id, merchantId, orderId, endpointId, error, attempts });
}

function keepAttempt(
  transaction: Queryable,
  { id, attempts }: ClaimedDelivery,
  tried: Tried,
  error: string | null,
): Promise<void> {
  const { startedAt, result } = tried;
  return recordAttempt(transaction, {
    dutyId: id,
    number: attempts,
    startedAt,
    durationMs: result.durationMs,
    status: statusOf(result),
    error,
    response: answerOf(result)?.response ?? null,
  });
}

const outcomeOf = ({ result }: Tried, error: string | null): TryOutcome => ({ status: statusOf(result), error });

const statusOf = (result: SendResult) => answerOf(result)?.status ?? null;

/** What a trace says of a try, by the convention for HTTP clients. */
function spanErrorOf(status: number | null): string | undefined {
  if (status === null) return 'no_answer';
  return status >= 400 ? String(status) : undefined;
}
