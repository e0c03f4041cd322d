import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { redriveLetter } from '../../../actions/redrive-letters.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { requireOperator } from '../../authorization.ts';
import { requireNoBody } from '../../no-body.ts';
import { replyOnce } from '../../reply-once.ts';
import { Uuid } from '../../uuid.ts';
import { DeadLetterResource } from './dead-letter-resource.ts';
import { letterAnswer } from './letter-answer.ts';

/** `POST /api/v1/admin/dlq/{letterId}/redrive` */
export function redriveDeadLetterRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database; schedule: readonly number[] },
): void {
  app.post(
    '/api/v1/admin/dlq/:letterId/redrive',
    {
      onRequest: options.authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'redriveDeadLetter',
        tags: ['admin'],
        summary: 'Try a dead letter anew',
        description:
          'Operators only. It has all its tries again; if they fail, it is dead again. One that is not dead: 409 with its status.',
        params: Type.Object({ letterId: Uuid }),
        response: { 200: DeadLetterResource },
      },
    },
    async (request, reply) => {
      const letterId = request.params.letterId.toLowerCase();
      requireNoBody(request);
      requireOperator(callerOf(request));
      return replyOnce(request, reply, options.database, async (transaction) =>
        letterAnswer(await redriveLetter(transaction, letterId), options.schedule),
      );
    },
  );
}
