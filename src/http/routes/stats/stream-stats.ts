import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { WatchStatistics } from '../../../actions/watch-statistics.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import type { EventStreams } from '../../event-streams.ts';
import { toStatsResource } from './stats-resource.ts';
import { requireScope, SCOPE_QUERY } from './stats-scope.ts';

/** Sales that a snapshot shows at most. */
const SALES_MAX = 20;

/** `GET /api/v1/admin/stats/stream` */
export function streamStatsRoute(
  app: App,
  options: {
    authenticated: onRequestHookHandler;
    database: Database;
    streams: EventStreams;
    watchStatistics: WatchStatistics;
  },
): void {
  const { authenticated, database, streams, watchStatistics } = options;
  app.get(
    '/api/v1/admin/stats/stream',
    {
      onRequest: authenticated,
      // The answer to HEAD would have to be thrown away for ever.
      exposeHeadRoute: false,
      sse: 'manual',
      schema: {
        operationId: 'streamStats',
        tags: ['admin'],
        summary: 'Follow how sales and the engine get on',
        description: `Server-sent events for who may read the figures: once a second an event \`stats\` with what GET /api/v1/admin/stats shows, of at most ${SALES_MAX} sales.`,
        querystring: Type.Object(SCOPE_QUERY, { additionalProperties: false }),
        response: {
          200: {
            description: 'Events `stats`; the data of each is a Stats document.',
            content: { 'text/event-stream': { schema: Type.String() } },
          },
        },
      },
    },
    async (request, reply) => {
      const { withSystem, ...scope } = await requireScope(request, database, request.query);
      const stream = streams.open(request, reply);
      const unwatch = watchStatistics.watch({ ...scope, limit: SALES_MAX }, withSystem, ({ statistics, system }) =>
        stream.send({ event: 'stats', data: toStatsResource(statistics, system) }),
      );
      stream.onEnd(unwatch);
      return reply;
    },
  );
}
