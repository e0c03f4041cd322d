import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import { listSales, type SaleFilter } from '../../../ledger/sale-catalogue.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { staffMerchantIds } from '../../authorization.ts';
import { decodeIdCursor, NextCursor, PAGE_QUERY, pageOf } from '../../cursor.ts';
import { ProblemError } from '../../problems.ts';
import { Uuid } from '../../uuid.ts';
import { SaleResource, toSaleResource } from './sale-resource.ts';

/** `GET /api/v1/sales` */
export function listSalesRoute(app: App, options: { authenticated: onRequestHookHandler; database: Database }): void {
  const { authenticated, database } = options;
  app.get(
    '/api/v1/sales',
    {
      // Whoever asks for test sales must say who it is; real ones are public.
      onRequest(request, reply, done) {
        const { test } = request.query as { test?: unknown };
        if (test === undefined || test === 'false') return done();
        return authenticated.call(this, request, reply, done);
      },
      config: { public: true },
      schema: {
        operationId: 'listSales',
        tags: ['sales'],
        summary: 'List sales',
        description:
          "Anyone, newest first. With test=true staff see their merchant's test sales and operators all, and a token or API key is needed.",
        querystring: Type.Object(
          {
            merchantId: Type.Optional(Uuid),
            test: Type.Boolean({ default: false, description: 'Test sales instead of real ones.' }),
            ...PAGE_QUERY,
          },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({
            data: Type.Array(SaleResource),
            nextCursor: NextCursor,
          }),
        },
      },
    },
    async (request, reply) => {
      const { test, cursor, limit } = request.query;
      const merchantId = request.query.merchantId?.toLowerCase();
      const filter: SaleFilter = test
        ? testSalesOf(await staffMerchantIds(database, callerOf(request)), merchantId)
        : { test: false, merchantId };
      const { sales, readAt } = await listSales(database, filter, decodeIdCursor(cursor), limit + 1);
      reply.header('Server-Time', readAt.toISOString());
      return pageOf(sales, limit, toSaleResource, ({ id }) => ({ id }));
    },
  );
}

/** The test sales that a member of these merchants' staff may see: another merchant's are as if they were not there. */
function testSalesOf(staffOf: readonly string[] | 'all', merchantId: string | undefined): SaleFilter {
  if (staffOf === 'all') return { test: true, merchantIds: merchantId === undefined ? undefined : [merchantId] };
  if (staffOf.length === 0) throw new ProblemError('forbidden', { detail: 'Only staff see test sales.' });
  return { test: true, merchantIds: staffOf.filter((id) => merchantId === undefined || id === merchantId) };
}
