import { randomUUIDv7 } from 'node:crypto';
import type { Role } from '../domain/caller.ts';
import { type Account, insertAccount } from '../ledger/accounts.ts';
import type { Queryable } from '../ledger/statement.ts';

export type HashPassword = (password: string) => Promise<string>;

/** Makes an account, or returns undefined when the e-mail has one already. E-mails are the same in any letter case. */
export async function registerAccount(
  database: Queryable,
  hashPassword: HashPassword,
  details: { readonly email: string; readonly password: string; readonly name: string | null; readonly role: Role },
): Promise<Account | undefined> {
  const { email, password, name, role } = details;
  const passwordHash = await hashPassword(password);
  return insertAccount(database, { id: randomUUIDv7(), email: email.toLowerCase(), name, role, passwordHash });
}
