import { Type } from 'typebox';
import type { SharedReads } from '../../../actions/shared-reads.ts';
import type { CatalogueSale } from '../../../ledger/sale-catalogue.ts';
import type { App } from '../../app.ts';
import { isFresh, replyNotModified } from '../../conditional-request.ts';
import { findShared } from '../../find-shared.ts';
import { ProblemError } from '../../problems.ts';
import { Uuid } from '../../uuid.ts';
import { itemOf } from './item-of.ts';
import { ItemResource, toItemResource } from './sale-resource.ts';
import { saleTag } from './sale-tag.ts';

/** `GET /api/v1/sales/{saleId}/items/{itemId}` */
export function getItemRoute(app: App, options: { sales: SharedReads<CatalogueSale> }): void {
  app.get(
    '/api/v1/sales/:saleId/items/:itemId',
    {
      config: { public: true },
      schema: {
        operationId: 'getItem',
        tags: ['sales'],
        summary: 'Read an item of a sale',
        description: "Anyone. The ETag is the sale's, which changes whenever an item does.",
        params: Type.Object({ saleId: Uuid, itemId: Uuid }),
        response: { 200: ItemResource, 304: Type.Null({ description: 'The client has this version.' }) },
      },
    },
    async (request, reply) => {
      const sale = await findShared(options.sales, request, request.params.saleId);
      if (sale === undefined) throw new ProblemError('not-found', { detail: 'There is no sale with this id.' });
      const item = itemOf(sale, request.params.itemId.toLowerCase());
      reply.header('Server-Time', sale.readAt.toISOString());
      const tag = saleTag(sale);
      if (isFresh(request, tag)) return replyNotModified(reply, tag);
      return reply.header('ETag', tag).send(toItemResource(item));
    },
  );
}
