import { type AuditRecord, recordAudit } from '../ledger/audit-log.ts';
import type { Database } from '../ledger/database.ts';
import {
  type ItemDefinition,
  lockItemDefinition,
  recountCustomerUnits,
  updateItemDefinition,
} from '../ledger/item-definitions.ts';
import type { CatalogueSale } from '../ledger/sale-catalogue.ts';
import { type ChangeOutcome, changeDefinition } from './change-definition.ts';

/**
 * Changes name, price or limit of an item while its sale may be open; what `definition` leaves out stays. Orders keep
 * what they were placed at. A limit that the item did not have counts earlier orders too.
 * `precondition` sees the sale under its lock and throws to stop the change.
 */
export async function changeItem(
  database: Database,
  saleId: string,
  itemId: string,
  definition: Partial<ItemDefinition>,
  precondition: (sale: CatalogueSale) => void,
  audit: AuditRecord,
): Promise<ChangeOutcome<'unknown-item'>> {
  return database.transaction((transaction) =>
    changeDefinition(transaction, saleId, async (sale) => {
      const before = await lockItemDefinition(transaction, saleId, itemId);
      if (before === undefined) return { refusal: 'unknown-item' };
      precondition(sale);
      const after = { ...before, ...definition };
      // Placing counts units only while there is a limit; what an earlier limit left behind is out of date.
      const limitIsNew = before.limitPerCustomer === null && after.limitPerCustomer !== null;
      if (limitIsNew) await recountCustomerUnits(transaction, saleId, itemId);
      await updateItemDefinition(transaction, itemId, after);
      await recordAudit(transaction, { ...audit, merchantId: sale.merchantId });
      return 'changed';
    }),
  );
}
