import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { CollectionCodes } from '../../../actions/collection-code.ts';
import type { OrderStatus } from '../../../domain/order.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { ProblemError } from '../../problems.ts';
import { Uuid } from '../../uuid.ts';
import { requireVisibleOrder } from './order-access.ts';

/** From payment to handing over. */
const COLLECTABLE: readonly OrderStatus[] = [
  'confirmed',
  'pending_acceptance',
  'preparing',
  'ready_for_pickup',
  'in_transit',
];

/** `GET /api/v1/orders/{orderId}/collection-code` */
export function getCollectionCodeRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database; collectionCode: CollectionCodes },
): void {
  const { authenticated, database, collectionCode } = options;
  app.get(
    '/api/v1/orders/:orderId/collection-code',
    {
      onRequest: authenticated,
      schema: {
        operationId: 'getCollectionCode',
        tags: ['orders'],
        summary: 'Read the code by which an order is handed over',
        description: 'Only for the owner, who tells it to whoever hands the order over, once it is paid.',
        params: Type.Object({ orderId: Uuid }),
        response: {
          200: Type.Object({ collectionCode: Type.String({ pattern: '^\\d{6}$' }) }),
        },
      },
    },
    async (request, reply) => {
      const { order, actors } = await requireVisibleOrder(request, database, request.params.orderId);
      if (!actors.has('owner')) {
        throw new ProblemError('forbidden', { detail: 'Only the owner of an order may read its code.' });
      }
      const { id, status, version } = order;
      if (!COLLECTABLE.includes(status)) {
        throw new ProblemError('order-step-not-allowed', {
          detail: `There is nothing to collect while the order is ${status}.`,
          extras: { orderStatus: status, version, allowed: [] },
        });
      }
      reply.header('Cache-Control', 'no-store');
      return { collectionCode: await collectionCode(id) };
    },
  );
}
