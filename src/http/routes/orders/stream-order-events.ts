import type { FastifyRequest, onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { WatchOrders } from '../../../actions/watch-orders.ts';
import type { Caller } from '../../../domain/caller.ts';
import type { Database } from '../../../ledger/database.ts';
import type { OrderEvent } from '../../../ledger/read-history.ts';
import type { StoredOrder } from '../../../ledger/read-orders.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import type { EventStream, EventStreams } from '../../event-streams.ts';
import { ProblemError } from '../../problems.ts';
import { Uuid } from '../../uuid.ts';
import { toHistoryEntryResource } from './history-entry-resource.ts';
import { actorsOf, ownsOrder, requireVisibleOrder } from './order-access.ts';

/** A version of an order: an integer column, and a row for each. */
const VERSION = /^(0|[1-9]\d{0,8})$/;

/** `GET /api/v1/orders/{orderId}/events` */
export function streamOrderEventsRoute(
  app: App,
  options: {
    authenticated: onRequestHookHandler;
    database: Database;
    streams: EventStreams;
    watchOrders: WatchOrders;
  },
): void {
  const { authenticated, database, streams, watchOrders } = options;
  app.get(
    '/api/v1/orders/:orderId/events',
    {
      onRequest: authenticated,
      // The answer to HEAD would have to be thrown away for ever.
      exposeHeadRoute: false,
      sse: 'manual',
      schema: {
        operationId: 'streamOrderEvents',
        tags: ['orders'],
        summary: 'Follow an order',
        description:
          "Server-sent events for who may read the order: every entry of its history after Last-Event-ID (all of it without one), then each new one within half a second, whichever process made the step. The id of an event is the version that it made. The stream ends when the caller's token does, or when the order is no longer the caller's to see.",
        params: Type.Object({ orderId: Uuid }),
        response: {
          200: {
            description: 'Events named by type, like `order.placed`; the data of each is a HistoryEntry document.',
            content: { 'text/event-stream': { schema: Type.String() } },
          },
        },
      },
    },
    async (request, reply) => {
      const { order } = await requireVisibleOrder(request, database, request.params.orderId);
      const after = lastEventIdOf(request);
      const stream = streams.open(request, reply);
      const tell = createTeller(database, callerOf(request), order, stream);
      stream.onEnd(
        watchOrders.watch(order.id, after, (events) => {
          tell(events).catch((error: unknown) => {
            request.log.warn({ err: error }, 'a stream was ended because its reader could not be checked');
            stream.end();
          });
        }),
      );
      return reply;
    },
  );
}

/** The version that the client has; 0 where it has none. */
function lastEventIdOf({ headers }: FastifyRequest): number {
  const text = headers['last-event-id'];
  if (text === undefined || text === '') return 0;
  if (typeof text === 'string' && VERSION.test(text)) return Number(text);
  throw new ProblemError('malformed-request', { detail: 'Last-Event-ID must be the id of an event of this stream.' });
}

/** Shows entries as the order itself would, one call after the other, while the order is the caller's to see. */
function createTeller(
  database: Database,
  caller: Caller,
  order: StoredOrder,
  stream: EventStream,
): (events: readonly OrderEvent[]) => Promise<void> {
  const forOwner = ownsOrder(caller, order);

  async function tell(events: readonly OrderEvent[]): Promise<void> {
    // Whose the order is never changes; its status decides for couriers, and membership for staff.
    const status = events.at(-1)?.status ?? order.status;
    const actors = await actorsOf(database, caller, { ...order, status });
    if (actors.size === 0) return stream.end();
    for (const event of events) {
      const data = toHistoryEntryResource(event, order, forOwner);
      stream.send({ id: String(event.version), event: event.type, data });
    }
  }

  let turn: Promise<void> = Promise.resolve();
  return (events) => {
    turn = turn.then(() => tell(events));
    return turn;
  };
}
