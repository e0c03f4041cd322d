import { Type } from 'typebox';
import type { App } from '../../app.ts';
import { optionalBody } from '../../optional-body.ts';
import { Uuid } from '../../uuid.ts';
import { OrderResource } from './order-resource.ts';
import { replyStep, type StepRouteOptions } from './reply-step.ts';
import { Reason } from './step-fields.ts';

/** `POST /api/v1/orders/{orderId}/cancellation` */
export function cancelOrderRoute(app: App, options: StepRouteOptions): void {
  app.post(
    '/api/v1/orders/:orderId/cancellation',
    {
      onRequest: options.authenticated,
      config: { idempotent: true, ifMatch: true },
      schema: {
        operationId: 'cancelOrder',
        tags: ['order steps'],
        summary: 'Cancel an order',
        description:
          "The owner until it is prepared, the merchant's people until a courier has it, operators until it is delivered. What was paid goes back; what is held or sold goes back on sale, but for orders whose preparation has begun.",
        params: Type.Object({ orderId: Uuid }),
        body: optionalBody({
          reason: Type.Optional(Reason),
          restock: Type.Optional(
            Type.Boolean({
              description: 'Once preparation has begun: whether the units go back on sale all the same.',
            }),
          ),
          retainMinor: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: Number.MAX_SAFE_INTEGER,
              description: 'Once preparation has begun: what the merchant keeps of the money, in minor units (cents).',
            }),
          ),
        }),
        response: { 200: OrderResource },
      },
    },
    async (request, reply) => {
      await replyStep(request, reply, options, request.params.orderId, 'cancellation', () => ({
        intent: 'cancellation',
        reason: request.body?.reason ?? null,
        restock: request.body?.restock ?? null,
        retainMinor: request.body?.retainMinor ?? null,
      }));
      return reply;
    },
  );
}
