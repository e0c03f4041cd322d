import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { Uuid } from '../../uuid.ts';
import { replyPaused } from './reply-paused.ts';
import { SaleResource } from './sale-resource.ts';

/** `POST /api/v1/sales/{saleId}/pause` */
export function pauseSaleRoute(app: App, options: { authenticated: onRequestHookHandler; database: Database }): void {
  app.post(
    '/api/v1/sales/:saleId/pause',
    {
      onRequest: options.authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'pauseSale',
        tags: ['sales'],
        summary: 'Pause a sale',
        // A brake must work whatever changed meanwhile, hence without If-Match.
        description:
          "The merchant's staff and operators. After the answer no order is taken until the sale is resumed. A paused sale stays as it is.",
        params: Type.Object({ saleId: Uuid }),
        response: { 200: SaleResource },
      },
    },
    async (request, reply) => {
      await replyPaused(request, reply, options.database, request.params.saleId.toLowerCase(), true);
      return reply;
    },
  );
}
