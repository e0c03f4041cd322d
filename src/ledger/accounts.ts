import type { Role } from '../domain/caller.ts';
import { ID_MIN } from './id-range.ts';
import { type Queryable, statement } from './statement.ts';

/** Someone who signs in. */
export interface Account {
  readonly id: string;
  readonly email: string;
  readonly name: string | null;
  readonly role: Role;
  readonly createdAt: Date;
}

interface AccountRow {
  id: string;
  email: string;
  name: string | null;
  role: Role;
  created_at: Date;
}

const COLUMNS = 'id, email, name, role, created_at';

const toAccount = (row: AccountRow): Account => ({
  id: row.id,
  email: row.email,
  name: row.name,
  role: row.role,
  createdAt: row.created_at,
});

// Two registrations of one e-mail at once: the unique key lets one in, the other gets no row.
const insert = statement<AccountRow>(
  'insert_account',
  `INSERT INTO accounts (id, email, name, password_hash, role) VALUES ($1, $2, $3, $4, $5)
   ON CONFLICT (email) DO NOTHING
   RETURNING ${COLUMNS}`,
);

/** Makes an account, or returns undefined when the e-mail (in lower case) has one. */
export async function insertAccount(
  db: Queryable,
  account: Pick<Account, 'id' | 'email' | 'name' | 'role'> & { readonly passwordHash: string },
): Promise<Account | undefined> {
  const { id, email, name, passwordHash, role } = account;
  const [row] = await db.query(insert, [id, email, name, passwordHash, role]);
  return row && toAccount(row);
}

const readByEmail = statement<AccountRow & { password_hash: string }>(
  'read_account_by_email',
  `SELECT ${COLUMNS}, password_hash FROM accounts WHERE email = $1`,
);

/** The account of an e-mail (in lower case), with its password hash. */
export async function findCredentials(
  db: Queryable,
  email: string,
): Promise<{ account: Account; passwordHash: string } | undefined> {
  const [row] = await db.query(readByEmail, [email]);
  return row && { account: toAccount(row), passwordHash: row.password_hash };
}

const lockByEmail = statement<AccountRow>(
  'lock_account_by_email',
  `SELECT ${COLUMNS} FROM accounts WHERE email = $1 FOR NO KEY UPDATE`,
);

/** The account of an e-mail (in lower case), its row locked until the transaction ends. */
export async function lockAccountByEmail(transaction: Queryable, email: string): Promise<Account | undefined> {
  const [row] = await transaction.query(lockByEmail, [email]);
  return row && toAccount(row);
}

const lockById = statement('lock_account', 'SELECT FROM accounts WHERE id = $1 FOR NO KEY UPDATE');

/** Locks an account's row, if there is one, until the transaction ends. */
export async function lockAccount(transaction: Queryable, accountId: string): Promise<void> {
  await transaction.query(lockById, [accountId]);
}

// The e-mail is a key of the table, and to take it away needs the strongest lock of the row.
const lockToErase = statement<{ role: Role }>(
  'lock_account_to_erase',
  'SELECT role FROM accounts WHERE id = $1 FOR UPDATE',
);

/** The role of an account that is to be erased, its row locked until the transaction ends. */
export async function lockAccountToErase(transaction: Queryable, accountId: string): Promise<Role | undefined> {
  const [row] = await transaction.query(lockToErase, [accountId]);
  return row?.role;
}

const erase = statement<{ erased_at: Date }>(
  'erase_account',
  `UPDATE accounts
   SET email = NULL, name = NULL, password_hash = NULL, role = 'customer',
       erased_at = coalesce(erased_at, date_trunc('milliseconds', clock_timestamp()))
   WHERE id = $1
   RETURNING erased_at`,
);

/**
 * Leaves of an account nothing but its id, and gives when that was first done. It is no one's member any more: the
 * caller holds its lock and has ended its memberships.
 */
export async function eraseAccount(transaction: Queryable, accountId: string): Promise<Date> {
  const [row] = await transaction.query(erase, [accountId]);
  if (row === undefined) throw new Error(`There is no account ${accountId} to erase.`);
  return row.erased_at;
}

const updateRole = statement('update_account_role', 'UPDATE accounts SET role = $2 WHERE id = $1');

/** Gives an account another role. Tokens that it has keep the old one until they expire. */
export async function changeRole(transaction: Queryable, accountId: string, role: Role): Promise<void> {
  await transaction.query(updateRole, [accountId, role]);
}

const read = statement<AccountRow>(
  'read_account',
  `SELECT ${COLUMNS} FROM accounts WHERE id = $1 AND email IS NOT NULL`,
);

export async function findAccount(db: Queryable, accountId: string): Promise<Account | undefined> {
  const [row] = await db.query(read, [accountId]);
  return row && toAccount(row);
}

const list = statement<AccountRow>(
  'list_accounts',
  `SELECT ${COLUMNS} FROM accounts WHERE id > $1 AND email IS NOT NULL ORDER BY id LIMIT $2`,
);

/** Accounts in the order they were made, after an id. */
export async function listAccounts(db: Queryable, afterId: string | undefined, limit: number): Promise<Account[]> {
  const rows = await db.query(list, [afterId ?? ID_MIN, limit]);
  return rows.map(toAccount);
}
