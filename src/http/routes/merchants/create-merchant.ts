import { randomUUIDv7 } from 'node:crypto';
import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { Database } from '../../../ledger/database.ts';
import { insertMerchant } from '../../../ledger/merchants.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { requireOperator } from '../../authorization.ts';
import { jsonAnswer, replyOnce } from '../../reply-once.ts';
import { Name } from '../sales/sale-fields.ts';
import { MerchantResource, toMerchantResource } from './merchant-resource.ts';

/** `POST /api/v1/merchants` */
export function createMerchantRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  app.post(
    '/api/v1/merchants',
    {
      onRequest: options.authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'createMerchant',
        tags: ['merchants'],
        summary: 'Make a merchant',
        description: 'Operators only.',
        body: Type.Object({ name: Name }, { additionalProperties: false }),
        response: { 201: MerchantResource },
      },
    },
    async (request, reply) => {
      requireOperator(callerOf(request));
      const { name } = request.body;
      return replyOnce(request, reply, options.database, async (transaction) => {
        const merchant = await insertMerchant(transaction, { id: randomUUIDv7(), name });
        return {
          answer: jsonAnswer(201, toMerchantResource(merchant)),
          audit: { target: `/api/v1/merchants/${merchant.id}`, merchantId: merchant.id },
        };
      });
    },
  );
}
