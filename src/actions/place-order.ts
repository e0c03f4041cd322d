import type { Order } from '../domain/order.ts';
import { type Placement, type Refusal, unitsKey } from '../domain/stock.ts';
import type { Advice, Attempt, Ending, KeptOrder, StockGate } from '../gate/stock-gate.ts';
import type { Database } from '../ledger/database.ts';
import { placingKey } from '../ledger/orders.ts';
import { findPlacedOrders } from '../ledger/read-orders.ts';
import { createPassingMap } from '../operations/passing-map.ts';
import type { Tracing } from '../operations/tracing.ts';
import { within } from '../operations/within.ts';
import type { NotTaken } from './batch-queue.ts';
import { decideBySnapshot, type PlaceOrderRequest, type Repeat } from './decide-placing.ts';
import { createOrderWriter } from './order-writer.ts';
import { createSharedReads } from './shared-reads.ts';
import { createTracedBatchQueue } from './traced-batch-queue.ts';
import type { WrittenOutcome } from './write-orders.ts';

/** How an attempt to place an order ended. Only `placed` had an effect; `unknown` may have had one. */
export type PlaceOrderOutcome =
  | {
      readonly outcome: 'placed';
      readonly order: Omit<Order, 'merchantId'>;
      /** The key had this order already: it is shown as it was placed. */
      readonly replayed: boolean;
    }
  | Refusal
  | NotTaken
  | Exclude<WrittenOutcome, { outcome: 'accepted' | 'repeat' }>
  /** The key was used for another request. */
  | { readonly outcome: 'key-reused' }
  /** The same request is still under way. */
  | { readonly outcome: 'in-progress' };

export interface PlaceOrder {
  (request: PlaceOrderRequest): Promise<PlaceOrderOutcome>;
  /** Requests that wait for a batch. */
  waiting(): number;
  /** Takes no more and resolves when all that was taken is answered. */
  close(): Promise<void>;
}

/** How long a request waits for its twin (same key, same request) that is under way. Shorter than a client's time-out. */
const TWIN_WAIT_MS = 2_000;

/** Bounds the size of one call to the gate, and how many are under way at once. */
const ADMISSIONS_AT_ONCE = 200;
const ADMISSION_CONCURRENCY = 4;

/** Bounds the time that one transaction keeps the locks of a hot sale. */
const BATCH_SIZE_MAX = 500;

const POSTGRESQL = { 'db.system.name': 'postgresql' };

/** Past it the memory of what is unlikely begins anew: it only saves work. */
const UNLIKELY_MAX = 100_000;

/** The order that an accepted request became, as its answer shows it. */
function placedOrder(request: PlaceOrderRequest, placement: Placement): Omit<Order, 'merchantId'> {
  return {
    id: request.orderId,
    saleId: request.saleId,
    customerId: request.customerId,
    status: placement.status,
    version: 1,
    arrival: placement.arrival,
    currency: placement.currency,
    totalMinor: placement.totalMinor,
    lines: placement.lines,
    reference: request.reference,
    metadata: request.metadata,
    placedAt: placement.placedAt,
    payBy: placement.payBy,
    acceptBy: placement.acceptBy,
  };
}

/**
 * The way an order is placed: the ledger decides, in batches (group commit).
 *
 * Where a sale or an item lately refused, or was asked for under a key that had its order, a look without locks, shared
 * by all who wait at that moment, tells who is certainly refused again or has an order, and only the others go on to
 * where orders are written. That memory only picks the path: every answer comes from the ledger as it is now, after the
 * caller's key was looked up, so no early "no" hides an order that was won.
 */
