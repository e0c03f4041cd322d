import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import { findRedrive } from '../../../ledger/redrives.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { requireOperator } from '../../authorization.ts';
import { ProblemError } from '../../problems.ts';
import { Uuid } from '../../uuid.ts';
import { RedriveResource, toRedriveResource } from './redrive-resource.ts';

/** `GET /api/v1/admin/dlq/redrives/{redriveId}` */
export function getRedriveRoute(app: App, options: { authenticated: onRequestHookHandler; database: Database }): void {
  app.get(
    '/api/v1/admin/dlq/redrives/:redriveId',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'getRedrive',
        tags: ['admin'],
        summary: 'Read how far a redrive is',
        description: 'Operators only.',
        params: Type.Object({ redriveId: Uuid }),
        response: { 200: RedriveResource },
      },
    },
    async (request) => {
      requireOperator(callerOf(request));
      const redrive = await findRedrive(options.database, request.params.redriveId.toLowerCase());
      if (redrive === undefined) throw new ProblemError('not-found', { detail: 'There is no such redrive.' });
      return toRedriveResource(redrive);
    },
  );
}
