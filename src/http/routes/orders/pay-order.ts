import { randomUUIDv7 } from 'node:crypto';
import { Type } from 'typebox';
import type { PayOrder } from '../../../actions/pay-order.ts';
import type { App } from '../../app.ts';
import { Uuid } from '../../uuid.ts';
import { OrderResource } from './order-resource.ts';
import { replyAsked, type StepRouteOptions } from './reply-step.ts';
import { madeStepAnswer, stepAnswer } from './step-answer.ts';
import { stepProblem } from './step-problem.ts';

const PayBody = Type.Object(
  {
    paymentMethod: Type.String({
      minLength: 1,
      maxLength: 200,
      pattern: '^[\\x21-\\x7e]+$',
      description: "What the customer pays with: the payment provider's token, never a card number.",
    }),
    returnUrl: Type.Optional(
      Type.String({
        format: 'uri',
        pattern: '^https?://',
        maxLength: 2_000,
        description: 'Where the provider sends the customer back after authenticating.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** `POST /api/v1/orders/{orderId}/payment` */
export function payOrderRoute(
  app: App,
  options: Omit<StepRouteOptions, 'stepOrders'> & { readonly payOrder: PayOrder },
): void {
  const { database, payOrder } = options;
  app.post(
    '/api/v1/orders/:orderId/payment',
    {
      onRequest: options.authenticated,
      config: { idempotent: true, ifMatch: true },
      schema: {
        operationId: 'payOrder',
        tags: ['order steps'],
        summary: 'Pay an order',
        description:
          'Its owner, before payBy. 200: paid. 202: the outcome is open; read the order again, and send the customer to nextAction where there is one. 402: refused, with a declineCode; pay again with a new key.',
        params: Type.Object({ orderId: Uuid }),
        body: PayBody,
        response: { 200: OrderResource, 202: OrderResource },
      },
    },
    async (request, reply) => {
      const { paymentMethod, returnUrl } = request.body;
      await replyAsked(request, reply, options, request.params.orderId, 'payment', async ({ order, ...asked }) => {
        const outcome = await payOrder({
          ...asked,
          paymentId: randomUUIDv7(),
          paymentMethod,
          returnUrl: returnUrl ?? null,
        });
        if (outcome.outcome !== 'answered') throw stepProblem(request, outcome);
        const { made, replayed } = outcome;
        const { status, version } = outcome.answer;
        const { publicUrl } = request.server;
        const answer = made
          ? madeStepAnswer(publicUrl, order, made, asked, status)
          : await stepAnswer(database, publicUrl, order.id, version, status);
        return { answer, replayed };
      });
      return reply;
    },
  );
}
