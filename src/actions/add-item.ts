import { ITEMS_MAX } from '../domain/sale-terms.ts';
import { insertItems, type NewItem } from '../ledger/sale-catalogue.ts';
import type { Queryable } from '../ledger/statement.ts';
import { type ChangeOutcome, changeDefinition } from './change-definition.ts';

/** Adds an item to a sale, behind those it has. */
export async function addItem(
  transaction: Queryable,
  saleId: string,
  item: NewItem,
): Promise<ChangeOutcome<'too-many-items'>> {
  return changeDefinition(transaction, saleId, async (sale) => {
    if (sale.items.length >= ITEMS_MAX) return { refusal: 'too-many-items' };
    await insertItems(transaction, saleId, [item]);
    return 'changed';
  });
}
