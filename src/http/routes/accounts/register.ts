import { Type } from 'typebox';
import { type HashPassword, registerAccount } from '../../../actions/register-account.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { replyProblem } from '../../reply-problem.ts';
import { ACCOUNT_FIELDS, AccountResource, toAccountResource } from './account-resource.ts';
import { replyHashesWait } from './hashes-wait.ts';

/** `POST /api/v1/accounts` */
export function registerRoute(app: App, options: { database: Database; hashPassword: HashPassword }): void {
  app.post(
    '/api/v1/accounts',
    {
      config: { public: true },
      schema: {
        operationId: 'registerAccount',
        tags: ['accounts'],
        summary: 'Register as a customer',
        description: 'The e-mail is the natural key: no Idempotency-Key is needed.',
        body: Type.Object(ACCOUNT_FIELDS, { additionalProperties: false }),
        response: { 201: AccountResource },
      },
    },
    async (request, reply) => {
      const { email, password, name = null } = request.body;
      const result = await registerAccount(options.database, options.hashPassword, {
        email,
        password,
        name,
        role: 'customer',
      });
      if (result.outcome === 'overloaded') return replyHashesWait(reply);
      if (result.outcome === 'already-exists') {
        return replyProblem(reply, 'already-exists', { detail: 'This e-mail has an account. Sign in instead.' });
      }
      return reply.code(201).send(toAccountResource(result.account));
    },
  );
}
