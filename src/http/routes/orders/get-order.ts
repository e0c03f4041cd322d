import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import { readSnapshot } from '../../../ledger/read-snapshot.ts';
import type { Queryable } from '../../../ledger/statement.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { isFresh, replyNotModified, versionTag } from '../../conditional-request.ts';
import { Uuid } from '../../uuid.ts';
import { requireVisibleOrder } from './order-access.ts';
import { cacheControlFor, IncludeQuery, includesOf, readIncluded } from './order-includes.ts';
import { OrderResource, toOrderResource } from './order-resource.ts';

/** `GET /api/v1/orders/{orderId}` */
export function getOrderRoute(app: App, options: { authenticated: onRequestHookHandler; database: Database }): void {
  const { authenticated, database } = options;
  app.get(
    '/api/v1/orders/:orderId',
    {
      onRequest: authenticated,
      schema: {
        operationId: 'getOrder',
        tags: ['orders'],
        summary: 'Read an order',
        description:
          "Its owner, the merchant's staff and operators see it, couriers while it is ready for pickup or in transit; to everybody else it does not exist. The ETag is the order's; with include=sale, which changes without the order, there is no 304.",
        params: Type.Object({ orderId: Uuid }),
        querystring: Type.Object({ include: Type.Optional(IncludeQuery) }, { additionalProperties: false }),
        response: { 200: OrderResource, 304: Type.Null({ description: 'The client has this version.' }) },
      },
    },
    async (request, reply) => {
      const includes = includesOf(request.query.include);
      const read = async (db: Queryable) => {
        const { order } = await requireVisibleOrder(request, db, request.params.orderId);
        const tag = versionTag(order.version);
        if (!includes.has('sale') && isFresh(request, tag)) return { tag };
        const includedIn = await readIncluded(db, callerOf(request), [order], includes);
        return { tag, order: toOrderResource(order, includedIn(order)) };
      };
      const { tag, order } = await (includes.size === 0 ? read(database) : readSnapshot(database, read));
      reply.header('Cache-Control', cacheControlFor(includes));
      if (order === undefined) return replyNotModified(reply, tag);
      return reply.header('ETag', tag).send(order);
    },
  );
}
