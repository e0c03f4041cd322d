import { type Static, Type } from 'typebox';
import { LINES_MAX } from '../../../domain/money.ts';
import type { App } from '../../app.ts';
import { invalidRequest } from '../../invalid-request.ts';
import { Uuid } from '../../uuid.ts';
import { requireNoItemTwice } from './no-item-twice.ts';
import { OrderResource } from './order-resource.ts';
import { replyStep, type StepRouteOptions } from './reply-step.ts';
import { AmountMinor, Reason, RefundedLine } from './step-fields.ts';

const RefundBody = Type.Object(
  {
    amountMinor: Type.Optional(AmountMinor),
    lines: Type.Optional(
      Type.Array(RefundedLine, {
        minItems: 1,
        maxItems: LINES_MAX,
        description: 'Their price goes back. No item twice.',
      }),
    ),
    reason: Type.Optional(Reason),
  },
  { additionalProperties: false, description: 'Either lines or an amount.' },
);

/** `POST /api/v1/orders/{orderId}/refunds` */
export function refundOrderRoute(app: App, options: StepRouteOptions): void {
  app.post(
    '/api/v1/orders/:orderId/refunds',
    {
      onRequest: options.authenticated,
      config: { idempotent: true, ifMatch: true },
      schema: {
        operationId: 'refundOrder',
        tags: ['order steps'],
        summary: 'Give money back',
        description:
          "The merchant's people and operators, once the money is captured. The order keeps its status; the refund is carried out by the provider afterwards and stands in refunds.",
        params: Type.Object({ orderId: Uuid }),
        body: RefundBody,
        response: { 201: OrderResource },
      },
    },
    async (request, reply) => {
      const refund = refundOf(request.body);
      await replyStep(request, reply, options, request.params.orderId, 'refunds', () => refund, 201);
      return reply;
    },
  );
}

function refundOf({ amountMinor, lines, reason }: Static<typeof RefundBody>) {
  if ((amountMinor === undefined) === (lines === undefined)) {
    throw invalidRequest([{ pointer: '', detail: 'must have either lines or amountMinor' }]);
  }
  const named = (lines ?? []).map(({ itemId, quantity, restock }) => ({
    itemId: itemId.toLowerCase(),
    quantity,
    restock: restock ?? false,
  }));
  requireNoItemTwice(named);
  return { intent: 'refunds' as const, reason: reason ?? null, amountMinor: amountMinor ?? null, lines: named };
}
