import { createHash, timingSafeEqual } from 'node:crypto';
import type { App } from '../../app.ts';
import { bearerOf } from '../../authentication.ts';
import { replyProblem } from '../../reply-problem.ts';

/** `GET /metrics` in Prometheus' text format. With a token, for its bearer alone (RFC 6750). */
export function metricsRoute(
  app: App,
  options: { expose: () => Promise<{ contentType: string; text: string }>; token?: string | undefined },
): void {
  const expected = options.token === undefined ? undefined : digestOf(options.token);
  app.get(
    '/metrics',
    {
      schema: { hide: true },
      onRequest: async (request, reply) => {
        if (expected === undefined) return;
        const given = bearerOf(request.headers.authorization ?? '') ?? '';
        // Digests have one length and tell nothing of how much was right.
        if (timingSafeEqual(digestOf(given), expected)) return;
        replyProblem(reply, 'unauthenticated', {
          detail: 'Send Authorization: Bearer with the METRICS_TOKEN of this engine.',
          headers: { 'WWW-Authenticate': 'Bearer' },
        });
      },
    },
    async (_request, reply) => {
      const { contentType, text } = await options.expose();
      return reply.type(contentType).send(text);
    },
  );
}

const digestOf = (text: string) => createHash('sha256').update(text).digest();
