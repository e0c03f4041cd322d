import type { FastifyRequest } from 'fastify';
import type { Database } from '../../../ledger/database.ts';
import { findMerchantOfSale } from '../../../ledger/sale-catalogue.ts';
import { callerOf } from '../../authentication.ts';
import { isStaffOf } from '../../authorization.ts';
import { ProblemError } from '../../problems.ts';

/** Lets staff of a merchant pass, and operators. To everybody else what belongs to it does not exist (`detail`). */
export async function requireStaffOf(
  database: Database,
  request: FastifyRequest,
  merchantId: string | undefined,
  detail: string,
): Promise<void> {
  if (merchantId !== undefined && (await isStaffOf(database, callerOf(request), merchantId))) return;
  throw new ProblemError('not-found', { detail });
}

/** Lets the staff of a sale's merchant pass, and operators. */
export async function requireSaleStaff(database: Database, request: FastifyRequest, saleId: string): Promise<void> {
  const merchantId = await findMerchantOfSale(database, saleId);
  await requireStaffOf(database, request, merchantId, 'You have no sale with this id.');
}

/** Turns away who is nobody's staff, whatever the request is about. */
export function requireStaffRole(request: FastifyRequest): void {
  const caller = callerOf(request);
  if (caller.kind === 'shop' || caller.role === 'merchant' || caller.role === 'operator') return;
  throw new ProblemError('forbidden', { detail: 'Only staff may do this.' });
}
