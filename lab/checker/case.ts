import type { Origin } from './attribute-orders.ts';
import { attributeOrders } from './attribute-orders.ts';
import type { FinalState, History, PlaceOrderRecord } from './history.ts';
import type { OrderLife } from './order-life.ts';
import type { OrderState } from './order-state.ts';
import { isExpired, isReleased } from './order-state.ts';
import type { Placement } from './placements.ts';
import { groupPlacements } from './placements.ts';
import { type StockUse, stockUseOf } from './stock-spans.ts';

/** What the publisher of the engine promises beyond the defaults, and what the run was. */
export interface CheckSettings {
  /** For how long before a refusal stock may have been left unseen: 0 for one process without gate, at most 1000. */
  readonly soldOutBoundMs: number;
  /** Every wish was followed up until it was answered, and nobody paused the sale: then no wish may stay unmet while stock is left. */
  readonly complete: boolean;
}

/** An order with everything that is known about it. */
export interface KnownOrder {
  /** As listed at the end; as first answered when it is not listed. */
  readonly order: OrderState;
  readonly listed: boolean;
  readonly origin: Origin;
  /** The placement that made it, or those that may have; none when nobody sent it. */
  readonly candidates: readonly Placement[];
  /** The successes that named it, the earliest answer first. */
  readonly answers: readonly PlaceOrderRecord[];
  /** Before this moment it cannot have been placed; `-Infinity` when nobody is known to have sent it. */
  readonly earliestEffectMs: number;
  /** When it was first seen, in an answer or a list; `Infinity` when only in the final state. */
  readonly seenAtMs: number;
  /** From this moment on its stock has gone back for certain; `Infinity` when that is not certain. */
  readonly releasedAtMs: number;
  /** What it had of the stock, by the database's clock. */
  readonly use: StockUse;
  /** Where it was read at rest. */
  readonly life: OrderLife | undefined;
}

/** A run laid out for the checks. */
export interface Case {
  readonly history: History;
  readonly final: FinalState;
  readonly placements: readonly Placement[];
  /** By id: the listed orders and those that an answer named. */
  readonly orders: ReadonlyMap<string, KnownOrder>;
  /** No stock can have come back during the run: no order was released, no capacity changed. */
  readonly stockOnlyShrank: boolean;
  readonly settings: CheckSettings;
}

/** Lays out a run: joins the attempts, the answers and the final state by order. */
export function layOutCase(history: History, final: FinalState, settings: CheckSettings): Case {
  const placements = groupPlacements(history.placings);
  const answers = groupAnswers(history.placings);
  const states = new Map([...answers].map(([id, group]) => [id, group[0]?.order ?? undefined]));
  for (const order of final.orders) states.set(order.id, order);
  const listed = new Set(final.orders.map((order) => order.id));
  const origins = attributeOrders(final.orders, placements);
  const looks = firstLooks(history);
  const lives = new Map(final.rest?.lives.map((life) => [life.orderId, life]));
  const orders = new Map<string, KnownOrder>();
  for (const [id, order] of states) {
    const { origin, candidates } = origins.get(id) ?? { origin: 'nobody', candidates: [] };
    if (order === undefined) continue;
    const own = answers.get(id) ?? [];
    const answeredAtMs = own[0]?.answeredAtMs ?? Number.POSITIVE_INFINITY;
    const look = looks.get(id);
    const life = lives.get(id);
    const use = stockUseOf(order, life);
    orders.set(id, {
      order,
      listed: listed.has(id),
      origin,
      candidates,
      answers: own,
      earliestEffectMs: earliestEffectOf(candidates),
      seenAtMs: Math.min(answeredAtMs, look?.seenAtMs ?? Number.POSITIVE_INFINITY),
      releasedAtMs: gaveAllBackForGood(order, life, use) ? (look?.releasedAtMs ?? never) : never,
      use,
      life,
    });
  }
  const stockOnlyShrank = onlyShrank(history, final) && [...orders.values()].every(({ use }) => keptAll(use));
  return { history, final, placements, orders, stockOnlyShrank, settings };
}

const never = Number.POSITIVE_INFINITY;

/** From the first look at an order that has ended so, its stock was free for certain. */
function gaveAllBackForGood(order: OrderState, life: OrderLife | undefined, use: StockUse): boolean {
  if (life === undefined) return isExpired(order.status);
  return isReleased(order.status) && !use.retaken && use.spans.every(({ untilMs }) => Number.isFinite(untilMs));
}

const keptAll = ({ spans }: StockUse) => spans.every(({ untilMs }) => !Number.isFinite(untilMs));

/** An order that exists though no attempt should have made one was made by some attempt all the same. */
function earliestEffectOf(candidates: readonly Placement[]): number {
  if (candidates.length === 0) return Number.NEGATIVE_INFINITY;
  const momentsMs = candidates.map(({ earliestEffectMs, attempts }) =>
    Number.isFinite(earliestEffectMs) ? earliestEffectMs : (attempts[0]?.sentAtMs ?? Number.NEGATIVE_INFINITY),
  );
  return Math.min(...momentsMs);
}

function onlyShrank(history: History, final: FinalState): boolean {
  const reads = [...history.orderReads.flatMap((read) => read.orders), ...final.orders];
  return history.stockChanges.length === 0 && !reads.some((order) => isReleased(order.status));
}

function groupAnswers(attempts: readonly PlaceOrderRecord[]): Map<string, PlaceOrderRecord[]> {
  const named = attempts.filter((attempt) => attempt.order !== null);
  const byOrder = Map.groupBy(named, (attempt) => attempt.order?.id ?? '');
  for (const group of byOrder.values()) group.sort((a, b) => (a.answeredAtMs ?? 0) - (b.answeredAtMs ?? 0));
  return byOrder;
}

interface Look {
  seenAtMs: number;
  releasedAtMs: number;
}

/** When each order was first seen, and first seen as one that has ended, by the moment the answer had come. */
function firstLooks(history: History): Map<string, Look> {
  const looks = new Map<string, Look>();
  const note = (id: string, status: string, answeredAtMs: number) => {
    const look = looks.get(id) ?? { seenAtMs: never, releasedAtMs: never };
    look.seenAtMs = Math.min(look.seenAtMs, answeredAtMs);
    if (isReleased(status)) look.releasedAtMs = Math.min(look.releasedAtMs, answeredAtMs);
    looks.set(id, look);
  };
  for (const read of history.orderReads) {
    for (const { id, status } of read.orders) note(id, status, read.answeredAtMs);
  }
  for (const { orderId, orderStatus, answeredAtMs } of history.steps) {
    if (orderStatus !== null && answeredAtMs !== null) note(orderId, orderStatus, answeredAtMs);
  }
  return looks;
}
