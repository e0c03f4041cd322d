import type { Decision, ItemState, Placement } from '../domain/stock.ts';
import type { LedgerStock } from '../gate/stock-gate.ts';
import type { Database } from '../ledger/database.ts';
import { ORDERS_PLACED_ONCE } from '../ledger/orders.ts';
import { insertPlacedOrders, type PlacedOrder, type PlacedOrderLine } from '../ledger/placed-orders.ts';
import type { Queryable } from '../ledger/statement.ts';
import { type BatchFailure, commitBatch, type DecidedBatch } from './commit-batch.ts';
import { type DecidedPlacing, decideUnderLock, type PlaceOrderRequest, type Repeat } from './decide-placing.ts';

/** How the ledger answered one request of a batch. */
export type WrittenOutcome = Decision | Repeat | BatchFailure;

interface Accepted {
  readonly request: PlaceOrderRequest;
  readonly placement: Placement;
}

/** A batch that took something, as it was decided under locks and is durable now. */
export interface CommittedBatch extends DecidedPlacing {
  /** What is left of the items it took from. */
  readonly stock: readonly LedgerStock[];
}

/** Decides a batch of orders and writes those that it accepts, in one transaction (see `commitBatch`). */
export function writeOrders(
  database: Pick<Database, 'connect'>,
  requests: readonly PlaceOrderRequest[],
  settleMs: number,
  options: {
    /** Called before anybody is answered. */
    readonly onCommitted?: (batch: CommittedBatch) => void;
    /** The batch was tried before, in a way that may have written it. */
    readonly perhapsCommitted?: boolean;
  } = {},
): Promise<readonly WrittenOutcome[]> {
  const { onCommitted, perhapsCommitted = false } = options;
  return commitBatch(database, requests, {
    decide: (connection, batch) => decide(connection, batch, onCommitted),
    repeatKey: ORDERS_PLACED_ONCE,
    settleMs,
    perhapsCommitted,
  });
}

async function decide(
  connection: Queryable,
  requests: readonly PlaceOrderRequest[],
  onCommitted: ((batch: CommittedBatch) => void) | undefined,
): Promise<DecidedBatch<Decision | Repeat>> {
  const decided = await decideUnderLock(connection, requests);
  const { outcomes, items } = decided;
  const accepted = requests.flatMap((request, index): Accepted[] => {
    const placement = outcomes[index];
    return placement?.outcome === 'accepted' ? [{ request, placement }] : [];
  });
  const [first] = accepted;
  if (first === undefined) return { outcomes, write: null };
  const orders = accepted.map(toPlacedOrder);
  const lines = accepted.flatMap(toPlacedLines);
  return {
    outcomes,
    write: () => insertPlacedOrders(connection, first.placement.placedAt, orders, lines),
    ...(onCommitted === undefined
      ? {}
      : { committed: () => onCommitted({ ...decided, stock: stockAfter(items, lines) }) }),
  };
}

/** What the items have after the batch: each was taken from in one statement, which raised its version by one. */
export function stockAfter(
  items: ReadonlyMap<string, ItemState>,
  lines: readonly Pick<PlacedOrderLine, 'itemId' | 'quantity'>[],
): LedgerStock[] {
  const taken = new Map<string, number>();
  for (const { itemId, quantity } of lines) taken.set(itemId, (taken.get(itemId) ?? 0) + quantity);
  return [...taken].flatMap(([itemId, units]) => {
    const item = items.get(itemId);
    if (item === undefined) return [];
    const { saleId, available, version, limitPerCustomer } = item;
    return [{ saleId, itemId, available: available - units, version: version + 1, limitPerCustomer }];
  });
}

function toPlacedOrder({ request, placement }: Accepted): PlacedOrder {
  const {
    orderId,
    saleId,
    customerId,
    placedBy,
    fingerprint,
    idempotencyKey,
    reference,
    metadata,
    requestId,
    traceParent,
  } = request;
  const { payBy, acceptBy, arrival, totalMinor, status } = placement;
  return {
    id: orderId,
    saleId,
    customerId,
    placedBy,
    deadline: payBy ?? acceptBy,
    arrival,
    totalMinor,
    status,
    fingerprint,
    idempotencyKey,
    reference,
    metadata,
    requestId,
    traceParent,
  };
}

function toPlacedLines({ request, placement }: Accepted): PlacedOrderLine[] {
  const held = placement.status === 'pending_payment';
  return placement.lines.map(({ itemId, name, quantity, unitPriceMinor, limited }, position) => ({
    orderId: request.orderId,
    customerId: request.customerId,
    itemId,
    unitPriceMinor,
    position,
    quantity,
    held: held ? quantity : 0,
    sold: held ? 0 : quantity,
    limited,
    name,
  }));
}
