import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { Uuid } from '../../uuid.ts';
import { replyPaused } from './reply-paused.ts';
import { SaleResource } from './sale-resource.ts';

/** `POST /api/v1/sales/{saleId}/resumption` */
export function resumeSaleRoute(app: App, options: { authenticated: onRequestHookHandler; database: Database }): void {
  app.post(
    '/api/v1/sales/:saleId/resumption',
    {
      onRequest: options.authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'resumeSale',
        tags: ['sales'],
        summary: 'Resume a paused sale',
        description: "The merchant's staff and operators. A sale that is not paused stays as it is.",
        params: Type.Object({ saleId: Uuid }),
        response: { 200: SaleResource },
      },
    },
    async (request, reply) => {
      await replyPaused(request, reply, options.database, request.params.saleId.toLowerCase(), false);
      return reply;
    },
  );
}
