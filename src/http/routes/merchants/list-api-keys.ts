import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { listApiKeys } from '../../../ledger/api-keys.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { decodeIdCursor, NextCursor, PAGE_QUERY, pageOf } from '../../cursor.ts';
import { Uuid } from '../../uuid.ts';
import { ApiKeyResource, toApiKeyResource } from './api-key-resource.ts';
import { requireManagerOf } from './merchant-managers.ts';

/** `GET /api/v1/merchants/{merchantId}/api-keys` */
export function listApiKeysRoute(app: App, options: { authenticated: onRequestHookHandler; database: Database }): void {
  app.get(
    '/api/v1/merchants/:merchantId/api-keys',
    {
      onRequest: options.authenticated,
      schema: {
        operationId: 'listApiKeys',
        tags: ['merchants'],
        summary: "List a merchant's API keys",
        description: "Operators and the merchant's staff. Revoked ones stay in the list; secrets are in none.",
        params: Type.Object({ merchantId: Uuid }),
        querystring: Type.Object(PAGE_QUERY, { additionalProperties: false }),
        response: { 200: Type.Object({ data: Type.Array(ApiKeyResource), nextCursor: NextCursor }) },
      },
    },
    async (request) => {
      const merchantId = request.params.merchantId.toLowerCase();
      const { cursor, limit } = request.query;
      await requireManagerOf(options.database, request, merchantId);
      const keys = await listApiKeys(options.database, merchantId, decodeIdCursor(cursor), limit + 1);
      return pageOf(keys, limit, toApiKeyResource, ({ id }) => ({ id }));
    },
  );
}
