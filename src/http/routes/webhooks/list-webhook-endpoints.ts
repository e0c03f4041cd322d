import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import { listEndpoints } from '../../../ledger/webhook-endpoints.ts';
import type { App } from '../../app.ts';
import { decodeIdCursor, NextCursor, PAGE_QUERY, pageOf } from '../../cursor.ts';
import { Uuid } from '../../uuid.ts';
import { requireManagerOf } from '../merchants/merchant-managers.ts';
import { toEndpointResource, WebhookEndpointResource } from './webhook-endpoint-resource.ts';

/** `GET /api/v1/merchants/{merchantId}/webhook-endpoints` */
export function listWebhookEndpointsRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.get(
    '/api/v1/merchants/:merchantId/webhook-endpoints',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'listWebhookEndpoints',
        tags: ['webhooks'],
        summary: "List a merchant's webhook endpoints",
        description: "Operators and the merchant's staff. Deleted ones are not in the list; secrets are in none.",
        params: Type.Object({ merchantId: Uuid }),
        querystring: Type.Object(PAGE_QUERY, { additionalProperties: false }),
        response: { 200: Type.Object({ data: Type.Array(WebhookEndpointResource), nextCursor: NextCursor }) },
      },
    },
    async (request) => {
      const merchantId = request.params.merchantId.toLowerCase();
      const { cursor, limit } = request.query;
      await requireManagerOf(options.database, request, merchantId);
      const endpoints = await listEndpoints(options.database, merchantId, decodeIdCursor(cursor), limit + 1);
      return pageOf(endpoints, limit, toEndpointResource, ({ id }) => ({ id }));
    },
  );
}
