import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import { listMerchants } from '../../../ledger/merchants.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { staffMerchantIds } from '../../authorization.ts';
import { decodeIdCursor, encodeCursor, NextCursor, PAGE_QUERY } from '../../cursor.ts';
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
      const page = merchants.slice(0, limit);
      const last = page.at(-1);
      return {
        data: page.map(toMerchantResource),
        nextCursor: merchants.length > limit && last !== undefined ? encodeCursor({ id: last.id }) : null,
      };
    },
  );
}
