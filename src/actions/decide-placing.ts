import { allocate, type Decision, type Refusal, refusalOf } from '../domain/stock.ts';
import { findCustomerUnits, type UnitsOf } from '../ledger/customer-units.ts';
import { findItemsForPlacing } from '../ledger/items.ts';
import { findRepeats, placingKey, type RepeatedOrder } from '../ledger/orders.ts';
import { findSalesForPlacing } from '../ledger/sales.ts';
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
}

/** The key already has an order: perhaps this very attempt's, written by a batch whose answer was lost. */
export interface Repeat extends RepeatedOrder {
  readonly outcome: 'repeat';
}

interface PlacingFacts {
  readonly state: Parameters<typeof allocate>[0];
  readonly repeats: ReadonlyMap<string, RepeatedOrder>;
}

const NO_UNITS: ReadonlyMap<string, number> = new Map();

/**
 * Reads what decides about some requests. With `lock`, the rows of sales and items are locked first, in that order
 * and each by id; what follows is read by new statements, so that it is what the lock's last holder committed.
 * Without it customers' units are left out, and no limit is found to be reached.
 * The statements are sent together: one round trip where the connection pipelines.
 */
async function readFacts(
  db: Queryable,
  requests: readonly PlaceOrderRequest[],
  options: { lock: boolean },
): Promise<PlacingFacts> {
  const saleIds = new Set<string>();
  const itemIds = new Set<string>();
  for (const { saleId, lines } of requests) {
    saleIds.add(saleId);
    for (const { itemId } of lines) itemIds.add(itemId);
  }
  const [sales, items, units, { decidedAt, repeats }] = await Promise.all([
    findSalesForPlacing(db, [...saleIds], options.lock),
    findItemsForPlacing(db, [...itemIds], options.lock),
    options.lock ? findCustomerUnits(db, requests.flatMap(unitsAskedFor)) : NO_UNITS,
    findRepeats(db, requests),
  ]);
  return { state: { now: decidedAt, sales, items, units }, repeats };
}

function unitsAskedFor({ customerId, lines }: PlaceOrderRequest): UnitsOf[] {
  return lines.map(({ itemId }) => ({ itemId, customerId }));
}

function repeatOf({ repeats }: PlacingFacts, request: PlaceOrderRequest): Repeat | undefined {
  if (repeats.size === 0) return undefined;
  const repeated = repeats.get(placingKey(request.placedBy, request.idempotencyKey));
  return repeated && { outcome: 'repeat', ...repeated };
}

/**
 * Decides requests one after the other under the row locks of their sales and items. A repeat takes nothing and
 * leaves its place to the others. The locks last until the transaction of `db` ends.
 */
export async function decideUnderLock(
  db: Queryable,
  requests: readonly PlaceOrderRequest[],
): Promise<(Decision | Repeat)[]> {
  const facts = await readFacts(db, requests, { lock: true });
  const repeats = requests.map((request) => repeatOf(facts, request));
  const decisions = allocate(
    facts.state,
    requests.filter((_, index) => repeats[index] === undefined),
  ).values();
  return repeats.map((repeat) => {
    const decided = repeat ?? decisions.next().value;
    if (decided === undefined) throw new Error('A request was not decided.');
    return decided;
  });
}

/** What a look without locks can say for sure: a repeat or a refusal. Undefined: only the locked path can decide. */
export type CertainAnswer = Refusal | Repeat | undefined;

/**
 * Looks without locks whether requests are repeats or must be refused, each as if it stood alone. The facts are read
 * before the keys: an order of this key that was under way would have changed them, under the sale's lock, together
 * with its key. Only the clock changes without a lock: a batch that decided before closing time may commit after it,
 * so that "closed" is left to the locked path.
 */
export async function decideBySnapshot(
  db: Queryable,
  requests: readonly PlaceOrderRequest[],
): Promise<{ answer: CertainAnswer }[]> {
  const facts = await readFacts(db, requests, { lock: false });
  return requests.map((request) => {
    const answer = repeatOf(facts, request) ?? refusalOf(facts.state, request);
    const closed = answer?.outcome === 'sale-not-open' && answer.saleStatus === 'closed';
    return { answer: closed ? undefined : answer };
  });
}
