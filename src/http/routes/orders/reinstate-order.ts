import { Type } from 'typebox';
import type { App } from '../../app.ts';
import { requireNoBody } from '../../no-body.ts';
import { Uuid } from '../../uuid.ts';
import { OrderResource } from './order-resource.ts';
import { replyStep, type StepRouteOptions } from './reply-step.ts';

/** `POST /api/v1/orders/{orderId}/reinstatement` */
export function reinstateOrderRoute(app: App, options: StepRouteOptions): void {
  app.post(
    '/api/v1/orders/:orderId/reinstatement',
    {
      onRequest: options.authenticated,
      config: { idempotent: true, ifMatch: true },
      schema: {
        operationId: 'reinstateOrder',
        tags: ['order steps'],
        summary: 'Hold the stock of an expired order again',
        description: 'Operators, if stock and limit allow it. The customer can pay then.',
        params: Type.Object({ orderId: Uuid }),
        response: { 200: OrderResource },
      },
    },
    async (request, reply) => {
      requireNoBody(request);
      return replyStep(request, reply, options, request.params.orderId, 'reinstatement', () => ({
        intent: 'reinstatement',
      }));
    },
  );
}
