import type { onRequestHookHandler } from 'fastify';
import { redriveWebhookDelivery } from '../../../actions/redrive-webhook-delivery.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { requireNoBody } from '../../no-body.ts';
import { jsonAnswer, replyOnce } from '../../reply-once.ts';
import { DeliveryParams, NO_DELIVERY, requireEndpoint } from './endpoint-place.ts';
import { toDeliveryResource, WebhookDeliveryResource } from './webhook-delivery-resource.ts';

/** `POST /api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}/deliveries/{deliveryId}/redrive` */
export function redriveWebhookDeliveryRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database; hurry: () => void },
): void {
  const { authenticated, database, hurry } = options;
  app.post(
    '/api/v1/merchants/:merchantId/webhook-endpoints/:endpointId/deliveries/:deliveryId/redrive',
    {
      onRequest: authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'redriveWebhookDelivery',
        tags: ['webhooks'],
        summary: 'Send a delivery again',
        description:
          "Operators and the merchant's staff. With the same webhook-id, a fresh timestamp and all its tries. One that is due stays as it is.",
        params: DeliveryParams,
        response: { 202: WebhookDeliveryResource },
      },
    },
    async (request, reply) => {
      requireNoBody(request);
      const { id } = await requireEndpoint(database, request, request.params);
      const deliveryId = request.params.deliveryId.toLowerCase();
      await replyOnce(request, reply, database, async (transaction) => {
        const delivery = await redriveWebhookDelivery(transaction, id, deliveryId);
        if (delivery === undefined) return { refusal: { code: 'not-found', details: NO_DELIVERY } };
        return { answer: jsonAnswer(202, toDeliveryResource(delivery)) };
      });
      hurry();
      return reply;
    },
  );
}
