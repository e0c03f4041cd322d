import type { onRequestHookHandler } from 'fastify';
import type { Database } from '../../../ledger/database.ts';
import { listAttempts } from '../../../ledger/duty-attempts.ts';
import { findDelivery } from '../../../ledger/webhook-delivery-log.ts';
import type { App } from '../../app.ts';
import { ProblemError } from '../../problems.ts';
import { DeliveryParams, NO_DELIVERY, requireEndpoint } from './endpoint-place.ts';
import { toDeliveryDetailsResource, WebhookDeliveryDetailsResource } from './webhook-delivery-resource.ts';

/** `GET /api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}/deliveries/{deliveryId}` */
export function getWebhookDeliveryRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  const { authenticated, database } = options;
  app.get(
    '/api/v1/merchants/:merchantId/webhook-endpoints/:endpointId/deliveries/:deliveryId',
    {
      onRequest: authenticated,
      schema: {
        operationId: 'getWebhookDelivery',
        tags: ['webhooks'],
        summary: 'Read a delivery with all its tries',
        description: "Operators and the merchant's staff.",
        params: DeliveryParams,
        response: { 200: WebhookDeliveryDetailsResource },
      },
    },
    async (request) => {
      const { id } = await requireEndpoint(database, request, request.params);
      const delivery = await findDelivery(database, id, request.params.deliveryId.toLowerCase());
      if (delivery === undefined) throw new ProblemError('not-found', NO_DELIVERY);
      return toDeliveryDetailsResource(delivery, await listAttempts(database, delivery.id));
    },
  );
}