export function createPlaceOrder(options: {
  /** Pipelining connections: one batch of writes and one look at a time. */
  database: Database;
  waitingMax: number;
  deadlineMs: number;
  observeBatch: (requests: number, seconds: number) => void;
  /** What the processes tell each other; absent where there is no Redis. */
  gate?: StockGate | undefined;
  observeAdvice?: (advice: string) => void;
  /** The gate advised to refuse, and the ledger would not. */
  onSuspicion?: () => void;
  tracing?: Tracing;
}): PlaceOrder {
  const { database, waitingMax, deadlineMs, gate, tracing } = options;
  const underWay = createPassingMap<string, { request: PlaceOrderRequest; ended: Promise<PlaceOrderOutcome> }>();
  /** What lately led to no new order: ids of sales and items, and customers' units of items by `unitsKey`. */
  const unlikely = new Set<string>();

  const write = createOrderWriter({ database, settleMs: deadlineMs, onCommitted: gate?.tell });
  const writes = createTracedBatchQueue<PlaceOrderRequest, WrittenOutcome>({
    tracing,
    name: 'commit orders',
    attributes: POSTGRESQL,
    run: async (requests) => {
      const startedAt = performance.now();
      const outcomes = await write(requests);
      options.observeBatch(requests.length, (performance.now() - startedAt) / 1_000);
      return outcomes;
    },
    batchSizeMax: BATCH_SIZE_MAX,
    waitingMax,
    deadlineMs,
    concurrency: 1,
  });

  const looks = createTracedBatchQueue({
    tracing,
    name: 'look at stock',
    attributes: POSTGRESQL,
    run: (requests: readonly PlaceOrderRequest[]) => look(database, requests),
    batchSizeMax: BATCH_SIZE_MAX,
    waitingMax,
    deadlineMs,
    concurrency: 1,
  });

  const placedOrders = createSharedReads({
    readAll: (ids) => findPlacedOrders(database, ids),
    name: 'read placed orders',
    waitingMax,
    deadlineMs,
    tracing,
  });

  const admissions =
    gate &&
    createTracedBatchQueue({
      tracing,
      name: 'admit to gate',
      attributes: { 'db.system.name': 'redis' },
      run: (requests: readonly PlaceOrderRequest[]) => admit(gate, requests),
      batchSizeMax: ADMISSIONS_AT_ONCE,
      waitingMax,
      deadlineMs,
      concurrency: ADMISSION_CONCURRENCY,
    });

  async function place(request: PlaceOrderRequest): Promise<PlaceOrderOutcome> {
    const key = placingKey(request.placedBy, request.idempotencyKey);
    const answerBy = performance.now() + TWIN_WAIT_MS;
    for (let twin = underWay.get(key); twin !== undefined; twin = underWay.get(key)) {
      if (twin.request.fingerprint !== request.fingerprint) return { outcome: 'key-reused' };
      const outcome = await within(twin.ended, answerBy - performance.now());
      if (outcome === undefined) return { outcome: 'in-progress' };
      if (outcome.outcome === 'placed') return { ...outcome, replayed: true };
      // The twin had no effect, and its refusal may be older than this request: decide anew.
    }

    const ended = decide(request);
    underWay.set(key, { request, ended });
    try {
      return await ended;
    } finally {
      underWay.delete(key);
    }
  }

  async function decide(request: PlaceOrderRequest): Promise<PlaceOrderOutcome> {
    if (isUnlikely(request)) return (await lookFirst(request)) ?? decideByLedger(request);
    if (gate === undefined || admissions === undefined) return decideByLedger(request);

    const advised = await admissions.submit(request);
    if ('outcome' in advised) return advised;
    options.observeAdvice?.(advised.advice);
    switch (advised.advice) {
      case 'answered':
        return answerKept(request, advised.kept);
      case 'refuse': {
        const refused = await lookFirst(request);
        if (refused !== undefined) return refused;
        const outcome = await decideByLedger(request);
        if (outcome.outcome === 'placed') options.onSuspicion?.();
        return outcome;
      }
      default: {
        const outcome = await decideByLedger(request);
        // Also where no advice came: a reservation may have been made whose answer was lost.
        gate.settle([endingOf(request, outcome)]);
        return outcome;
      }
    }
  }

  function isUnlikely({ saleId, customerId, lines }: PlaceOrderRequest): boolean {
    if (unlikely.size === 0) return false;
    if (unlikely.has(saleId)) return true;
    return lines.some(({ itemId }) => unlikely.has(itemId) || unlikely.has(unitsKey(itemId, customerId)));
  }

  /** A look without locks, shared by all who wait at that moment. Undefined where only the locked path can tell. */
  async function lookFirst(request: PlaceOrderRequest): Promise<PlaceOrderOutcome | undefined> {
    const looked = await looks.submit(request);
    if ('outcome' in looked) return looked;
    const { answer } = looked;
    if (answer === undefined) {
      thinkLikely(request);
      return undefined;
    }
    if (answer.outcome === 'repeat') return answerRepeat(request, answer);
    thinkUnlikely(request, answer);
    return answer;
  }

  async function decideByLedger(request: PlaceOrderRequest): Promise<PlaceOrderOutcome> {
    const outcome = await writes.submit(request);
    if (outcome.outcome === 'accepted') {
      return { outcome: 'placed', order: placedOrder(request, outcome), replayed: false };
    }
    thinkUnlikely(request, outcome);
    return outcome.outcome === 'repeat' ? answerRepeat(request, outcome) : outcome;
  }

  async function answerRepeat(request: PlaceOrderRequest, repeat: Repeat): Promise<PlaceOrderOutcome> {
    if (repeat.fingerprint !== request.fingerprint) return { outcome: 'key-reused' };
    // The same id means that this attempt's own batch was committed though its answer was lost.
    const own = repeat.orderId === request.orderId;
    try {
      const read = await placedOrders.read(repeat.orderId, request.traceParent);
      if (read.outcome !== 'found') return own ? { outcome: 'unknown', error: new Error(read.outcome) } : read;
      if (read.value === undefined) throw new Error(`Order ${repeat.orderId} has no first version.`);
      return { outcome: 'placed', order: read.value, replayed: !own };
    } catch (error) {
      return { outcome: own ? 'unknown' : 'unavailable', error };
    }
  }

  function thinkUnlikely({ saleId, customerId, lines }: PlaceOrderRequest, outcome: WrittenOutcome | NotTaken): void {
    if (unlikely.size >= UNLIKELY_MAX) unlikely.clear();
    switch (outcome.outcome) {
      case 'sale-not-open':
        if (outcome.saleStatus !== 'closed') unlikely.add(saleId);
        break;
      case 'limit-reached':
        for (const { itemId } of outcome.items) unlikely.add(unitsKey(itemId, customerId));
        break;
      case 'sold-out':
        for (const { itemId, available } of outcome.items) if (available === 0) unlikely.add(itemId);
        break;
      case 'repeat':
        // Buyers who had no answer come back together.
        for (const { itemId } of lines) unlikely.add(itemId);
        break;
    }
  }

  function thinkLikely({ saleId, customerId, lines }: PlaceOrderRequest): void {
    unlikely.delete(saleId);
    for (const { itemId } of lines) {
      unlikely.delete(itemId);
      unlikely.delete(unitsKey(itemId, customerId));
    }
  }

  return Object.assign(place, {
    waiting: () => writes.waiting() + looks.waiting() + (admissions?.waiting() ?? 0),
    async close() {
      await admissions?.close();
      await looks.close();
      await writes.close();
      await placedOrders.close();
    },
  });
}

