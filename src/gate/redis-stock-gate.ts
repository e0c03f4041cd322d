import { setTimeout } from 'node:timers/promises';
import { RedisAwayError } from './circuit-breaker.ts';
import { readKeptOrder, writeKeptOrder } from './kept-order.ts';
import type { RedisLink } from './redis.ts';
import { readScript, type Script } from './script.ts';
import type { Advice, Attempt, Ending, LedgerStock, Reconciled, StockGate } from './stock-gate.ts';
import { createToldLater, type Told } from './told-later.ts';

export interface RedisStockGate extends StockGate {
  /** Resolves when what was settled and told until now has been sent, or given up. */
  flushed(): Promise<void>;
  /** Endings that were not told: too many at once, or Redis was away. Reconciling repairs what they leave. */
  dropped(): number;
}

/** Bounds the time for which one call has Redis to itself, to a few milliseconds. */
const PARTS_PER_CALL_MAX = 200;
/** Lines, and as many characters of a kept order as cost what a line costs. */
const WEIGHT_PER_CALL_MAX = 1_000;
const CHARACTERS_PER_WEIGHT = 500;

/**
 * Reconciling reads all open reservations of a sale in one step. Past this, attempts are let through without one: they
 * belong to processes that have died, or the ledger is far behind.
 */
const OPEN_MAX = 10_000;

/** Sales that are reconciled at once: a thousand of them must not stand in the way of buyers. */
const RECONCILED_AT_ONCE = 8;

const DAY_SECONDS = 86_400;

/** How long closing waits for what is under way. */
const CLOSE_TIMEOUT_MS = 2_000;

const ADMIT = readScript('admit');
const SETTLE = readScript('settle');
const TELL = readScript('tell');
const RECONCILE = readScript('reconcile');

/** What the numbers of `admit.lua` mean. */
const ADVICE: readonly Advice[] = [{ advice: 'unknown' }, { advice: 'refuse' }, { advice: 'reserved' }];
const UNKNOWN: Advice = { advice: 'unknown' };

/**
 * The gate in Redis: one script call for the attempts, endings or items of one sale, whose keys have its hash tag. The
 * scripts say what is stored.
 *
 * Where Redis is there but the call of one sale fails (somebody wrote another type into one of its keys, or one node of
 * a Cluster is away) the advice is `unknown`. `onError` hears of what the link does not report itself; one and the same
 * message comes once between two comparisons with the ledger.
 */
