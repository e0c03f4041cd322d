import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { SharedReads } from '../../../actions/shared-reads.ts';
import type { CatalogueSale } from '../../../ledger/sale-catalogue.ts';
import type { App } from '../../app.ts';
import { isFresh, replyNotModified } from '../../conditional-request.ts';
import { findShared } from '../../find-shared.ts';
import { ProblemError } from '../../problems.ts';
import { sendJson } from '../../send-json.ts';
import { Uuid } from '../../uuid.ts';
import { SaleResource, toSaleResource } from './sale-resource.ts';
import { saleTag } from './sale-tag.ts';

/** `GET /api/v1/sales/{saleId}` */
export function getSaleRoute(app: App, options: { sales: SharedReads<CatalogueSale> }): void {
  app.get(
    '/api/v1/sales/:saleId',
    {
      config: { public: true },
      schema: {
        operationId: 'getSale',
        tags: ['sales'],
        summary: 'Read a sale',
        description:
          "Anyone. The header Server-Time tells the database's clock at the reading, by which the sale opens and closes.",
        params: Type.Object({ saleId: Uuid }),
        response: { 200: SaleResource, 304: Type.Null({ description: 'The client has this version.' }) },
      },
    },
    async (request, reply) => {
      const sale = await findShared(options.sales, request, request.params.saleId);
      if (sale === undefined) throw new ProblemError('not-found', { detail: 'There is no sale with this id.' });
      const { serverTime, tag, body } = shownOf(sale, reply);
      reply.header('Server-Time', serverTime);
      if (isFresh(request, tag)) return replyNotModified(reply, tag);
      return sendJson(reply.header('ETag', tag), body);
    },
  );
}

/** A reading as its answers show it. */
interface Shown {
  readonly serverTime: string;
  readonly tag: string;
  readonly body: string;
}

const shown = new WeakMap<CatalogueSale, Shown>();

/** Made once for all who share a reading: in a rush that is most of what an answer costs. */
function shownOf(sale: CatalogueSale, reply: FastifyReply): Shown {
  const known = shown.get(sale);
  if (known !== undefined) return known;
  const made = {
    serverTime: sale.readAt.toISOString(),
    tag: saleTag(sale),
    body: String(reply.serialize(toSaleResource(sale))),
  };
  shown.set(sale, made);
  return made;
}