/** The gate's advice; while Redis is away there is none, and the ledger decides alone. */
async function admit(
  gate: StockGate,
  requests: readonly PlaceOrderRequest[],
): Promise<readonly (Advice | { readonly advice: 'away' })[]> {
  try {
    return await gate.admit(requests.map(attemptOf));
  } catch {
    return requests.map(() => ({ advice: 'away' }));
  }
}

function attemptOf({ orderId, saleId, customerId, placedBy, idempotencyKey, lines }: PlaceOrderRequest): Attempt {
  return { operationId: orderId, saleId, customerId, placedBy, idempotencyKey, lines };
}

/** What the gate is told of an attempt's end. */
function endingOf(request: PlaceOrderRequest, outcome: PlaceOrderOutcome): Ending {
  const attempt = attemptOf(request);
  if (outcome.outcome !== 'placed') return { attempt, placed: null };
  const { fingerprint } = request;
  return { attempt, placed: { fingerprint, order: JSON.stringify(outcome.order) } };
}

/** The answer that the gate has kept: what was fixed at placing, so it is the ledger's, too. */
function answerKept({ fingerprint }: PlaceOrderRequest, kept: KeptOrder): PlaceOrderOutcome {
  if (kept.fingerprint !== fingerprint) return { outcome: 'key-reused' };
  const order = JSON.parse(kept.order) as PlacedText;
  const toDate = (text: string | null) => (text === null ? null : new Date(text));
  return {
    outcome: 'placed',
    order: {
      ...order,
      placedAt: new Date(order.placedAt),
      payBy: toDate(order.payBy),
      acceptBy: toDate(order.acceptBy),
    },
    replayed: true,
  };
}

/** A placed order as JSON keeps it. */
type PlacedText = Omit<Order, 'merchantId' | 'placedAt' | 'payBy' | 'acceptBy'> & {
  readonly placedAt: string;
  readonly payBy: string | null;
  readonly acceptBy: string | null;
};

async function look(
  database: Database,
  requests: readonly PlaceOrderRequest[],
): Promise<(Awaited<ReturnType<typeof decideBySnapshot>>[number] | { outcome: 'unavailable'; error: unknown })[]> {
  try {
    return await database.withConnection((connection) => decideBySnapshot(connection, requests));
  } catch (error) {
    return requests.map(() => ({ outcome: 'unavailable', error }));
  }
}
