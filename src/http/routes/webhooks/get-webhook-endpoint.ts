import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { isFresh, replyNotModified } from '../../conditional-request.ts';
import { EndpointParams, requireEndpoint } from './endpoint-place.ts';
import { endpointTag, toEndpointResource, WebhookEndpointResource } from './webhook-endpoint-resource.ts';

/** `GET /api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}` */
export function getWebhookEndpointRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.get(
    '/api/v1/merchants/:merchantId/webhook-endpoints/:endpointId',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'getWebhookEndpoint',
        tags: ['webhooks'],
        summary: 'Read a webhook endpoint',
        description: "Operators and the merchant's staff.",
        params: EndpointParams,
        response: { 200: WebhookEndpointResource, 304: Type.Null({ description: 'The client has this version.' }) },
      },
    },
    async (request, reply) => {
      const endpoint = await requireEndpoint(options.database, request, request.params);
      const tag = endpointTag(endpoint);
      if (isFresh(request, tag)) return replyNotModified(reply, tag);
      return reply.header('ETag', tag).send(toEndpointResource(endpoint));
    },
  );
}
