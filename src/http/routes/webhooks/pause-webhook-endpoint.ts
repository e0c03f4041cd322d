import type { onRequestHookHandler } from 'fastify';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { requireNoBody } from '../../no-body.ts';
import { EndpointParams, requireEndpointPlace } from './endpoint-place.ts';
import { replyEndpointPaused } from './reply-endpoint-paused.ts';
import { WebhookEndpointResource } from './webhook-endpoint-resource.ts';

/** `POST /api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}/pause` */
export function pauseWebhookEndpointRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  const { authenticated, database } = options;
  app.post(
    '/api/v1/merchants/:merchantId/webhook-endpoints/:endpointId/pause',
    {
      onRequest: authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'pauseWebhookEndpoint',
        tags: ['webhooks'],
        summary: 'Pause a webhook endpoint',
        description:
          "Operators and the merchant's staff. Nothing is sent until it is resumed; events are kept for it. A request that is under way may still arrive. A paused endpoint stays as it is.",
        params: EndpointParams,
        response: { 200: WebhookEndpointResource },
      },
    },
    async (request, reply) => {
      requireNoBody(request);
      const place = await requireEndpointPlace(database, request, request.params);
      return replyEndpointPaused(request, reply, database, place, true);
    },
  );
}
