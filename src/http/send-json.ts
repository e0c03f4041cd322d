import type { FastifyReply } from 'fastify';

/** Sends a JSON text as it is. */
export function sendJson(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').serializer(String).send(text);
}
