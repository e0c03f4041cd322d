import { randomUUIDv7 } from 'node:crypto';
import type { Role } from '../domain/caller.ts';
import { type Account, insertAccount } from '../ledger/accounts.ts';
import type { Queryable } from '../ledger/statement.ts';

/** Makes what is kept of a password, or undefined when too many wait for that. */
export type HashPassword = (password: string) => Promise<string | undefined>;

export type RegisterAccountOutcome =
  | { readonly outcome: 'registered'; readonly account: Account }
  /** The e-mail has an account. */
  | { readonly outcome: 'already-exists' }
  /** Too many passwords wait to be hashed. */
  | { readonly outcome: 'overloaded' };

export interface NewAccount {
  readonly email: string;
  readonly name: string | null;
  readonly role: Role;
}

/** Makes an account for who brings an e-mail and a password. */
export async function registerAccount(
  database: Queryable,
  hashPassword: HashPassword,
  details: NewAccount & { readonly password: string },
): Promise<RegisterAccountOutcome> {
  const { email, name, role } = details;
  const passwordHash = await hashPassword(details.password);
  if (passwordHash === undefined) return { outcome: 'overloaded' };
  const account = await registerHashed(database, { email, name, role, passwordHash });
  return account === undefined ? { outcome: 'already-exists' } : { outcome: 'registered', account };
}

/**
 * Makes an account whose password is hashed already, or returns undefined when the e-mail has one. E-mails are the same
 * in any letter case.
 */
export async function registerHashed(
  database: Queryable,
  details: NewAccount & { readonly passwordHash: string },
): Promise<Account | undefined> {
  return insertAccount(database, { ...details, id: randomUUIDv7(), email: details.email.toLowerCase() });
}
