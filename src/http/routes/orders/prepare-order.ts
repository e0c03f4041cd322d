import { Type } from 'typebox';
import type { App } from '../../app.ts';
import { requireNoBody } from '../../no-body.ts';
import { Uuid } from '../../uuid.ts';
import { OrderResource } from './order-resource.ts';
import { replyStep, type StepRouteOptions } from './reply-step.ts';

/** `POST /api/v1/orders/{orderId}/preparation` */
export function prepareOrderRoute(app: App, options: StepRouteOptions): void {
  app.post(
    '/api/v1/orders/:orderId/preparation',
    {
      onRequest: options.authenticated,
      config: { idempotent: true, ifMatch: true },
      schema: {
        operationId: 'prepareOrder',
        tags: ['order steps'],
        summary: 'Tell that an order is prepared',
        description: "The merchant's people. It is ready for pickup from then on.",
        params: Type.Object({ orderId: Uuid }),
        response: { 200: OrderResource },
      },
    },
    async (request, reply) => {
      requireNoBody(request);
      return replyStep(request, reply, options, request.params.orderId, 'preparation', () => ({
        intent: 'preparation',
      }));
    },
  );
}
