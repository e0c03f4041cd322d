import type { SandboxPaymentProvider } from '../../../payments/sandbox-payment-provider.ts';
import type { App } from '../../app.ts';
import { ProblemError } from '../../problems.ts';
import { AUTHENTICATION_ADDRESS, AuthenticationParams, replyAuthenticationPage } from './authentication-page.ts';

/** `GET /sandbox/authentication/{providerRef}`: where a customer of the sandbox approves or refuses a payment. */
export function showAuthenticationRoute(
  app: App,
  options: { sandbox: Pick<SandboxPaymentProvider, 'findAuthentication'> },
): void {
  app.get(AUTHENTICATION_ADDRESS, { schema: { hide: true, params: AuthenticationParams } }, async (request, reply) => {
    const payment = await options.sandbox.findAuthentication(request.params.providerRef);
    if (payment === undefined) throw new ProblemError('not-found', { detail: 'The sandbox has no such payment.' });
    return replyAuthenticationPage(reply, payment);
  });
}
