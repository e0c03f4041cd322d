import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Caller } from '../../../domain/caller.ts';
import { ORDER_STATUSES } from '../../../domain/order.ts';
import type { Database } from '../../../ledger/database.ts';
import { listOrders, type OrderFilter, type OrderPosition } from '../../../ledger/read-orders.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { staffMerchantIds } from '../../authorization.ts';
import { decodeCursor, decodeIdCursor, NextCursor, PAGE_QUERY, pageOf } from '../../cursor.ts';
import { ProblemError } from '../../problems.ts';
import { Uuid } from '../../uuid.ts';
import { OrderResource, toOrderResource } from './order-resource.ts';

/** `GET /api/v1/orders` */
export function listOrdersRoute(app: App, options: { authenticated: onRequestHookHandler; database: Database }): void {
  app.get(
    '/api/v1/orders',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'listOrders',
        tags: ['orders'],
        summary: 'List orders',
        description:
          "Customers see their own, staff those of their merchant's sales, operators all. With saleId by arrival, else newest first.",
        querystring: Type.Object(
          {
            userId: Type.Optional(Uuid),
            saleId: Type.Optional(Uuid),
            status: Type.Optional(Type.Enum([...ORDER_STATUSES])),
            ...PAGE_QUERY,
          },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({
            data: Type.Array(OrderResource),
            nextCursor: NextCursor,
          }),
        },
      },
    },
    async (request) => {
      const { userId, saleId, status, cursor, limit } = request.query;
      const scope = await scopeOf(options.database, callerOf(request), userId?.toLowerCase());
      const after = positionOf(cursor, saleId !== undefined);
      const orders = await listOrders(options.database, { ...scope, saleId, status }, after, limit + 1);
      return pageOf(orders, limit, toOrderResource, ({ arrival, id }) => (saleId === undefined ? { id } : { arrival }));
    },
  );
}

/** Whose orders a caller may list. */
async function scopeOf(database: Database, caller: Caller, userId: string | undefined): Promise<OrderFilter> {
  const merchantIds = await staffMerchantIds(database, caller);
  if (merchantIds === 'all') return { customerId: userId };
  if (caller.kind === 'shop' || merchantIds.length > 0) return { customerId: userId, merchantIds };
  if (userId !== undefined && userId !== caller.accountId) {
    throw new ProblemError('forbidden', { detail: 'You may list your own orders only.' });
  }
  return { customerId: caller.accountId };
}

function positionOf(cursor: string | undefined, ofSale: boolean): OrderPosition | undefined {
  if (!ofSale) {
    const id = decodeIdCursor(cursor);
    return id === undefined ? undefined : { id };
  }
  const position = decodeCursor(cursor);
  if (position === undefined) return undefined;
  const { arrival } = position;
  if (typeof arrival === 'number' && Number.isSafeInteger(arrival) && arrival >= 0) return { arrival };
  throw new ProblemError('cursor-invalid', { detail: 'Use nextCursor with the same filters.' });
}
