import type { onRequestHookHandler } from 'fastify';
import { createReadStatistics } from './actions/read-statistics.ts';
import { createWatchOrders } from './actions/watch-orders.ts';
import { createWatchStatistics } from './actions/watch-statistics.ts';
import type { App } from './http/app.ts';
import type { Authenticate } from './http/authentication.ts';
import { createEventStreams } from './http/event-streams.ts';
import { streamOrderEventsRoute } from './http/routes/orders/stream-order-events.ts';
import { getStatsRoute } from './http/routes/stats/get-stats.ts';
import { streamStatsRoute } from './http/routes/stats/stream-stats.ts';
import type { Database } from './ledger/database.ts';

/** Figures, and what is told as it happens. Streams must be allowed before (see `allowEventStreams`). */
export function addLiveRoutes(
  app: App,
  parts: { authenticate: Authenticate; authenticated: onRequestHookHandler; database: Database },
): void {
  const { authenticate, authenticated, database } = parts;
  const onError = (error: unknown) => app.log.warn({ err: error }, 'streams wait for the ledger');
  const streams = createEventStreams(app, authenticate);
  const statistics = createReadStatistics(database);
  const watchOrders = createWatchOrders({ database, onError });
  const watchStatistics = createWatchStatistics({ statistics, onError });

  streamOrderEventsRoute(app, { authenticated, database, streams, watchOrders });
  getStatsRoute(app, { authenticated, database, statistics });
  streamStatsRoute(app, { authenticated, database, streams, watchStatistics });
}
