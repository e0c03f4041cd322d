import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { deleteWebhookEndpoint } from '../../../actions/change-webhook-endpoint.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { auditRecordOf } from '../../audit.ts';
import { requireNoBody } from '../../no-body.ts';
import { ProblemError } from '../../problems.ts';
import { EndpointParams, NO_ENDPOINT, requireEndpointPlace } from './endpoint-place.ts';

/** `DELETE /api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}` */
export function deleteWebhookEndpointRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.delete(
    '/api/v1/merchants/:merchantId/webhook-endpoints/:endpointId',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'deleteWebhookEndpoint',
        tags: ['webhooks'],
        summary: 'Delete a webhook endpoint',
        description:
          "Operators and the merchant's staff. What waits to be sent to it is discarded; a request that is under way may still arrive.",
        params: EndpointParams,
        response: { 204: Type.Null({ description: 'It is deleted.' }) },
      },
    },
    async (request, reply) => {
      requireNoBody(request);
      const place = await requireEndpointPlace(options.database, request, request.params);
      if (!(await deleteWebhookEndpoint(options.database, place, auditRecordOf(request)))) {
        throw new ProblemError('not-found', NO_ENDPOINT);
      }
      return reply.code(204).send(null);
    },
  );
}
