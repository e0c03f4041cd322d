import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { findAccount } from '../../../ledger/accounts.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { ProblemError } from '../../problems.ts';
import { AccountResource, OutsideAccountResource, toAccountResource } from './account-resource.ts';

/** `GET /api/v1/accounts/me` */
export function getOwnAccountRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.get(
    '/api/v1/accounts/me',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'getOwnAccount',
        tags: ['accounts'],
        summary: 'Read the account that is signed in',
        description: 'An account that an outside issuer keeps has no e-mail here; what its token says is shown.',
        response: { 200: Type.Union([AccountResource, OutsideAccountResource]) },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      if (caller.kind === 'account' && caller.merchantIds !== undefined) {
        return { id: caller.accountId, role: caller.role, merchantIds: [...caller.merchantIds] };
      }
      const account = caller.kind === 'account' ? await findAccount(options.database, caller.accountId) : undefined;
      if (account === undefined) throw new ProblemError('not-found', { detail: 'These credentials have no account.' });
      return toAccountResource(account);
    },
  );
}
