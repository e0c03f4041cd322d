import { Type } from 'typebox';
import type { LogIn } from '../../../actions/log-in.ts';
import type { AccessTokens } from '../../access-tokens.ts';
import type { App } from '../../app.ts';
import { networkOf } from '../../client-address.ts';
import { replyProblem } from '../../reply-problem.ts';
import type { ClientAddressOf } from '../../trusted-proxies.ts';
import { AccountResource, toAccountResource } from './account-resource.ts';
import { replyHashesWait } from './hashes-wait.ts';

/** `POST /api/v1/sessions` */
export function logInRoute(
  app: App,
  options: { logIn: LogIn; tokens: AccessTokens; clientAddressOf: ClientAddressOf },
): void {
  app.post(
    '/api/v1/sessions',
    {
      config: { public: true },
      schema: {
        operationId: 'logIn',
        tags: ['accounts'],
        summary: 'Sign in',
        description: 'Gives an access token. Too many wrong passwords for one e-mail or from one address: 429.',
        body: Type.Object(
          {
            // Any text that PostgreSQL can compare: whether it is an e-mail, the look-up tells.
            email: Type.String({ maxLength: 254, pattern: '^[^\\u0000]*$' }),
            password: Type.String({ maxLength: 200 }),
          },
          { additionalProperties: false },
        ),
        response: {
          201: Type.Object({
            accessToken: Type.String(),
            tokenType: Type.Literal('Bearer'),
            expiresInSeconds: Type.Integer(),
            account: AccountResource,
          }),
        },
      },
    },
    async (request, reply) => {
      const address = networkOf(options.clientAddressOf(request.raw));
      const outcome = await options.logIn({ ...request.body, address });
      if (outcome.outcome === 'limited') {
        return replyProblem(reply, 'rate-limited', {
          detail: 'Too many attempts to sign in. Wait, or ask an operator.',
          retryAfterSeconds: outcome.retryAfterSeconds,
        });
      }
      if (outcome.outcome === 'overloaded') return replyHashesWait(reply);
      if (outcome.outcome === 'rejected') {
        return replyProblem(reply, 'credentials-rejected', { headers: { 'WWW-Authenticate': 'Bearer' } });
      }
      const { account } = outcome;
      return reply
        .code(201)
        .header('Cache-Control', 'no-store')
        .send({
          accessToken: options.tokens.sign({ accountId: account.id, role: account.role }),
          tokenType: 'Bearer' as const,
          expiresInSeconds: options.tokens.ttlSeconds,
          account: toAccountResource(account),
        });
    },
  );
}
