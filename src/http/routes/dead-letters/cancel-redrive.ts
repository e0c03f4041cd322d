import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import { cancelRedrive, findRedrive } from '../../../ledger/redrives.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { requireOperator } from '../../authorization.ts';
import { requireNoBody } from '../../no-body.ts';
import { jsonAnswer, replyOnce } from '../../reply-once.ts';
import { Uuid } from '../../uuid.ts';
import { RedriveResource, toRedriveResource } from './redrive-resource.ts';

/** `POST /api/v1/admin/dlq/redrives/{redriveId}/cancellation` */
export function cancelRedriveRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.post(
    '/api/v1/admin/dlq/redrives/:redriveId/cancellation',
    {
      onRequest: options.authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'cancelRedrive',
        tags: ['admin'],
        summary: 'Stop a redrive',
        description:
          'Operators only. What it has redriven stays so; the rest stays dead. One that does not run any more: 409 with its status.',
        params: Type.Object({ redriveId: Uuid }),
        response: { 200: RedriveResource },
      },
    },
    async (request, reply) => {
      const redriveId = request.params.redriveId.toLowerCase();
      requireNoBody(request);
      requireOperator(callerOf(request));
      return replyOnce(request, reply, options.database, async (transaction) => {
        const cancelled = await cancelRedrive(transaction, redriveId);
        if (cancelled !== undefined) {
          const target = `/api/v1/admin/dlq/redrives/${redriveId}`;
          const details = { redriven: cancelled.redriven, left: cancelled.left };
          return { answer: jsonAnswer(200, toRedriveResource(cancelled)), audit: { target, details } };
        }
        const known = await findRedrive(transaction, redriveId);
        if (known === undefined) {
          return { refusal: { code: 'not-found', details: { detail: 'There is no such redrive.' } } };
        }
        const { status } = known;
        return {
          refusal: { code: 'wrong-status', details: { detail: `It is ${status}.`, extras: { currentStatus: status } } },
        };
      });
    },
  );
}
