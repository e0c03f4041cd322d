import type { Role } from '../domain/caller.ts';
import { changeRole, lockAccountByEmail } from '../ledger/accounts.ts';
import { insertMember, type Member, type MemberRole } from '../ledger/members.ts';
import type { Queryable } from '../ledger/statement.ts';

export type AddMemberOutcome =
  | { readonly outcome: 'added'; readonly member: Member }
  | { readonly outcome: 'no-account' }
  | { readonly outcome: 'already-member' }
  /** An account has one role, and this one has another that is not a customer's. */
  | { readonly outcome: 'other-role'; readonly role: Role };

/** Makes the account of an e-mail a member of a merchant that exists. A customer's account takes the role. */
export async function addMember(
  transaction: Queryable,
  details: { readonly merchantId: string; readonly email: string; readonly role: MemberRole },
): Promise<AddMemberOutcome> {
  const { merchantId, email, role } = details;
  const account = await lockAccountByEmail(transaction, email.toLowerCase());
  if (account === undefined) return { outcome: 'no-account' };
  if (account.role !== 'customer' && account.role !== role) return { outcome: 'other-role', role: account.role };

  if (account.role === 'customer') await changeRole(transaction, account.id, role);
  const member = await insertMember(transaction, { merchantId, accountId: account.id, role });
  return member === undefined ? { outcome: 'already-member' } : { outcome: 'added', member };
}
