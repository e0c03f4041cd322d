import {
  type CatalogueSale,
  getSale,
  insertItems,
  insertSale,
  type NewItem,
  type NewSale,
} from '../ledger/sale-catalogue.ts';
import type { Queryable } from '../ledger/statement.ts';

/** Makes a sale with its items. Undefined when there is no such merchant. */
export async function createSale(
  transaction: Queryable,
  sale: NewSale,
  items: readonly NewItem[],
): Promise<CatalogueSale | undefined> {
  if (!(await insertSale(transaction, sale))) return undefined;
  await insertItems(transaction, sale.id, items);
  return getSale(transaction, sale.id);
}
