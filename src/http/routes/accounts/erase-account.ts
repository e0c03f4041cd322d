import type { FastifyRequest, onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { eraseAccountHolder } from '../../../actions/erase-customer.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { requireNoBody } from '../../no-body.ts';
import { ProblemError } from '../../problems.ts';
import { jsonAnswer, replyOnce } from '../../reply-once.ts';
import { Uuid } from '../../uuid.ts';

const UNKNOWN = { code: 'not-found', details: { detail: 'You have no account with this id.' } } as const;

/** `POST /api/v1/accounts/{accountId}/erasure` */
export function eraseAccountRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.post(
    '/api/v1/accounts/:accountId/erasure',
    {
      onRequest: options.authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'eraseAccount',
        tags: ['accounts'],
        summary: 'Erase the personal data of an account',
        description:
          'The account itself and operators. E-mail, name, password and memberships are gone, and so are reference and metadata of its orders; orders, money and history stay. It cannot be undone. Tokens stay good until they expire.',
        params: Type.Object({ accountId: Uuid }),
        response: { 200: Type.Object({ id: Uuid, erasedAt: Type.String({ format: 'date-time' }) }) },
      },
    },
    async (request, reply) => {
      const accountId = request.params.accountId.toLowerCase();
      requireNoBody(request);
      requireOwnerOrOperator(request, accountId);
      return replyOnce(request, reply, options.database, async (transaction) => {
        const result = await eraseAccountHolder(transaction, accountId);
        switch (result.outcome) {
          case 'erased':
            return { answer: jsonAnswer(200, { id: accountId, erasedAt: result.erasedAt.toISOString() }) };
          case 'unknown-account':
            return { refusal: UNKNOWN };
          case 'is-operator':
            return { refusal: { code: 'not-erasable' } };
        }
      });
    },
  );
}

function requireOwnerOrOperator(request: FastifyRequest, accountId: string): void {
  const caller = callerOf(request);
  if (caller.kind === 'account' && (caller.accountId === accountId || caller.role === 'operator')) return;
  throw new ProblemError(UNKNOWN.code, UNKNOWN.details);
}
