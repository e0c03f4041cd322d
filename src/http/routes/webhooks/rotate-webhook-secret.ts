import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { rotateWebhookSecret } from '../../../actions/change-webhook-endpoint.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { optionalBody } from '../../optional-body.ts';
import { jsonAnswer, replyOnce } from '../../reply-once.ts';
import { EndpointParams, NO_ENDPOINT, requireEndpointPlace } from './endpoint-place.ts';
import { endpointTag, NewWebhookEndpointResource, toNewEndpointResource } from './webhook-endpoint-resource.ts';

const OVERLAP_SECONDS_DEFAULT = 86_400;
const OVERLAP_SECONDS_MAX = 30 * 86_400;

/** `POST /api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}/secret-rotation` */
export function rotateWebhookSecretRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database },
): void {
  const { authenticated, database } = options;
  app.post(
    '/api/v1/merchants/:merchantId/webhook-endpoints/:endpointId/secret-rotation',
    {
      onRequest: authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'rotateWebhookSecret',
        tags: ['webhooks'],
        summary: 'Give a webhook endpoint a new secret',
        description:
          "Operators and the merchant's staff. For overlapSeconds events carry two signatures, by the new secret and by the old one. A rotation within the overlap of another ends that one. The new secret is shown once.",
        params: EndpointParams,
        body: optionalBody({
          overlapSeconds: Type.Optional(
            Type.Integer({
              minimum: 0,
              maximum: OVERLAP_SECONDS_MAX,
              description: `How long the old secret signs, too; 0 where it has leaked. ${OVERLAP_SECONDS_DEFAULT} if left out.`,
            }),
          ),
        }),
        response: { 200: NewWebhookEndpointResource },
      },
    },
    async (request, reply) => {
      const place = await requireEndpointPlace(database, request, request.params);
      const overlapSeconds = request.body?.overlapSeconds ?? OVERLAP_SECONDS_DEFAULT;
      reply.header('Cache-Control', 'no-store');
      return replyOnce(request, reply, database, async (transaction) => {
        const rotated = await rotateWebhookSecret(transaction, place, overlapSeconds);
        if (rotated === undefined) return { refusal: { code: 'not-found', details: NO_ENDPOINT } };
        const { endpoint, secret } = rotated;
        const headers = { ETag: endpointTag(endpoint) };
        return {
          answer: jsonAnswer(200, toNewEndpointResource(endpoint, secret), headers),
          // Secrets are not kept.
          stored: jsonAnswer(200, toNewEndpointResource(endpoint, null), headers),
          audit: { details: { overlapSeconds } },
        };
      });
    },
  );
}
