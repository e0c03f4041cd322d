import type { Role } from '../domain/caller.ts';
import { ID_MIN } from './id-range.ts';
import { type Queryable, statement } from './statement.ts';

export type MemberRole = Extract<Role, 'merchant' | 'courier'>;

/** Someone who works for a merchant. */
export interface Member {
  readonly merchantId: string;
  readonly accountId: string;
  readonly email: string;
  readonly name: string | null;
  readonly role: MemberRole;
  /** When it became a member. */
  readonly createdAt: Date;
}

interface MemberRow {
  merchant_id: string;
  account_id: string;
  email: string;
  name: string | null;
  role: MemberRole;
  created_at: Date;
}

const toMember = (row: MemberRow): Member => ({
  merchantId: row.merchant_id,
  accountId: row.account_id,
  email: row.email,
  name: row.name,
  role: row.role,
  createdAt: row.created_at,
});

const readStaffMerchants = statement<{ merchant_id: string }>(
  'read_staff_merchants',
  `SELECT merchant_id FROM members WHERE account_id = $1 AND role = 'merchant'`,
);

/** The merchants whose staff an account belongs to. */
export async function findStaffMerchants(db: Queryable, accountId: string): Promise<string[]> {
  const rows = await db.query(readStaffMerchants, [accountId]);
  return rows.map((row) => row.merchant_id);
}

const readCourierMerchants = statement<{ merchant_id: string }>(
  'read_courier_merchants',
  `SELECT merchant_id FROM members WHERE account_id = $1 AND role = 'courier'`,
);

/** The merchants that an account delivers for. */
export async function findCourierMerchants(db: Queryable, accountId: string): Promise<string[]> {
  const rows = await db.query(readCourierMerchants, [accountId]);
  return rows.map((row) => row.merchant_id);
}

const list = statement<MemberRow>(
  'list_members',
  `SELECT members.merchant_id, members.account_id, accounts.email, accounts.name, members.role, members.created_at
   FROM members JOIN accounts ON accounts.id = members.account_id
   WHERE members.merchant_id = $1 AND members.account_id > $2
   ORDER BY members.account_id LIMIT $3`,
);

/** A merchant's members in the order of their accounts' ids, after an id. */
export async function listMembers(
  db: Queryable,
  merchantId: string,
  afterAccountId: string | undefined,
  limit: number,
): Promise<Member[]> {
  const rows = await db.query(list, [merchantId, afterAccountId ?? ID_MIN, limit]);
  return rows.map(toMember);
}

const insert = statement<MemberRow>(
  'insert_member',
  `WITH added AS (
     INSERT INTO members (merchant_id, account_id, role) VALUES ($1, $2, $3)
     ON CONFLICT DO NOTHING
     RETURNING *
   )
   SELECT added.merchant_id, added.account_id, accounts.email, accounts.name, added.role, added.created_at
   FROM added JOIN accounts ON accounts.id = added.account_id`,
);

/**
 * Makes an account a member, or returns undefined when it is one. Whoever changes a membership holds the account's row
 * lock, so that the account's role and its memberships agree.
 */
export async function insertMember(
  transaction: Queryable,
  member: Pick<Member, 'merchantId' | 'accountId' | 'role'>,
): Promise<Member | undefined> {
  const [row] = await transaction.query(insert, [member.merchantId, member.accountId, member.role]);
  return row && toMember(row);
}

const remove = statement<{ account_id: string }>(
  'delete_member',
  'DELETE FROM members WHERE merchant_id = $1 AND account_id = $2 RETURNING account_id',
);

/** Ends a membership; false when there is none. The caller holds the account's lock. */
export async function deleteMember(transaction: Queryable, merchantId: string, accountId: string): Promise<boolean> {
  const rows = await transaction.query(remove, [merchantId, accountId]);
  return rows.length > 0;
}

const removeAll = statement('delete_memberships', 'DELETE FROM members WHERE account_id = $1');

/** Ends all memberships of an account. The caller holds the account's lock. */
export async function deleteMemberships(transaction: Queryable, accountId: string): Promise<void> {
  await transaction.query(removeAll, [accountId]);
}

const demote = statement(
  'demote_without_merchant',
  `UPDATE accounts SET role = 'customer'
   WHERE id = $1 AND role IN ('merchant', 'courier') AND NOT EXISTS (SELECT FROM members WHERE account_id = $1)`,
);

/** Makes an account that works for no merchant any more a customer again. The caller holds the account's lock. */
export async function demoteWithoutMerchant(transaction: Queryable, accountId: string): Promise<void> {
  await transaction.query(demote, [accountId]);
}
