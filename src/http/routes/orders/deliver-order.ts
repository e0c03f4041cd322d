import { Type } from 'typebox';
import type { App } from '../../app.ts';
import { optionalBody } from '../../optional-body.ts';
import { Uuid } from '../../uuid.ts';
import { CollectionCode, type HandoverRouteOptions, handoverStep } from './handover.ts';
import { OrderResource } from './order-resource.ts';
import { replyStep } from './reply-step.ts';

/** `POST /api/v1/orders/{orderId}/delivery` */
export function deliverOrderRoute(app: App, options: HandoverRouteOptions): void {
  app.post(
    '/api/v1/orders/:orderId/delivery',
    {
      onRequest: options.authenticated,
      config: { idempotent: true, ifMatch: true },
      schema: {
        operationId: 'deliverOrder',
        tags: ['order steps'],
        summary: 'Tell that an order is delivered',
        description: 'The courier. A collection code may be given; then it must be the one of this order.',
        params: Type.Object({ orderId: Uuid }),
        body: optionalBody({ collectionCode: Type.Optional(CollectionCode) }),
        response: { 200: OrderResource },
      },
    },
    async (request, reply) => {
      await replyStep(request, reply, options, request.params.orderId, 'delivery', ({ orderId }) =>
        handoverStep(options, 'delivery', orderId, request.body?.collectionCode),
      );
      return reply;
    },
  );
}
