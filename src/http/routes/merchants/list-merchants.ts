import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import { listMerchants } from '../../../ledger/merchants.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { staffMerchantIds } from '../../authorization.ts';
import { decodeIdCursor, NextCursor, PAGE_QUERY, pageOf } from '../../cursor.ts';
import { MerchantResource, toMerchantResource } from './merchant-resource.ts';

/** `GET /api/v1/merchants` */
export function listMerchantsRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.get(
    '/api/v1/merchants',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'listMerchants',
        tags: ['merchants'],
        summary: 'List merchants',
        description: 'Operators see all, staff and API keys their own, everybody else none.',
        querystring: Type.Object(PAGE_QUERY, { additionalProperties: false }),
        response: { 200: Type.Object({ data: Type.Array(MerchantResource), nextCursor: NextCursor }) },
      },
    },
    async (request) => {
      const { cursor, limit } = request.query;
      const among = await staffMerchantIds(options.database, callerOf(request));
      const merchants = await listMerchants(options.database, among, decodeIdCursor(cursor), limit + 1);
      return pageOf(merchants, limit, toMerchantResource, ({ id }) => ({ id }));
    },
  );
}
