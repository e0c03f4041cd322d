import { Type } from 'typebox';
import type { App } from '../../app.ts';
import { optionalBody } from '../../optional-body.ts';
import { Uuid } from '../../uuid.ts';
import { OrderResource } from './order-resource.ts';
import { replyStep, type StepRouteOptions } from './reply-step.ts';
import { Reason } from './step-fields.ts';

/** `POST /api/v1/orders/{orderId}/rejection` */
export function rejectOrderRoute(app: App, options: StepRouteOptions): void {
  app.post(
    '/api/v1/orders/:orderId/rejection',
    {
      onRequest: options.authenticated,
      config: { idempotent: true, ifMatch: true },
      schema: {
        operationId: 'rejectOrder',
        tags: ['order steps'],
        summary: 'Reject an order',
        description: "The merchant's people. The money goes back, and so does the stock unless soldOut says otherwise.",
        params: Type.Object({ orderId: Uuid }),
        body: optionalBody({
          reason: Type.Optional(Reason),
          soldOut: Type.Optional(
            Type.Boolean({ description: 'There is nothing left in truth: the units do not go back on sale.' }),
          ),
        }),
        response: { 200: OrderResource },
      },
    },
    async (request, reply) => {
      await replyStep(request, reply, options, request.params.orderId, 'rejection', () => ({
        intent: 'rejection',
        reason: request.body?.reason ?? null,
        restock: !(request.body?.soldOut ?? false),
      }));
      return reply;
    },
  );
}
