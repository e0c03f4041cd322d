import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import { findDeadLetter } from '../../../ledger/dead-letters.ts';
import { listAttempts } from '../../../ledger/duty-attempts.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { requireOperator } from '../../authorization.ts';
import { ProblemError } from '../../problems.ts';
import { Uuid } from '../../uuid.ts';
import { DeadLetterWithAttemptsResource, toDeadLetterWithAttempts } from './dead-letter-resource.ts';

/** `GET /api/v1/admin/dlq/{letterId}` */
export function getDeadLetterRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database; schedule: readonly number[] },
): void {
  app.get(
    '/api/v1/admin/dlq/:letterId',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'getDeadLetter',
        tags: ['admin'],
        summary: 'Read a dead letter with all its tries',
        description: 'Operators only.',
        params: Type.Object({ letterId: Uuid }),
        response: { 200: DeadLetterWithAttemptsResource },
      },
    },
    async (request) => {
      requireOperator(callerOf(request));
      const letter = await findDeadLetter(options.database, request.params.letterId.toLowerCase());
      if (letter === undefined) throw new ProblemError('not-found', { detail: 'There is no such dead letter.' });
      const attempts = await listAttempts(options.database, letter.dutyId);
      return toDeadLetterWithAttempts(letter, attempts, options.schedule);
    },
  );
}
