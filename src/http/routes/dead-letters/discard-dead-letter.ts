import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { discardLetter } from '../../../actions/redrive-letters.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { requireOperator } from '../../authorization.ts';
import { replyOnce } from '../../reply-once.ts';
import { Uuid } from '../../uuid.ts';
import { DeadLetterResource } from './dead-letter-resource.ts';
import { letterAnswer } from './letter-answer.ts';

/** `POST /api/v1/admin/dlq/{letterId}/discard` */
export function discardDeadLetterRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database; schedule: readonly number[] },
): void {
  app.post(
    '/api/v1/admin/dlq/:letterId/discard',
    {
      onRequest: options.authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'discardDeadLetter',
        tags: ['admin'],
        summary: 'Give a dead letter up',
        description:
          'Operators only. It is not tried any more; the reason stands in the audit log. One that is not dead: 409 with its status.',
        params: Type.Object({ letterId: Uuid }),
        body: Type.Object(
          {
            reason: Type.String({
              minLength: 1,
              maxLength: 500,
              pattern: '^[^\\u0000]*$',
              description: 'For the audit log, which keeps it: nothing about a person.',
            }),
          },
          { additionalProperties: false },
        ),
        response: { 200: DeadLetterResource },
      },
    },
    async (request, reply) => {
      requireOperator(callerOf(request));
      const letterId = request.params.letterId.toLowerCase();
      const { reason } = request.body;
      return replyOnce(request, reply, options.database, async (transaction) =>
        letterAnswer(await discardLetter(transaction, letterId), options.schedule, { reason }),
      );
    },
  );
}
