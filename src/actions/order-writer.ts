import type { LedgerStock } from '../gate/stock-gate.ts';
import type { Database } from '../ledger/database.ts';
import type { OptimisticBatch } from '../ledger/optimistic-orders.ts';
import type { PlaceOrderRequest } from './decide-placing.ts';
import { writeOptimistically } from './write-optimistically.ts';
import { type CommittedBatch, type WrittenOutcome, writeOrders } from './write-orders.ts';

/** How an item was found by the batch before: the next one can likely be placed by one statement. */
interface Prospect {
  readonly fence: number;
  readonly merchantId: string;
  readonly available: number;
}

/** Past it the memory begins anew: it only picks the path. */
const PROSPECTS_MAX = 10_000;

/**
 * Writes batches of orders, the quick way where it is likely to work: a batch for one item that nobody has limited, with
 * enough of it left, is placed optimistically, by one statement; all others, and whatever that statement would not
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

  function remember({ id, ...prospect }: Prospect & { readonly id: string }): void {
    if (prospects.size >= PROSPECTS_MAX) prospects.clear();
    prospects.set(id, prospect);
  }

  /** The batch as one statement takes it; undefined where it is of another kind. */
  function optimisticBatch(requests: readonly PlaceOrderRequest[]): OptimisticBatch | undefined {
    const { saleId, lines: [line] = [] } = requests[0] ?? {};
    const prospect = line && prospects.get(line.itemId);
    if (saleId === undefined || line === undefined || prospect === undefined) return undefined;
    const { itemId } = line;
    let units = 0;
    for (const { saleId: itsSale, onlyMerchantId, lines } of requests) {
      const [only] = lines;
      if (itsSale !== saleId || lines.length !== 1 || only?.itemId !== itemId) return undefined;
      if (onlyMerchantId !== null && onlyMerchantId !== prospect.merchantId) return undefined;
      units += only.quantity;
    }
    if (units > prospect.available) return undefined;
    return { saleId, itemId, fence: prospect.fence, orders: requests.map(toOptimisticOrder) };
  }

  /** Learns from a batch that was decided under locks. */
  function learn({ requests, outcomes, sales, items, stock }: CommittedBatch): void {
    const [left] = stock;
    const item = left && items.get(left.itemId);
    const sale = left && sales.get(left.saleId);
    if (left === undefined || item === undefined || sale === undefined || stock.length > 1) return;
    const plain = item.limitPerCustomer === null && item.priceMinor > 0;
    const allTaken = outcomes.every(({ outcome }) => outcome === 'accepted');
    if (!plain || !allTaken || requests.some(({ lines }) => lines.length > 1)) return;
    remember({ id: item.id, fence: sale.fence, merchantId: sale.merchantId, available: left.available });
  }

  return async (requests) => {
    const giveUpAt = performance.now() + settleMs;
    const batch = optimisticBatch(requests);
    let perhapsCommitted = false;
    if (batch !== undefined) {
      const result = await writeOptimistically(database, requests, batch, giveUpAt);
      if (result.kind === 'written') {
        const { sale, item } = result.ground;
        const { saleId, limitPerCustomer } = item;
        const available = item.available - batch.orders.reduce((sum, { quantity }) => sum + quantity, 0);
        remember({ id: item.id, fence: sale.fence, merchantId: sale.merchantId, available });
        onCommitted?.([{ saleId, itemId: item.id, available, version: item.version + 1, limitPerCustomer }]);
        return result.outcomes;
      }
      prospects.delete(batch.itemId);
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

function toOptimisticOrder(request: PlaceOrderRequest): OptimisticBatch['orders'][number] {
  const { orderId, customerId, placedBy, lines, fingerprint, idempotencyKey, reference, metadata } = request;
  const { requestId, traceParent } = request;
  const quantity = lines[0]?.quantity ?? 0;
  return {
    id: orderId,
    ...{ customerId, placedBy, quantity, fingerprint, idempotencyKey, reference, metadata, requestId, traceParent },
  };
}
