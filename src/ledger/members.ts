import { type Queryable, statement } from './statement.ts';

const readStaffMerchants = statement<{ merchant_id: string }>(
  'read_staff_merchants',
  `SELECT merchant_id FROM members WHERE account_id = $1 AND role = 'merchant'`,
);

/** The merchants whose staff an account belongs to. */
export async function findStaffMerchants(db: Queryable, accountId: string): Promise<string[]> {
  const rows = await db.query(readStaffMerchants, [accountId]);
  return rows.map((row) => row.merchant_id);
}
