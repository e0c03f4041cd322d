import type { ItemState } from '../domain/stock.ts';
import type { LedgerStock } from '../gate/stock-gate.ts';
import type { Database } from '../ledger/database.ts';
import type { OptimisticBatch } from '../ledger/optimistic-orders.ts';
import type { LockedSale } from '../ledger/sales.ts';
import type { PlaceOrderRequest } from './decide-placing.ts';
import { writeOptimistically } from './write-optimistically.ts';
import { type CommittedBatch, stockAfter, type WrittenOutcome, writeOrders } from './write-orders.ts';

/** How an item was found by the batch before: the next orders of it can likely be placed by one statement. */
interface Prospect {
  readonly saleId: string;
  readonly merchantId: string;
  readonly fence: number;
  readonly priceMinor: number;
  readonly available: number;
}

/** Past it the memory begins anew: it only picks the path. */
const PROSPECTS_MAX = 10_000;

/**
 * Writes batches of orders, the quick way where it is likely to work: a batch for items that nobody has limited, with
 * enough of each left, is placed optimistically, by one statement; all others, and whatever that statement would not
 * take, are decided under locks. What is remembered picks the path and decides nothing: both paths read the ledger.
 */
export function createOrderWriter(options: {
  readonly database: Pick<Database, 'connect'>;
  readonly settleMs: number;
  /** Hears what is left of the items that a batch took from. */
  readonly onCommitted?: ((stock: readonly LedgerStock[]) => void) | undefined;
}): (requests: readonly PlaceOrderRequest[]) => Promise<readonly WrittenOutcome[]> {
  const { database, settleMs, onCommitted } = options;
  /** By item. */
  const prospects = new Map<string, Prospect>();

  function remember(
    stock: readonly LedgerStock[],
    { sales, items }: { sales: ReadonlyMap<string, LockedSale>; items: ReadonlyMap<string, ItemState> },
  ): void {
    if (prospects.size >= PROSPECTS_MAX) prospects.clear();
    for (const { itemId, saleId, available } of stock) {
      const sale = sales.get(saleId);
      const item = items.get(itemId);
      if (sale === undefined || item === undefined || !isPlain(item)) continue;
      const { merchantId, fence } = sale;
      prospects.set(itemId, { saleId, merchantId, fence, priceMinor: item.priceMinor, available });
    }
  }

  /** The batch as one statement takes it; undefined where that is not likely to work. */
  function optimisticBatch(requests: readonly PlaceOrderRequest[]): OptimisticBatch | undefined {
    const fences = new Map<string, number>();
    const items = new Map<string, { readonly saleId: string; readonly priceMinor: number; units: number }>();
    for (const { saleId, onlyMerchantId, lines } of requests) {
      for (const { itemId, quantity } of lines) {
        const prospect = prospects.get(itemId);
        if (prospect?.saleId !== saleId) return undefined;
        if (onlyMerchantId !== null && onlyMerchantId !== prospect.merchantId) return undefined;
        const taken = items.get(itemId) ?? { saleId, priceMinor: prospect.priceMinor, units: 0 };
        taken.units += quantity;
        if (taken.units > prospect.available) return undefined;
        items.set(itemId, taken);
        // The newest of what its items remember: the token only goes up.
        fences.set(saleId, Math.max(fences.get(saleId) ?? 0, prospect.fence));
      }
    }
    return {
      sales: [...fences].map(([id, fence]) => ({ id, fence })),
      items: [...items].map(([id, taken]) => ({ id, ...taken })),
      orders: requests.map(({ orderId: id, ...request }) => ({ id, ...request })),
    };
  }

  /** Learns from a batch that was decided under locks. */
  function learn(batch: CommittedBatch): void {
    if (batch.outcomes.every(({ outcome }) => outcome === 'accepted')) remember(batch.stock, batch);
  }

  return async (requests) => {
    const giveUpAt = performance.now() + settleMs;
    const batch = optimisticBatch(requests);
    let perhapsCommitted = false;
    if (batch !== undefined) {
      const result = await writeOptimistically(database, requests, batch, giveUpAt);
      if (result.kind === 'written') {
        const stock = stockAfter(
          result.ground.items,
          requests.flatMap(({ lines }) => lines),
        );
        remember(stock, result.ground);
        onCommitted?.(stock);
        return result.outcomes;
      }
      for (const { id } of batch.items) prospects.delete(id);
      if (result.kind === 'unknown') return requests.map(() => ({ outcome: 'unknown', error: result.error }));
      perhapsCommitted = result.kind === 'settled';
    }
    return writeOrders(database, requests, Math.max(0, giveUpAt - performance.now()), {
      perhapsCommitted,
      onCommitted(committed) {
        learn(committed);
        onCommitted?.(committed.stock);
      },
    });
  };
}

/** What the one statement sells: it counts no customer's units, and an order of it is to be paid. */
const isPlain = ({ limitPerCustomer, priceMinor }: ItemState) => limitPerCustomer === null && priceMinor > 0;
