import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { removeMember } from '../../../actions/remove-member.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { auditRecordOf } from '../../audit.ts';
import { requireNoBody } from '../../no-body.ts';
import { ProblemError } from '../../problems.ts';
import { Uuid } from '../../uuid.ts';
import { requireManagerOf } from './merchant-managers.ts';

/** `DELETE /api/v1/merchants/{merchantId}/members/{accountId}` */
export function removeMemberRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.delete(
    '/api/v1/merchants/:merchantId/members/:accountId',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'removeMember',
        tags: ['merchants'],
        summary: 'End a membership',
        description:
          "Operators and the merchant's staff. Its rights end at once. An account that works for no merchant any more is a customer again.",
        params: Type.Object({ merchantId: Uuid, accountId: Uuid }),
        response: { 204: Type.Null({ description: 'It is no member any more.' }) },
      },
    },
    async (request, reply) => {
      const merchantId = request.params.merchantId.toLowerCase();
      requireNoBody(request);
      await requireManagerOf(options.database, request, merchantId);
      const accountId = request.params.accountId.toLowerCase();
      if (!(await removeMember(options.database, merchantId, accountId, auditRecordOf(request)))) {
        throw new ProblemError('not-found', { detail: 'The merchant has no member with this account.' });
      }
      return reply.code(204).send(null);
    },
  );
}
