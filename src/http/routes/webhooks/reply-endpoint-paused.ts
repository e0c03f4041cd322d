import type { FastifyReply, FastifyRequest } from 'fastify';
import { type EndpointPlace, pauseWebhookEndpoint } from '../../../actions/change-webhook-endpoint.ts';
import type { Database } from '../../../ledger/database.ts';
import { jsonAnswer, replyOnce } from '../../reply-once.ts';
import { NO_ENDPOINT } from './endpoint-place.ts';
import { endpointTag, toEndpointResource } from './webhook-endpoint-resource.ts';

/** Pauses or resumes an endpoint and answers with it. */
export function replyEndpointPaused(
  request: FastifyRequest,
  reply: FastifyReply,
  database: Database,
  place: EndpointPlace,
  paused: boolean,
): Promise<FastifyReply> {
  return replyOnce(request, reply, database, async (transaction) => {
    const endpoint = await pauseWebhookEndpoint(transaction, place, paused);
    if (endpoint === undefined) return { refusal: { code: 'not-found', details: NO_ENDPOINT } };
    return { answer: jsonAnswer(200, toEndpointResource(endpoint), { ETag: endpointTag(endpoint) }) };
  });
}
