import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { ORDER_EVENT_TYPES, TEST_EVENT_TYPE } from '../../../domain/order-event-types.ts';
import type { Database } from '../../../ledger/database.ts';
import { DELIVERY_STATUSES, listDeliveries } from '../../../ledger/webhook-delivery-log.ts';
import type { App } from '../../app.ts';
import { decodeIdCursor, NextCursor, PAGE_QUERY, pageOf } from '../../cursor.ts';
import { Uuid } from '../../uuid.ts';
import { EndpointParams, requireEndpoint } from './endpoint-place.ts';
import { toDeliveryResource, WebhookDeliveryResource } from './webhook-delivery-resource.ts';

/** `GET /api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}/deliveries` */
export function listWebhookDeliveriesRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.get(
    '/api/v1/merchants/:merchantId/webhook-endpoints/:endpointId/deliveries',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'listWebhookDeliveries',
        tags: ['webhooks'],
        summary: 'List what was sent to a webhook endpoint',
        description: "Operators and the merchant's staff, newest first.",
        params: EndpointParams,
        querystring: Type.Object(
          {
            status: Type.Optional(Type.Enum([...DELIVERY_STATUSES])),
            eventType: Type.Optional(Type.Enum([...ORDER_EVENT_TYPES, TEST_EVENT_TYPE])),
            orderId: Type.Optional(Uuid),
            ...PAGE_QUERY,
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ data: Type.Array(WebhookDeliveryResource), nextCursor: NextCursor }) },
      },
    },
    async (request) => {
      const { cursor, limit, status, eventType, orderId } = request.query;
      const { id } = await requireEndpoint(options.database, request, request.params);
      const filter = { status, eventType, orderId: orderId?.toLowerCase() };
      const deliveries = await listDeliveries(options.database, id, filter, decodeIdCursor(cursor), limit + 1);
      return pageOf(deliveries, limit, toDeliveryResource, (delivery) => ({ id: delivery.id }));
    },
  );
}