export function createRedisStockGate(options: {
  readonly redis: Pick<RedisLink, 'run'>;
  /** Stands in all keys: a ledger that was restored or replaced begins anew. */
  readonly ledgerId: string;
  /** For how long answers are kept. A sale that nobody touches is forgotten a day later than its last answer. */
  readonly retentionSeconds: number;
  readonly onError: (error: unknown) => void;
}): RedisStockGate {
  const { redis, ledgerId, retentionSeconds, onError } = options;
  const saleTtlSeconds = retentionSeconds + DAY_SECONDS;
  const reported = new Set<string>();
  /**
   * Pairs that were ahead of the ledger at this process's last comparison, by sale and item. The ledger was read before
   * that, so they may be commits; if it is still behind when it is read again, it has not written them.
   */
  const suspects = new Map<string, string>();
  let dropped = 0;
  let closed = false;

  const keyOf = (saleId: string, name: string) => `doorbuster:{${saleId}}:${ledgerId}:${name}`;
  const hashesOf = (saleId: string) => ['stock', 'reserved', 'open', 'units'].map((name) => keyOf(saleId, name));
  const keptKeyOf = ({ saleId, placedBy, idempotencyKey }: Attempt) =>
    keyOf(saleId, `kept:${placedBy}/${idempotencyKey}`);

  function report(error: unknown): void {
    // The link tells that Redis is away.
    if (error instanceof RedisAwayError || reported.has(String(error))) return;
    reported.add(String(error));
    onError(error);
  }

  /** Does what can be done. @throws {RedisAwayError} where nothing could because Redis is away. */
  async function runAll<Call>(
    calls: readonly Call[],
    run: (call: Call) => Promise<void>,
    atOnce = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    const errors: unknown[] = [];
    for (let from = 0; from < calls.length; from += atOnce) {
      const ended = await Promise.allSettled(calls.slice(from, from + atOnce).map(run));
      for (const call of ended) if (call.status === 'rejected') errors.push(call.reason);
    }
    for (const error of errors) report(error);
    const away = errors.find((error) => error instanceof RedisAwayError);
    if (away !== undefined && errors.length === calls.length) throw away;
  }

  async function runForList(script: Script, keys: string[], args: (string | number)[]): Promise<readonly unknown[]> {
    const reply = await redis.run(script, keys, args);
    if (!Array.isArray(reply)) throw new Error('A script of the gate replied something else than a list.');
    return reply;
  }

  async function admitToSale({ saleId, parts }: SaleCall<PlacedAttempt>, advice: Advice[]): Promise<void> {
    const attempts = parts.map(({ attempt }) => attempt);
    const keptKeys = attempts.map(keptKeyOf);
    const args = [saleTtlSeconds, OPEN_MAX, ...admitArguments(attempts)];
    const replies = await runForList(ADMIT, [...hashesOf(saleId), ...keptKeys], args);
    for (const [index, { place }] of parts.entries()) advice[place] = adviceOf(replies[index], keptKeys[index] ?? '');
  }

  async function settleInSale({ saleId, parts }: SaleCall<Ending>): Promise<void> {
    const keys = hashesOf(saleId);
    const unplaced: string[] = [];
    const placed: (string | number)[] = [];
    for (const ending of parts) {
      const { operationId, customerId, lines } = ending.attempt;
      if (ending.placed === null) {
        unplaced.push(operationId);
        continue;
      }
      const key = keptKeyOf(ending.attempt);
      keys.push(key);
      placed.push(operationId, writeKeptOrder(key, ending.placed), customerId, lines.length);
      for (const { itemId, quantity } of lines) placed.push(itemId, quantity);
    }
    await redis.run(SETTLE, keys, [saleTtlSeconds, retentionSeconds, unplaced.length, ...unplaced, ...placed]);
  }

  async function tellOfSale({ saleId, parts }: SaleCall<LedgerStock>): Promise<void> {
    const items = parts.flatMap((item) => [item.itemId, item.version, pairOf(item)]);
    await redis.run(TELL, [keyOf(saleId, 'stock')], [saleTtlSeconds, ...items]);
  }

  async function reconcileSale({ saleId, parts }: SaleCall<LedgerStock>, leakedAfterMs: number): Promise<Reconciled> {
    const items = parts.flatMap((item) => {
      const { itemId, available, version } = item;
      return [itemId, available, version, pairOf(item), suspects.get(`${saleId}/${itemId}`) ?? ''];
    });
    const reply = await runForList(RECONCILE, hashesOf(saleId), [saleTtlSeconds, leakedAfterMs, ...items]);
    const [driftUnits, repaired, leaked, open, ...ahead] = reply;
    for (const { itemId } of parts) suspects.delete(`${saleId}/${itemId}`);
    for (let at = 0; at < ahead.length; at += 2) {
      const item = parts[Number(ahead[at]) - 1];
      if (item !== undefined) suspects.set(`${saleId}/${item.itemId}`, String(ahead[at + 1]));
    }
    return {
      driftUnits: Number(driftUnits),
      repaired: Number(repaired),
      leaked: Number(leaked),
      open: Number(open),
    };
  }

  /** Stock first, and in one pipeline: what an order took must not look free in between. */
  async function send({ stock, endings }: Told): Promise<void> {
    const told = callsOf(stock, scopeOfStock).map((call) => () => tellOfSale(call));
    const settled = callsOf(endings, scopeOfEnding).map((call) => async () => {
      try {
        await settleInSale(call);
      } catch (error) {
        dropped += call.parts.length;
        throw error;
      }
    });
    try {
      await runAll([...told, ...settled], (call) => call());
    } catch {
      // Redis is away, and reconciling comes after it.
    }
  }

  const later = createToldLater({
    send,
    onDropped(endings) {
      dropped += endings;
    },
  });

  return {
    async admit(attempts) {
      const advice: Advice[] = attempts.map(() => UNKNOWN);
      const placed = attempts.map((attempt, place) => ({ attempt, place }));
      await runAll(
        callsOf(placed, ({ attempt }) => scopeOfAttempt(attempt)),
        (call) => admitToSale(call, advice),
      );
      return advice;
    },

    settle(endings) {
      if (closed) dropped += endings.length;
      else later.settle(endings);
    },

    tell(stock) {
      if (!closed) later.tell(stock);
    },

    async reconcile(stock, leakedAfterMs) {
      reported.clear();
      const found = { driftUnits: 0, repaired: 0, leaked: 0 };
      const open = new Map<string, number>();
      await runAll(
        callsOf(stock, scopeOfStock),
        async (call) => {
          const inSale = await reconcileSale(call, leakedAfterMs);
          found.driftUnits += inSale.driftUnits;
          found.repaired += inSale.repaired;
          found.leaked += inSale.leaked;
          open.set(call.saleId, inSale.open);
        },
        RECONCILED_AT_ONCE,
      );
      return { ...found, open: [...open.values()].reduce((sum, inSale) => sum + inSale, 0) };
    },

    async close() {
      closed = true;
      await Promise.race([later.sent(), setTimeout(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
    },

    flushed: later.sent,
    dropped: () => dropped,
  };
}

/** One script call. */
interface SaleCall<Part> {
  readonly saleId: string;
  readonly parts: readonly Part[];
}

interface PlacedAttempt {
  readonly attempt: Attempt;
  /** Where its advice belongs. */
  readonly place: number;
}

interface Scope {
  readonly saleId: string;
  readonly weight: number;
}

const scopeOfAttempt = ({ saleId, lines }: Attempt): Scope => ({ saleId, weight: lines.length });
const scopeOfStock = ({ saleId }: LedgerStock): Scope => ({ saleId, weight: 1 });

function scopeOfEnding({ attempt, placed }: Ending): Scope {
  const { saleId, weight } = scopeOfAttempt(attempt);
  return { saleId, weight: weight + (placed?.order.length ?? 0) / CHARACTERS_PER_WEIGHT };
}

/** Puts together what belongs to one sale, in its order, in calls of bounded size. */
function callsOf<Part>(parts: readonly Part[], scopeOf: (part: Part) => Scope): SaleCall<Part>[] {
  const calls: SaleCall<Part>[] = [];
  const unfilled = new Map<string, { parts: Part[]; weight: number }>();
  for (const part of parts) {
    const { saleId, weight } = scopeOf(part);
    let call = unfilled.get(saleId);
    if (call === undefined || call.parts.length >= PARTS_PER_CALL_MAX || call.weight + weight > WEIGHT_PER_CALL_MAX) {
      call = { parts: [], weight: 0 };
      unfilled.set(saleId, call);
      calls.push({ saleId, parts: call.parts });
    }
    call.parts.push(part);
    call.weight += weight;
  }
  return calls;
}

/** The arguments of `admit.lua` from the items on: each item once, the lines refer to it by its place. */
function admitArguments(attempts: readonly Attempt[]): (string | number)[] {
  const places = new Map<string, number>();
  const args: (string | number)[] = [];
  for (const { operationId, customerId, lines } of attempts) {
    args.push(operationId, customerId, lines.length);
    for (const { itemId, quantity } of lines) {
      const place = places.get(itemId) ?? places.size + 1;
      places.set(itemId, place);
      args.push(place, quantity);
    }
  }
  return [places.size, ...places.keys(), ...args];
}

function adviceOf(reply: unknown, keptKey: string): Advice {
  if (typeof reply === 'number') return ADVICE[reply] ?? UNKNOWN;
  const kept = typeof reply === 'string' ? readKeptOrder(keptKey, reply) : undefined;
  return kept === undefined ? UNKNOWN : { advice: 'answered', kept };
}

/** An item's pair as the scripts know it. */
function pairOf({ available, version, limitPerCustomer }: LedgerStock): string {
  return `${available}:${version}:${limitPerCustomer ?? ''}`;
}
