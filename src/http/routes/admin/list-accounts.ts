import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { listAccounts } from '../../../ledger/accounts.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { requireOperator } from '../../authorization.ts';
import { decodeIdCursor, NextCursor, PAGE_QUERY, pageOf } from '../../cursor.ts';
import { AccountResource, toAccountResource } from '../accounts/account-resource.ts';

/** `GET /api/v1/admin/accounts` */
export function listAccountsRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.get(
    '/api/v1/admin/accounts',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'listAccounts',
        tags: ['admin'],
        summary: 'List accounts',
        description: 'Operators only, oldest first. The buyers of rehearsals are left out.',
        querystring: Type.Object(PAGE_QUERY, { additionalProperties: false }),
        response: { 200: Type.Object({ data: Type.Array(AccountResource), nextCursor: NextCursor }) },
      },
    },
    async (request) => {
      requireOperator(callerOf(request));
      const { cursor, limit } = request.query;
      const accounts = await listAccounts(options.database, decodeIdCursor(cursor), limit + 1);
      return pageOf(accounts, limit, toAccountResource, ({ id }) => ({ id }));
    },
  );
}
