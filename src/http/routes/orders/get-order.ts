import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { SharedReads } from '../../../actions/shared-reads.ts';
import type { Database } from '../../../ledger/database.ts';
import { findOrder, type StoredOrder } from '../../../ledger/read-orders.ts';
import { readSnapshot } from '../../../ledger/read-snapshot.ts';
import type { Queryable } from '../../../ledger/statement.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { isFresh, replyNotModified, versionTag } from '../../conditional-request.ts';
import { findShared } from '../../find-shared.ts';
import { Uuid } from '../../uuid.ts';
import { requireVisible } from './order-access.ts';
import { cacheControlFor, IncludeQuery, includesOf, readIncluded } from './order-includes.ts';
import { OrderResource, toOrderResource } from './order-resource.ts';

/** `GET /api/v1/orders/{orderId}` */
export function getOrderRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database; orders: SharedReads<StoredOrder> },
): void {
  const { authenticated, database, orders } = options;
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
      const { orderId } = request.params;
      const includes = includesOf(request.query.include);
      const show = async (db: Queryable, found: StoredOrder | undefined) => {
        const order = await requireVisible(request, db, found);
        const tag = versionTag(order.version);
        if (!includes.has('sale') && isFresh(request, tag)) return { tag };
        if (includes.size === 0) return { tag, order: toOrderResource(order) };
        const includedIn = await readIncluded(db, callerOf(request), [order], includes);
        return { tag, order: toOrderResource(order, includedIn(order)) };
      };
      const { tag, order } = await (includes.size === 0
        ? show(database, await findShared(orders, request, orderId))
        : readSnapshot(database, async (db) => show(db, await findOrder(db, orderId))));
      reply.header('Cache-Control', cacheControlFor(includes));
      if (order === undefined) return replyNotModified(reply, tag);
      return reply.header('ETag', tag).send(order);
    },
  );
}
