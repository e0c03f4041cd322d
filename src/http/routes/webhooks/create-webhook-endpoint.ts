import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { createWebhookEndpoint, ENDPOINTS_MAX } from '../../../actions/create-webhook-endpoint.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { jsonAnswer, replyOnce } from '../../reply-once.ts';
import { Uuid } from '../../uuid.ts';
import { requireManagerOf } from '../merchants/merchant-managers.ts';
import { type FindTargetFault, requireGoodTarget } from './require-good-target.ts';
import {
  EndpointFields,
  endpointTag,
  NewWebhookEndpointResource,
  toNewEndpointResource,
} from './webhook-endpoint-resource.ts';

const CreateEndpointBody = Type.Object(
  {
    url: EndpointFields.url,
    description: Type.Optional(EndpointFields.description),
    eventTypes: Type.Optional(EndpointFields.eventTypes),
  },
  { additionalProperties: false },
);

/** `POST /api/v1/merchants/{merchantId}/webhook-endpoints` */
export function createWebhookEndpointRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database; findTargetFault: FindTargetFault },
): void {
  const { authenticated, database, findTargetFault } = options;
  app.post(
    '/api/v1/merchants/:merchantId/webhook-endpoints',
    {
      onRequest: authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'createWebhookEndpoint',
        tags: ['webhooks'],
        summary: 'Have events of the merchant’s orders sent to an address',
        description: `Operators and the merchant's staff. A merchant has up to ${ENDPOINTS_MAX} endpoints. The secret is shown once.`,
        params: Type.Object({ merchantId: Uuid }),
        body: CreateEndpointBody,
        response: { 201: NewWebhookEndpointResource },
      },
    },
    async (request, reply) => {
      const merchantId = request.params.merchantId.toLowerCase();
      const { url, description = null, eventTypes = null } = request.body;
      const { accountId } = await requireManagerOf(database, request, merchantId);
      await requireGoodTarget(findTargetFault, url);
      reply.header('Cache-Control', 'no-store');
      return replyOnce(request, reply, database, async (transaction) => {
        const terms = { url, description, eventTypes };
        const result = await createWebhookEndpoint(transaction, merchantId, terms, accountId);
        if (result.outcome === 'too-many') {
          return {
            refusal: { code: 'endpoints-exceeded', details: { detail: `There are ${ENDPOINTS_MAX} already.` } },
          };
        }
        const { endpoint, secret } = result;
        const location = `/api/v1/merchants/${merchantId}/webhook-endpoints/${endpoint.id}`;
        const headers = { Location: location, ETag: endpointTag(endpoint) };
        return {
          answer: jsonAnswer(201, toNewEndpointResource(endpoint, secret), headers),
          // Secrets are not kept.
          stored: jsonAnswer(201, toNewEndpointResource(endpoint, null), headers),
        };
      });
    },
  );
}
