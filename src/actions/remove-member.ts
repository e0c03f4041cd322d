import { lockAccount } from '../ledger/accounts.ts';
import { type AuditRecord, recordAudit } from '../ledger/audit-log.ts';
import type { Database } from '../ledger/database.ts';
import { deleteMember, demoteWithoutMerchant } from '../ledger/members.ts';

/**
 * Ends a membership; false when there was none. Whoever works for no merchant any more is a customer again. The rights
 * on the merchant's things end at once; tokens keep the role until they expire.
 */
export async function removeMember(
  database: Database,
  merchantId: string,
  accountId: string,
  audit: AuditRecord,
): Promise<boolean> {
  return database.transaction(async (transaction) => {
    await lockAccount(transaction, accountId);
    const removed = await deleteMember(transaction, merchantId, accountId);
    if (!removed) return false;
    await demoteWithoutMerchant(transaction, accountId);
    await recordAudit(transaction, audit);
    return true;
  });
}
