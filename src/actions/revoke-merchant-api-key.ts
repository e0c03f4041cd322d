import { revokeApiKey } from '../ledger/api-keys.ts';
import { type AuditRecord, recordAudit } from '../ledger/audit-log.ts';
import type { Database } from '../ledger/database.ts';

/** Revokes a merchant's API key, once or again; false when the merchant has no such key. */
export async function revokeMerchantApiKey(
  database: Database,
  merchantId: string,
  apiKeyId: string,
  audit: AuditRecord,
): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const revoked = await revokeApiKey(transaction, merchantId, apiKeyId);
    if (revoked) await recordAudit(transaction, audit);
    return revoked;
  });
}
