import { randomUUIDv7 } from 'node:crypto';
import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { insertApiKey } from '../../../ledger/api-keys.ts';
import type { Database } from '../../../ledger/database.ts';
import { makeApiKeySecret } from '../../api-keys.ts';
import type { App } from '../../app.ts';
import { jsonAnswer, replyOnce } from '../../reply-once.ts';
import { Uuid } from '../../uuid.ts';
import { Name } from '../sales/sale-fields.ts';
import { NewApiKeyResource, toNewApiKeyResource } from './api-key-resource.ts';
import { requireManagerOf } from './merchant-managers.ts';

/** `POST /api/v1/merchants/{merchantId}/api-keys` */
export function createApiKeyRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.post(
    '/api/v1/merchants/:merchantId/api-keys',
    {
      onRequest: options.authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'createApiKey',
        tags: ['merchants'],
        summary: "Make an API key for the shop's own back end",
        description:
          "Operators and the merchant's staff. With it the back end orders on behalf of the shop's customers and runs its sales. The secret is shown once.",
        params: Type.Object({ merchantId: Uuid }),
        body: Type.Object({ name: Name }, { additionalProperties: false }),
        response: { 201: NewApiKeyResource },
      },
    },
    async (request, reply) => {
      const merchantId = request.params.merchantId.toLowerCase();
      const { name } = request.body;
      const { accountId } = await requireManagerOf(options.database, request, merchantId);
      reply.header('Cache-Control', 'no-store');
      return replyOnce(request, reply, options.database, async (transaction) => {
        const { secret, secretHash } = makeApiKeySecret();
        const id = randomUUIDv7();
        const key = await insertApiKey(transaction, { id, merchantId, name, secretHash, createdBy: accountId });
        return {
          answer: jsonAnswer(201, toNewApiKeyResource(key, secret)),
          // Secrets are not kept.
          stored: jsonAnswer(201, toNewApiKeyResource(key, null)),
          audit: { target: `/api/v1/merchants/${merchantId}/api-keys/${id}` },
        };
      });
    },
  );
}
