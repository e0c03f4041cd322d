import type { App } from '../../app.ts';

/** `GET /metrics` in Prometheus' text format */
export function metricsRoute(
  app: App,
  options: { expose: () => Promise<{ contentType: string; text: string }> },
): void {
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    const { contentType, text } = await options.expose();
    return reply.type(contentType).send(text);
  });
}
