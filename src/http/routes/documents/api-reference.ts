import apiReference from '@scalar/fastify-api-reference';
import type { App } from '../../app.ts';

/** `GET /openapi.json` and the reference page made from it, `GET /reference`, which loads nothing from elsewhere. */
export async function apiReferenceRoutes(app: App): Promise<void> {
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  await app.register(apiReference, {
    routePrefix: '/reference',
    configuration: { url: '/openapi.json', withDefaultFonts: false, telemetry: false, title: 'Doorbuster API' },
  });
}
