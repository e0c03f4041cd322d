import { Type } from 'typebox';
import type { App } from '../../app.ts';
import { requireNoBody } from '../../no-body.ts';
import { Uuid } from '../../uuid.ts';
import { OrderResource } from './order-resource.ts';
import { replyStep, type StepRouteOptions } from './reply-step.ts';

/** `POST /api/v1/orders/{orderId}/acceptance` */
export function acceptOrderRoute(app: App, options: StepRouteOptions): void {
  app.post(
    '/api/v1/orders/:orderId/acceptance',
    {
      onRequest: options.authenticated,
      config: { idempotent: true, ifMatch: true },
      schema: {
        operationId: 'acceptOrder',
        tags: ['order steps'],
        summary: 'Accept an order',
        description: "The merchant's people, before acceptBy. Captures the money.",
        params: Type.Object({ orderId: Uuid }),
        response: { 200: OrderResource },
      },
    },
    async (request, reply) => {
      requireNoBody(request);
      await replyStep(request, reply, options, request.params.orderId, 'acceptance', () => ({ intent: 'acceptance' }));
      return reply;
    },
  );
}
