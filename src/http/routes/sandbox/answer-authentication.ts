import type { SandboxPaymentProvider } from '../../../payments/sandbox-payment-provider.ts';
import type { App } from '../../app.ts';
import { ProblemError } from '../../problems.ts';
import { AUTHENTICATION_ADDRESS, AuthenticationParams, replyAuthenticationPage } from './authentication-page.ts';

const ANSWERS = [
  ['approval', true],
  ['refusal', false],
] as const;

/**
 * `POST /sandbox/authentication/{providerRef}/approval` and `/refusal`: what the two buttons of the page do. Sends the
 * browser back to the shop (303), or says how it ended where the shop gave no address. Resolves when the routes exist.
 */
export async function answerAuthenticationRoute(
  app: App,
  options: { sandbox: Pick<SandboxPaymentProvider, 'authenticate'> },
): Promise<void> {
  await app.register(async (scope: App) => {
    // A browser names this type even for a form without fields. There is nothing in it to read.
    scope.addContentTypeParser('application/x-www-form-urlencoded', (_request, body, done) => {
      body.resume();
      done(null);
    });
    for (const [noun, approved] of ANSWERS) {
      scope.post(
        `${AUTHENTICATION_ADDRESS}/${noun}`,
        { schema: { hide: true, params: AuthenticationParams } },
        async (request, reply) => {
          const payment = await options.sandbox.authenticate(request.params.providerRef, approved);
          if (payment === undefined) {
            throw new ProblemError('not-found', { detail: 'The sandbox has no such payment.' });
          }
          if (payment.returnUrl !== null) return reply.redirect(payment.returnUrl, 303);
          return replyAuthenticationPage(reply, payment);
        },
      );
    }
  });
}
