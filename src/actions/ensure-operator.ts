import { findCredentials } from '../ledger/accounts.ts';
import type { Queryable } from '../ledger/statement.ts';
import { type HashPassword, registerAccount } from './register-account.ts';

/**
 * Makes the first operator from the configuration, unless its e-mail has an account. Safe in several processes at
 * once. True when it made one; false when the account is there; throws when it is somebody else's.
 */
export async function ensureOperator(
  database: Queryable,
  hashPassword: HashPassword,
  details: { readonly email: string; readonly password: string },
): Promise<boolean> {
  const existing = await findCredentials(database, details.email.toLowerCase());
  if (existing === undefined) {
    const made = await registerAccount(database, hashPassword, { ...details, name: 'Operator', role: 'operator' });
    return made.outcome === 'registered';
  }
  if (existing.account.role === 'operator') return false;
  throw new Error(`OPERATOR_EMAIL names ${details.email}, which is the account of a ${existing.account.role}.`);
}
