import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { Type } from 'typebox';
import { pauseSale } from '../../../actions/pause-sale.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { jsonAnswer, replyOnce } from '../../reply-once.ts';
import { Uuid } from '../../uuid.ts';
import { SaleResource, toSaleResource } from './sale-resource.ts';
import { requireSaleStaff } from './sale-staff.ts';
import { saleTag } from './sale-tag.ts';

/** There is nothing to say: no body, or an empty object. */
export const NoBody = Type.Unsafe<null | Record<string, never>>({
  type: ['object', 'null'],
  additionalProperties: false,
});

/** `POST /api/v1/sales/{saleId}/pause` */
export function pauseSaleRoute(
  app: App,
  options: { authenticated: onRequestAsyncHookHandler; database: Database },
): void {
  app.post(
    '/api/v1/sales/:saleId/pause',
    {
      onRequest: options.authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'pauseSale',
        tags: ['sales'],
        summary: 'Pause a sale',
        // A brake must work whatever changed meanwhile, hence without If-Match.
        description:
          "The merchant's staff and operators. After the answer no order is taken until the sale is resumed. A paused sale stays as it is.",
        params: Type.Object({ saleId: Uuid }),
        body: NoBody,
        response: { 200: SaleResource },
      },
    },
    async (request, reply) => {
      await replyPaused(request, reply, options.database, request.params.saleId.toLowerCase(), true);
      return reply;
    },
  );
}

/** Pauses or resumes a sale for its staff and answers with the sale. */
export async function replyPaused(
  request: FastifyRequest,
  reply: FastifyReply,
  database: Database,
  saleId: string,
  paused: boolean,
): Promise<FastifyReply> {
  await requireSaleStaff(database, request, saleId);
  return replyOnce(request, reply, database, async (transaction) => {
    const sale = await pauseSale(transaction, saleId, paused);
    return { answer: jsonAnswer(200, toSaleResource(sale), { ETag: saleTag(sale) }) };
  });
}
