import { Type } from 'typebox';
import { receiveWebhook } from '../../../actions/receive-webhook.ts';
import type { Database } from '../../../ledger/database.ts';
import { type PaymentProvider, WebhookRejectedError } from '../../../payments/payment-provider.ts';
import type { App } from '../../app.ts';
import { ProblemError } from '../../problems.ts';

/** The largest event that is read; providers' are a few KiB. */
const BODY_BYTES_MAX = 512 * 1024;

/** `POST /api/v1/payment-webhooks/{provider}`, in a scope of its own: the signature is over the bytes that came. */
export async function receiveWebhookRoute(
  app: App,
  options: { database: Database; findProvider: (name: string) => PaymentProvider | undefined },
): Promise<void> {
  await app.register(async (scope: App) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post(
      '/api/v1/payment-webhooks/:provider',
      {
        bodyLimit: BODY_BYTES_MAX,
        // A provider sends what happened, all of it from few addresses; what it cannot deliver it sends again.
        config: { public: true, unlimited: true },
        schema: {
          operationId: 'receivePaymentWebhook',
          tags: ['payments'],
          summary: 'Take in an event of a payment provider',
          description: 'For the provider alone: it signs what it sends. An event may come any number of times.',
          params: Type.Object({ provider: Type.String({ maxLength: 50 }) }),
          response: {
            200: Type.Object({ outcome: Type.Enum(['kept', 'repeated', 'parked', 'foreign']) }),
          },
        },
      },
      async (request) => {
        const provider = options.findProvider(request.params.provider);
        if (provider === undefined) throw new ProblemError('not-found', { detail: 'No provider has this name.' });
        const message = read(provider, request.body, request.headers);
        const outcome = await receiveWebhook(options.database, provider.name, message);
        if (outcome !== 'mismatch') return { outcome };
        const { eventId, paymentId } = message;
        request.log.error({ eventId, paymentId }, 'an event speaks of another amount than its payment has');
        throw new ProblemError('payment-mismatch', { detail: 'Amount or currency are not those of the payment.' });
      },
    );
  });
}

function read(provider: PaymentProvider, body: unknown, headers: Record<string, string | string[] | undefined>) {
  try {
    return provider.readWebhook(Buffer.isBuffer(body) ? body : Buffer.alloc(0), headers);
  } catch (error) {
    if (error instanceof WebhookRejectedError) throw new ProblemError('webhook-rejected', { detail: error.message });
    throw error;
  }
}
