import { type CatalogueSale, setPaused } from '../ledger/sale-catalogue.ts';
import type { Queryable } from '../ledger/statement.ts';
import { changeDefinition } from './change-definition.ts';

/** Pauses or resumes a sale; one that is as wanted already stays as it is. From the commit on no order is taken. */
export async function pauseSale(transaction: Queryable, saleId: string, paused: boolean): Promise<CatalogueSale> {
  const result = await changeDefinition(transaction, saleId, async (before) => {
    if ((before.pausedAt !== null) === paused) return 'unchanged';
    await setPaused(transaction, saleId, paused);
    return 'changed';
  });
  if (result.outcome === 'refused') throw new Error('Nothing refuses a pause.');
  return result.sale;
}
