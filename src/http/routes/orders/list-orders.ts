import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import {
  listOrders,
  type OrderPosition,
  type OrderSequence,
  positionIn,
  sequenceOf,
} from '../../../ledger/read-orders.ts';
import { readSnapshot } from '../../../ledger/read-snapshot.ts';
import type { Queryable } from '../../../ledger/statement.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { decodeCursor, decodeIdCursor, NextCursor, PAGE_QUERY, pageOf } from '../../cursor.ts';
import { ProblemError } from '../../problems.ts';
import { ORDER_FILTER_QUERY, orderFilterOf } from './order-filter.ts';
import { cacheControlFor, IncludeQuery, includesOf, readIncluded } from './order-includes.ts';
import { OrderResource, toOrderResource } from './order-resource.ts';

/** `GET /api/v1/orders` */
export function listOrdersRoute(app: App, options: { authenticated: onRequestHookHandler; database: Database }): void {
  const { authenticated, database } = options;
  app.get(
    '/api/v1/orders',
    {
      onRequest: authenticated,
      schema: {
        operationId: 'listOrders',
        tags: ['orders'],
        summary: 'List orders',
        description:
          "Customers see their own, staff those of their merchant's sales, couriers those that are ready for pickup or in transit, operators all. All filters must fit. With saleId by arrival; else the newest first, and of a merchant's sales the newest sale first.",
        querystring: Type.Object(
          { ...ORDER_FILTER_QUERY, include: Type.Optional(IncludeQuery), ...PAGE_QUERY },
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
    async (request, reply) => {
      const { cursor, limit } = request.query;
      const caller = callerOf(request);
      const includes = includesOf(request.query.include);
      const filter = await orderFilterOf(database, caller, request.query);
      const sequence = sequenceOf(filter);
      const after = decodePosition(cursor, sequence);
      const read = async (db: Queryable) => {
        const orders = await listOrders(db, filter, after, limit + 1);
        return { orders, includedIn: await readIncluded(db, caller, orders, includes) };
      };
      const { orders, includedIn } = await (includes.size === 0 ? read(database) : readSnapshot(database, read));
      reply.header('Cache-Control', cacheControlFor(includes));
      return pageOf(
        orders,
        limit,
        (order) => toOrderResource(order, includedIn(order)),
        (order) => ({ ...positionIn(sequence, order) }),
      );
    },
  );
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The place that a cursor names in this sequence; a cursor of another one is refused. */
function decodePosition(cursor: string | undefined, sequence: OrderSequence): OrderPosition | undefined {
  if (sequence === 'id') {
    const id = decodeIdCursor(cursor);
    return id === undefined ? undefined : { id };
  }
  const position = decodeCursor(cursor);
  if (position === undefined) return undefined;
  const { arrival, saleId } = position;
  if (typeof arrival === 'number' && Number.isSafeInteger(arrival) && arrival >= 0) {
    if (sequence === 'arrival' && saleId === undefined) return { arrival };
    if (sequence === 'sale' && typeof saleId === 'string' && ID.test(saleId)) return { saleId, arrival };
  }
  throw new ProblemError('cursor-invalid', { detail: 'Use nextCursor with the same filters.' });
}
