import type { CatalogueItem, CatalogueSale } from '../../../ledger/sale-catalogue.ts';
import { ProblemError } from '../../problems.ts';

/** An item of a sale; to ask for one that it does not have is a 404. */
export function itemOf(sale: CatalogueSale, itemId: string): CatalogueItem {
  const item = sale.items.find(({ id }) => id === itemId);
  if (item === undefined) throw new ProblemError('not-found', { detail: 'The sale has no item with this id.' });
  return item;
}
