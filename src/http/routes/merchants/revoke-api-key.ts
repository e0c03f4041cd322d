import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { revokeMerchantApiKey } from '../../../actions/revoke-merchant-api-key.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { auditRecordOf } from '../../audit.ts';
import { requireNoBody } from '../../no-body.ts';
import { ProblemError } from '../../problems.ts';
import { Uuid } from '../../uuid.ts';
import { requireManagerOf } from './merchant-managers.ts';

/** `DELETE /api/v1/merchants/{merchantId}/api-keys/{apiKeyId}` */
export function revokeApiKeyRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.delete(
    '/api/v1/merchants/:merchantId/api-keys/:apiKeyId',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'revokeApiKey',
        tags: ['merchants'],
        summary: 'Revoke an API key',
        description:
          "Operators and the merchant's staff. Every process refuses the key within 10 s. A revoked key stays revoked.",
        params: Type.Object({ merchantId: Uuid, apiKeyId: Uuid }),
        response: { 204: Type.Null({ description: 'It is revoked.' }) },
      },
    },
    async (request, reply) => {
      const merchantId = request.params.merchantId.toLowerCase();
      requireNoBody(request);
      await requireManagerOf(options.database, request, merchantId);
      const apiKeyId = request.params.apiKeyId.toLowerCase();
      if (!(await revokeMerchantApiKey(options.database, merchantId, apiKeyId, auditRecordOf(request)))) {
        throw new ProblemError('not-found', { detail: 'The merchant has no API key with this id.' });
      }
      return reply.code(204).send(null);
    },
  );
}
