import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { type HashPassword, registerHashed } from '../../../actions/register-account.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { requireOperator } from '../../authorization.ts';
import { fingerprintOf } from '../../idempotency-key.ts';
import { jsonAnswer, replyOnce } from '../../reply-once.ts';
import { ACCOUNT_FIELDS, AccountResource, toAccountResource } from '../accounts/account-resource.ts';
import { replyHashesWait } from '../accounts/hashes-wait.ts';

/** `POST /api/v1/admin/accounts` */
export function createAccountRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database; hashPassword: HashPassword },
): void {
  app.post(
    '/api/v1/admin/accounts',
    {
      onRequest: options.authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'createAccount',
        tags: ['admin'],
        summary: 'Make an account in any role',
        description:
          'Operators only. Staff and couriers work for a merchant once they are its members. A repeat is told by the key and everything but the password.',
        body: Type.Object(
          { ...ACCOUNT_FIELDS, role: AccountResource.properties.role },
          { additionalProperties: false },
        ),
        response: { 201: AccountResource },
      },
    },
    async (request, reply) => {
      requireOperator(callerOf(request));
      const { email, password, name = null, role } = request.body;
      // Before the transaction: the hash may wait for its turn, and a transaction must not.
      const passwordHash = await options.hashPassword(password);
      if (passwordHash === undefined) return replyHashesWait(reply);
      return replyOnce(
        request,
        reply,
        options.database,
        async (transaction) => {
          const account = await registerHashed(transaction, { email, name, role, passwordHash });
          if (account !== undefined) {
            const audit = { target: `/api/v1/accounts/${account.id}`, details: { role } };
            return { answer: jsonAnswer(201, toAccountResource(account)), audit };
          }
          return { refusal: { code: 'already-exists', details: { detail: 'This e-mail has an account.' } } };
        },
        // The fingerprint is kept, and a fast hash of a password would help whoever steals it to guess.
        fingerprintOf(request, { email, name, role }),
      );
    },
  );
}
