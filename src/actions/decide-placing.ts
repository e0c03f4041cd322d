import { allocate, type Decision, type ItemState, type Refusal, refusalOf } from '../domain/stock.ts';
import { findCustomerUnits, type UnitsOf } from '../ledger/customer-units.ts';
import { lockItems } from '../ledger/items.ts';
import { findRepeats, placingKey, type RepeatedOrder } from '../ledger/orders.ts';
import { readPlacingSnapshot } from '../ledger/placing-snapshot.ts';
import { type LockedSale, lockSales } from '../ledger/sales.ts';
import type { Queryable } from '../ledger/statement.ts';

/** One attempt to place an order. */
export interface PlaceOrderRequest {
  /** The order's id if it is accepted. Made once per attempt, so that a batch run twice writes the same order. */
  readonly orderId: string;
  readonly saleId: string;
  /** Set for a shop's back end: it orders in its own merchant's sales only. */
  readonly onlyMerchantId: string | null;
  readonly customerId: string;
  /** Who calls: the customer, or the merchant whose back end orders for a customer. Scopes the key. */
  readonly placedBy: string;
  readonly idempotencyKey: string;
  /** SHA-256 of the canonical request, hex. */
  readonly fingerprint: string;
  readonly lines: readonly { readonly itemId: string; readonly quantity: number }[];
  readonly reference: string | null;
  /** JSON text. */
  readonly metadata: string | null;
  readonly requestId: string;
  /** The W3C traceparent of the request, where it is sampled. */
  readonly traceParent: string | null;
}

/** The key already has an order: perhaps this very attempt's, written by a batch whose answer was lost. */
export interface Repeat extends RepeatedOrder {
  readonly outcome: 'repeat';
}

/** The ids of all sales and items that some requests name. */
function idsOf(requests: readonly PlaceOrderRequest[]): { saleIds: string[]; itemIds: string[] } {
  const saleIds = new Set<string>();
  const itemIds = new Set<string>();
  for (const { saleId, lines } of requests) {
    saleIds.add(saleId);
    for (const { itemId } of lines) itemIds.add(itemId);
  }
  return { saleIds: [...saleIds], itemIds: [...itemIds] };
}

function unitsAskedFor({ customerId, lines }: PlaceOrderRequest): UnitsOf[] {
  return lines.map(({ itemId }) => ({ itemId, customerId }));
}

function repeatOf(repeats: ReadonlyMap<string, RepeatedOrder>, request: PlaceOrderRequest): Repeat | undefined {
  if (repeats.size === 0) return undefined;
  const repeated = repeats.get(placingKey(request.placedBy, request.idempotencyKey));
  return repeated && { outcome: 'repeat', orderId: repeated.orderId, fingerprint: repeated.fingerprint };
}

/** Requests that were decided under lock, and the sales and items as they were locked. */
export interface DecidedPlacing {
  readonly outcomes: readonly (Decision | Repeat)[];
  readonly sales: ReadonlyMap<string, LockedSale>;
  readonly items: ReadonlyMap<string, ItemState>;
}

/**
 * Decides requests one after the other under the row locks of their sales and items. A repeat takes nothing and
 * leaves its place to the others. The locks last until the transaction of `db` ends.
 */
export async function decideUnderLock(db: Queryable, requests: readonly PlaceOrderRequest[]): Promise<DecidedPlacing> {
  const { saleIds, itemIds } = idsOf(requests);
  // Sales first, then items, each by id. What follows is read by new statements, so that it is what the locks' last
  // holder committed. All are sent together: one round trip where the connection pipelines.
  const [sales, items, units, { decidedAt, repeats: known }] = await Promise.all([
    lockSales(db, saleIds),
    lockItems(db, itemIds),
    findCustomerUnits(db, requests.flatMap(unitsAskedFor)),
    findRepeats(db, requests),
  ]);
  const repeats = requests.map((request) => repeatOf(known, request));
  const decisions = allocate(
    { now: decidedAt, sales, items, units },
    requests.filter((_, index) => repeats[index] === undefined),
  ).values();
  const outcomes = repeats.map((repeat) => {
    const decided = repeat ?? decisions.next().value;
    if (decided === undefined) throw new Error('A request was not decided.');
    return decided;
  });
  return { outcomes, sales, items };
}

/** What a look without locks can say for sure: a repeat or a refusal. Undefined: only the locked path can decide. */
export type CertainAnswer = Refusal | Repeat | undefined;

/**
 * Looks without locks whether requests are repeats or must be refused, each as if it stood alone. Stock,
 * customers' units and keys are of one snapshot: an order of this key that was under way would have changed the stock
 * and the units together with its key. The clock changes without a lock: a batch that decided before
 * closing time may commit after it, so "closed" is left to the locked path.
 */
export async function decideBySnapshot(
  db: Queryable,
  requests: readonly PlaceOrderRequest[],
): Promise<{ answer: CertainAnswer }[]> {
  const { saleIds, itemIds } = idsOf(requests);
  const pairs = requests.flatMap(unitsAskedFor);
  const { decidedAt, repeats, ...facts } = await readPlacingSnapshot(db, saleIds, itemIds, pairs, requests);
  const state = { now: decidedAt, ...facts };
  return requests.map((request) => {
    const answer = repeatOf(repeats, request) ?? refusalOf(state, request);
    const closed = answer?.outcome === 'sale-not-open' && answer.saleStatus === 'closed';
    return { answer: closed ? undefined : answer };
  });
}
