import { type CapacityChange, changeCapacity, type Stock } from '../domain/capacity.ts';
import type { Queryable } from '../ledger/statement.ts';
import { lockItemStock, writeCapacity } from '../ledger/stock-changes.ts';

/** How a change of stock ended. Only `changed` had an effect. */
export type ChangeStockOutcome =
  | {
      readonly outcome: 'changed';
      readonly saleId: string;
      readonly stock: Stock;
      /** The item's new version. */
      readonly version: number;
    }
  /** Less than is held and sold; `stock` is what is there. */
  | { readonly outcome: 'below-promised'; readonly promised: number; readonly stock: Stock }
  | { readonly outcome: 'above-maximum' };

/** Sets or adjusts an item's capacity, also while it sells. Items are never deleted: the caller knows of this one. */
export async function changeStock(
  transaction: Queryable,
  itemId: string,
  change: CapacityChange,
): Promise<ChangeStockOutcome> {
  const item = await lockItemStock(transaction, itemId);
  if (item === undefined) throw new Error(`Item ${itemId} is not there.`);
  const decision = changeCapacity(item.stock, change);
  if (decision.outcome === 'below-promised') return { ...decision, stock: item.stock };
  if (decision.outcome === 'above-maximum') return decision;
  const version = await writeCapacity(transaction, itemId, decision.stock);
  return { ...decision, saleId: item.saleId, version };
}
