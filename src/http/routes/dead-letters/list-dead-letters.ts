import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import { listDeadLetters } from '../../../ledger/dead-letters.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { requireOperator } from '../../authorization.ts';
import { decodeIdCursor, NextCursor, PAGE_QUERY, pageOf } from '../../cursor.ts';
import { LETTER_FILTER_FIELDS, letterFilterOf } from './dead-letter-filter.ts';
import { DeadLetterResource, LetterStatus, toDeadLetterResource } from './dead-letter-resource.ts';

/** `GET /api/v1/admin/dlq` */
export function listDeadLettersRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database; schedule: readonly number[] },
): void {
  app.get(
    '/api/v1/admin/dlq',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'listDeadLetters',
        tags: ['admin'],
        summary: 'List dead letters',
        description: 'Operators only: what used up its tries, newest first. Without a status those that are dead.',
        querystring: Type.Object(
          { ...LETTER_FILTER_FIELDS, status: { ...LetterStatus, default: 'dead' }, ...PAGE_QUERY },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ data: Type.Array(DeadLetterResource), nextCursor: NextCursor }) },
      },
    },
    async (request) => {
      requireOperator(callerOf(request));
      const { cursor, limit, status } = request.query;
      const filter = { ...letterFilterOf(request.query), status };
      const letters = await listDeadLetters(options.database, filter, decodeIdCursor(cursor), limit + 1);
      return pageOf(
        letters,
        limit,
        (letter) => toDeadLetterResource(letter, options.schedule),
        ({ id }) => ({ id }),
      );
    },
  );
}
