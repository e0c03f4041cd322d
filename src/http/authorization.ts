import type { Caller } from '../domain/caller.ts';
import { findStaffMerchants } from '../ledger/members.ts';
import type { Queryable } from '../ledger/statement.ts';
import { ProblemError } from './problems.ts';

/** Refuses everybody but operators. */
export function requireOperator(caller: Caller): void {
  if (caller.kind === 'account' && caller.role === 'operator') return;
  throw new ProblemError('forbidden', { detail: 'Only operators may do this.' });
}

/**
 * The merchants that a caller works for: all of them for operators, its own for a shop's back end, those it is a
 * member of for a merchant account. Membership is read each time, so a removed member is out at once. For the accounts
 * of an outside issuer the token says it.
 */
export async function staffMerchantIds(database: Queryable, caller: Caller): Promise<readonly string[] | 'all'> {
  if (caller.kind === 'shop') return [caller.merchantId];
  if (caller.role === 'operator') return 'all';
  if (caller.role !== 'merchant') return [];
  return caller.merchantIds ?? findStaffMerchants(database, caller.accountId);
}

/** Whether a caller works for a merchant. */
export async function isStaffOf(database: Queryable, caller: Caller, merchantId: string): Promise<boolean> {
  const merchantIds = await staffMerchantIds(database, caller);
  return merchantIds === 'all' || merchantIds.includes(merchantId);
}
