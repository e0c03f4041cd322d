import { Type } from 'typebox';
import type { App } from '../../app.ts';
import { optionalBody } from '../../optional-body.ts';
import { Uuid } from '../../uuid.ts';
import { CollectionCode, type HandoverRouteOptions, handoverStep } from './handover.ts';
import { OrderResource } from './order-resource.ts';
import { replyStep } from './reply-step.ts';

/** `POST /api/v1/orders/{orderId}/pickup` */
export function pickUpOrderRoute(app: App, options: HandoverRouteOptions): void {
  app.post(
    '/api/v1/orders/:orderId/pickup',
    {
      onRequest: options.authenticated,
      config: { idempotent: true, ifMatch: true },
      schema: {
        operationId: 'pickUpOrder',
        tags: ['order steps'],
        summary: 'Hand a prepared order over',
        description:
          "With the customer's collection code: the merchant's people hand it to the customer, and it is completed. Without: a courier takes it, and it is in transit.",
        params: Type.Object({ orderId: Uuid }),
        body: optionalBody({ collectionCode: Type.Optional(CollectionCode) }),
        response: { 200: OrderResource },
      },
    },
    async (request, reply) => {
      await replyStep(request, reply, options, request.params.orderId, 'pickup', ({ orderId }) =>
        handoverStep(options, 'pickup', orderId, request.body?.collectionCode),
      );
      return reply;
    },
  );
}
