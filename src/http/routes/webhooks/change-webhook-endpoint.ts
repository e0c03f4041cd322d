import type { onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import { changeWebhookEndpoint } from '../../../actions/change-webhook-endpoint.ts';
import type { Database } from '../../../ledger/database.ts';
import type { App } from '../../app.ts';
import { auditRecordOf, memberNames } from '../../audit.ts';
import { requireIfMatch } from '../../conditional-request.ts';
import { ProblemError } from '../../problems.ts';
import { EndpointParams, NO_ENDPOINT, requireEndpointPlace } from './endpoint-place.ts';
import { type FindTargetFault, requireGoodTarget } from './require-good-target.ts';
import {
  EndpointFields,
  endpointTag,
  toEndpointResource,
  WebhookEndpointResource,
} from './webhook-endpoint-resource.ts';

const ChangeEndpointBody = Type.Object(
  {
    url: Type.Optional(EndpointFields.url),
    description: Type.Optional(EndpointFields.description),
    eventTypes: Type.Optional(EndpointFields.eventTypes),
  },
  { additionalProperties: false, minProperties: 1, description: 'What is left out stays as it is.' },
);

/** `PATCH /api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}` */
export function changeWebhookEndpointRoute(
  app: App,
  options: { authenticated: onRequestHookHandler; database: Database; findTargetFault: FindTargetFault },
): void {
  const { authenticated, database, findTargetFault } = options;
  app.patch(
    '/api/v1/merchants/:merchantId/webhook-endpoints/:endpointId',
    {
      onRequest: authenticated,
      config: { ifMatch: true },
      schema: {
        operationId: 'changeWebhookEndpoint',
        tags: ['webhooks'],
        summary: 'Change a webhook endpoint',
        description:
          "Operators and the merchant's staff. What waits to be sent goes to the new address. Other event types count from now on.",
        params: EndpointParams,
        body: ChangeEndpointBody,
        response: { 200: WebhookEndpointResource },
      },
    },
    async (request, reply) => {
      const place = await requireEndpointPlace(database, request, request.params);
      await requireGoodTarget(findTargetFault, request.body.url);
      const endpoint = await changeWebhookEndpoint(
        database,
        place,
        request.body,
        (current) =>
          requireIfMatch(request, (tag) => tag === endpointTag(current), {
            version: current.version,
            currentTag: endpointTag(current),
          }),
        auditRecordOf(request, { details: memberNames(request.body) }),
      );
      if (endpoint === undefined) throw new ProblemError('not-found', NO_ENDPOINT);
      return reply.header('ETag', endpointTag(endpoint)).send(toEndpointResource(endpoint));
    },
  );
}
