import type { onRequestHookHandler } from 'fastify';
import { sendTestEvent } from '../../../actions/send-test-event.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { requireNoBody } from '../../no-body.ts';
import { jsonAnswer, replyOnce } from '../../reply-once.ts';
import { EndpointParams, requireEndpoint } from './endpoint-place.ts';
import { toDeliveryResource, WebhookDeliveryResource } from './webhook-delivery-resource.ts';

/** `POST /api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}/test` */
export function testWebhookEndpointRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database; hurry: () => void },
): void {
  const { authenticated, database, hurry } = options;
  app.post(
    '/api/v1/merchants/:merchantId/webhook-endpoints/:endpointId/test',
    {
      onRequest: authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'testWebhookEndpoint',
        tags: ['webhooks'],
        summary: 'Send a test event to a webhook endpoint',
        description:
          "Operators and the merchant's staff. The event has the type webhook.test whatever types the endpoint wants, and is delivered like any other; read the delivery to see how it went.",
        params: EndpointParams,
        response: { 202: WebhookDeliveryResource },
      },
    },
    async (request, reply) => {
      requireNoBody(request);
      const { id, merchantId } = await requireEndpoint(database, request, request.params);
      await replyOnce(request, reply, database, async (transaction) => {
        const delivery = await sendTestEvent(transaction, id);
        const location = `/api/v1/merchants/${merchantId}/webhook-endpoints/${id}/deliveries/${delivery.id}`;
        return { answer: jsonAnswer(202, toDeliveryResource(delivery), { Location: location }) };
      });
      hurry();
      return reply;
    },
  );
}
