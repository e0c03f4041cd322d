import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Caller } from '../../../domain/caller.ts';
import type { Order } from '../../../domain/order.ts';
import type { Database } from '../../../ledger/database.ts';
import { findOrder } from '../../../ledger/read-orders.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { isStaffOf } from '../../authorization.ts';
import { isFresh, replyNotModified, versionTag } from '../../conditional-request.ts';
import { ProblemError } from '../../problems.ts';
import { Uuid } from '../../uuid.ts';
import { OrderResource, toOrderResource } from './order-resource.ts';

/** `GET /api/v1/orders/{orderId}` */
export function getOrderRoute(app: App, options: { authenticated: onRequestHookHandler; database: Database }): void {
  app.get(
    '/api/v1/orders/:orderId',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'getOrder',
        tags: ['orders'],
        summary: 'Read an order',
        description: "Its owner, the merchant's staff and operators see it; to everybody else it does not exist.",
        params: Type.Object({ orderId: Uuid }),
        response: { 200: OrderResource, 304: Type.Null({ description: 'The client has this version.' }) },
      },
    },
    async (request, reply) => {
      const order = await findOrder(options.database, request.params.orderId);
      if (order === undefined || !(await maySee(options.database, callerOf(request), order))) {
        throw new ProblemError('not-found', { detail: 'You have no order with this id.' });
      }
      const tag = versionTag(order.version);
      if (isFresh(request, tag)) return replyNotModified(reply, tag);
      return reply.header('ETag', tag).send(toOrderResource(order));
    },
  );
}

async function maySee(database: Database, caller: Caller, order: Order): Promise<boolean> {
  if (caller.kind === 'account' && caller.accountId === order.customerId) return true;
  return isStaffOf(database, caller, order.merchantId);
}
