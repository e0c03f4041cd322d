import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import { listRedrives } from '../../../ledger/redrives.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { requireOperator } from '../../authorization.ts';
import { decodeIdCursor, NextCursor, PAGE_QUERY, pageOf } from '../../cursor.ts';
import { RedriveResource, toRedriveResource } from './redrive-resource.ts';

/** `GET /api/v1/admin/dlq/redrives` */
export function listRedrivesRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.get(
    '/api/v1/admin/dlq/redrives',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'listRedrives',
        tags: ['admin'],
        summary: 'List redrives of many dead letters',
        description: 'Operators only, newest first.',
        querystring: Type.Object(PAGE_QUERY, { additionalProperties: false }),
        response: { 200: Type.Object({ data: Type.Array(RedriveResource), nextCursor: NextCursor }) },
      },
    },
    async (request) => {
      requireOperator(callerOf(request));
      const { cursor, limit } = request.query;
      const redrives = await listRedrives(options.database, decodeIdCursor(cursor), limit + 1);
      return pageOf(redrives, limit, toRedriveResource, ({ id }) => ({ id }));
    },
  );
}
