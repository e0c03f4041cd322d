import { type CatalogueSale, getSale, lockSale, raiseSaleVersion } from '../ledger/sale-catalogue.ts';
import type { Queryable } from '../ledger/statement.ts';

/** How a change of a sale's definition ended. Only `done` had an effect. */
export type ChangeOutcome<Refusal> =
  | { readonly outcome: 'done'; readonly sale: CatalogueSale }
  | { readonly outcome: 'refused'; readonly refusal: Refusal };

/** What a change came to: something changed, there was nothing to do, or it must not be. */
export type Change<Refusal> = 'changed' | 'unchanged' | { readonly refusal: Refusal };

/**
 * Changes the definition of a sale or of its items: the one place that raises a sale's version. The sale's row is
 * locked first, so orders are decided wholly before the change or wholly after it, and of two changes the second sees
 * what the first left. `change` locks what else it needs (items, by id) and writes nothing when it refuses.
 * Sales are never deleted: the caller knows that this one is there.
 */
export async function changeDefinition<Refusal = never>(
  transaction: Queryable,
  saleId: string,
  change: (sale: CatalogueSale) => Promise<Change<Refusal>>,
): Promise<ChangeOutcome<Refusal>> {
  if (!(await lockSale(transaction, saleId))) throw new Error(`Sale ${saleId} is not there.`);
  // A statement of its own: it sees what the lock's last holder committed.
  const before = await getSale(transaction, saleId);
  const result = await change(before);
  if (result === 'unchanged') return { outcome: 'done', sale: before };
  if (result !== 'changed') return { outcome: 'refused', refusal: result.refusal };
  await raiseSaleVersion(transaction, saleId);
  return { outcome: 'done', sale: await getSale(transaction, saleId) };
}
