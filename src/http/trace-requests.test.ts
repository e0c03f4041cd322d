import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { type OtlpReceiver, startOtlpReceiver } from '../../test/support/otlp-receiver.ts';
import { createStage } from '../../test/support/stage.ts';
import { createOtlpTracing } from '../operations/otlp-tracing.ts';
import type { App } from './app.ts';
import { createServer } from './server.ts';

async function startApp(
  context: Parameters<typeof createStage>[0],
  addRoutes: (app: App) => void,
): Promise<{ url: string; collector: OtlpReceiver }> {
  const stage = createStage(context);
  const collector = await startOtlpReceiver();
  stage.atEnd(collector.close);
  const tracing = createOtlpTracing({
    endpoint: collector.url,
    headers: {},
    ratio: 1,
    serviceName: 'test',
    version: '0',
    flushMs: 2_000,
    onUndelivered: () => undefined,
  });
  stage.atEnd(tracing.close);
  const app = await createServer({
    log: pino({ level: 'silent' }),
    publicUrl: 'https://orders.example',
    answerRetentionSeconds: 60,
    corsOrigins: [],
    observe: () => undefined,
    stopping: () => false,
    traces: { tracing, from: [] },
  });
  addRoutes(app);
  stage.atEnd(() => app.close());
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), collector };
}

test('a span has the pattern of the route and the path without its query; a failure of ours is one of the span', async (context) => {
  const { url, collector } = await startApp(context, (app) => {
    app.get('/orders/:orderId', () => {
      throw new Error('a defect');
    });
  });
  await fetch(`${url}/orders/7?email=buyer@example.com`);
  const span = await collector.span(({ kind }) => kind === 2);
  assert.deepEqual([span.name, span.status], ['GET /orders/:orderId', 2]);
  const { 'doorbuster.request_id': requestId, ...attributes } = span.attributes;
  assert.equal(typeof requestId, 'string');
  assert.deepEqual(attributes, {
    'http.request.method': 'GET',
    'http.route': '/orders/:orderId',
    'http.response.status_code': 500,
    'url.scheme': 'http',
    'url.path': '/orders/7',
    'error.type': '500',
  });
});

test('a refusal is no failure, and an address without a route has no name of its own', async (context) => {
  const { url, collector } = await startApp(context, () => undefined);
  await fetch(`${url}/whatever/somebody/asks/for`);
  const span = await collector.span(({ kind }) => kind === 2);
  assert.deepEqual([span.name, span.status, span.attributes['http.response.status_code']], ['GET', 0, 404]);
});

test('a request whose client has gone ends as well, and health is never traced', async (context) => {
  const leaving = new AbortController();
  const { url, collector } = await startApp(context, (app) => {
    app.get('/health/live', async () => 'ok');
    app.get('/slow', (_request, reply) => {
      reply.raw.once('close', () => reply.hijack());
      leaving.abort();
    });
  });
  await fetch(`${url}/health/live`);
  await assert.rejects(fetch(`${url}/slow`, { signal: leaving.signal }));
  const span = await collector.span(({ kind }) => kind === 2);
  assert.deepEqual([span.name, span.attributes['error.type']], ['GET /slow', 'aborted']);
  assert.deepEqual(
    collector.spans.map(({ name }) => name),
    ['GET /slow'],
  );
});
