import type { onRequestHookHandler } from 'fastify';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { requireNoBody } from '../../no-body.ts';
import { EndpointParams, requireEndpointPlace } from './endpoint-place.ts';
import { replyEndpointPaused } from './reply-endpoint-paused.ts';
import { WebhookEndpointResource } from './webhook-endpoint-resource.ts';

/** `POST /api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}/resumption` */
export function resumeWebhookEndpointRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database; hurry: () => void },
): void {
  const { authenticated, database, hurry } = options;
  app.post(
    '/api/v1/merchants/:merchantId/webhook-endpoints/:endpointId/resumption',
    {
      onRequest: authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'resumeWebhookEndpoint',
        tags: ['webhooks'],
        summary: 'Resume a webhook endpoint',
        description:
          "Operators and the merchant's staff. Of one that is paused, or was disabled by its receiver's 410: what was kept is sent. An endpoint that is neither stays as it is.",
        params: EndpointParams,
        response: { 200: WebhookEndpointResource },
      },
    },
    async (request, reply) => {
      requireNoBody(request);
      const place = await requireEndpointPlace(database, request, request.params);
      await replyEndpointPaused(request, reply, database, place, false);
      hurry();
      return reply;
    },
  );
}
