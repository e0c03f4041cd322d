import type { FastifyRequest } from 'fastify';
import type { Caller } from '../../../domain/caller.ts';
import type { Database } from '../../../ledger/database.ts';
import { findMerchant } from '../../../ledger/merchants.ts';
import { callerOf } from '../../authentication.ts';
import { isStaffOf } from '../../authorization.ts';
import { ProblemError } from '../../problems.ts';

/** A person who signed in: not a shop's back end. */
export type AccountCaller = Extract<Caller, { kind: 'account' }>;

/**
 * Lets operators and the merchant's staff pass: those who may say who else has access. API keys are not
 * among them, or one that leaked could make itself another. To everybody else the merchant does not exist.
 */
export async function requireManagerOf(
  database: Database,
  request: FastifyRequest,
  merchantId: string,
): Promise<AccountCaller> {
  const caller = callerOf(request);
  if (!(await isStaffOf(database, caller, merchantId)) || (await findMerchant(database, merchantId)) === undefined) {
    throw new ProblemError('not-found', { detail: 'You have no merchant with this id.' });
  }
  if (caller.kind === 'account') return caller;
  throw new ProblemError('forbidden', { detail: 'An API key may not say who has access. Sign in.' });
}
