import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { ReadStatistics } from '../../../actions/read-statistics.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { decodeIdCursor, PAGE_QUERY } from '../../cursor.ts';
import { ProblemError } from '../../problems.ts';
import { StatsResource, toStatsResource } from './stats-resource.ts';
import { requireScope, SCOPE_QUERY } from './stats-scope.ts';

/** `GET /api/v1/admin/stats` */
export function getStatsRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database; statistics: ReadStatistics },
): void {
  const { authenticated, database, statistics } = options;
  app.get(
    '/api/v1/admin/stats',
    {
      onRequest: authenticated,
      schema: {
        operationId: 'getStats',
        tags: ['admin'],
        summary: 'Read how sales and the engine get on',
        description:
          "Operators; a merchant's staff with an own saleId or merchantId. Orders by status, the rate and what was refused are as late as the outbox (well under a second). Peak and money may be older, by 20 times what it takes to read them. Test sales are shown by saleId only.",
        querystring: Type.Object({ ...SCOPE_QUERY, ...PAGE_QUERY }, { additionalProperties: false }),
        response: { 200: StatsResource },
      },
    },
    async (request, reply) => {
      const { cursor, limit, ...query } = request.query;
      const afterId = decodeIdCursor(cursor);
      const { withSystem, ...scope } = await requireScope(request, database, query);
      const [read, system] = await Promise.all([
        statistics.read({ ...scope, afterId, limit }),
        withSystem ? statistics.readSystem() : null,
      ]);
      if (read === undefined) throw new ProblemError('not-found', { detail: 'There is no sale with this id.' });
      reply.header('Cache-Control', 'no-store');
      return toStatsResource(read, system);
    },
  );
}
