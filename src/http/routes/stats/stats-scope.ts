import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import { callerOf } from '../../authentication.ts';
import { invalidRequest } from '../../invalid-request.ts';
import { ProblemError } from '../../problems.ts';
import { Uuid } from '../../uuid.ts';
import { requireSaleStaff, requireStaffOf, requireStaffRole } from '../sales/sale-staff.ts';

/** The query members that say whose figures are asked for. */
export const SCOPE_QUERY = {
  saleId: Type.Optional(Uuid),
  merchantId: Type.Optional(Uuid),
};

/** Whose figures somebody may see. */
export interface VisibleScope {
  readonly saleId: string | undefined;
  readonly merchantId: string | undefined;
  /** Operators see how the engine itself gets on, too. */
  readonly withSystem: boolean;
}

/** Operators may ask for everything; staff must name a sale or a merchant of theirs. */
export async function requireScope(
  request: FastifyRequest,
  database: Database,
  query: { saleId?: string; merchantId?: string },
): Promise<VisibleScope> {
  const saleId = query.saleId?.toLowerCase();
  const merchantId = query.merchantId?.toLowerCase();
  if (saleId !== undefined && merchantId !== undefined) {
    throw invalidRequest([{ in: 'query', pointer: '/merchantId', detail: 'cannot be given together with saleId' }]);
  }
  requireStaffRole(request);
  const caller = callerOf(request);
  const isOperator = caller.kind === 'account' && caller.role === 'operator';
  if (saleId !== undefined) await requireSaleStaff(database, request, saleId);
  else if (merchantId !== undefined) {
    await requireStaffOf(database, request, merchantId, 'You have no merchant with this id.');
  } else if (!isOperator) {
    throw new ProblemError('forbidden', { detail: 'Only operators may see all. Name a saleId or a merchantId.' });
  }
  return { saleId, merchantId, withSystem: isOperator };
}
