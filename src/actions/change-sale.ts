import { opensBeforeItCloses } from '../domain/sale-terms.ts';
import { type AuditRecord, recordAudit } from '../ledger/audit-log.ts';
import type { Database } from '../ledger/database.ts';
import { type CatalogueSale, type ChangeableTerms, updateSaleTerms } from '../ledger/sale-catalogue.ts';
import { type ChangeOutcome, changeDefinition } from './change-definition.ts';

/**
 * Changes terms of a sale; what `terms` leaves out stays. A deadline that an order has already stays as it is.
 * `precondition` sees the sale under its lock and throws to stop the change.
 */
export async function changeSale(
  database: Database,
  saleId: string,
  terms: Partial<ChangeableTerms>,
  precondition: (sale: CatalogueSale) => void,
  audit: AuditRecord,
): Promise<ChangeOutcome<'closes-before-it-opens'>> {
  return database.transaction((transaction) =>
    changeDefinition(transaction, saleId, async (sale) => {
      precondition(sale);
      const changed = { ...sale, ...terms };
      if (!opensBeforeItCloses(changed)) return { refusal: 'closes-before-it-opens' };
      await updateSaleTerms(transaction, saleId, changed);
      await recordAudit(transaction, { ...audit, merchantId: sale.merchantId });
      return 'changed';
    }),
  );
}
