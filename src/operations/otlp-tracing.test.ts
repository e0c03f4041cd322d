import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OtlpReceiver, startOtlpReceiver } from '../../test/support/otlp-receiver.ts';
import { createStage } from '../../test/support/stage.ts';
import { createOtlpTracing } from './otlp-tracing.ts';
import { parseTraceParent, traceIdOf } from './trace-parent.ts';
import type { Tracing } from './tracing.ts';

const OTHER_TRACE = '0af7651916cd43dd8448eb211c80319c';
const OTHER_SPAN = 'b7ad6b7169203331';
const SAMPLED = `00-${OTHER_TRACE}-${OTHER_SPAN}-01`;
const UNSAMPLED = `00-${OTHER_TRACE}-${OTHER_SPAN}-00`;

interface Undelivered {
  readonly error: unknown;
  readonly dropped: number;
}

function createTracing(endpoint: string, rest: Partial<Parameters<typeof createOtlpTracing>[0]> = {}) {
  const warnings: Undelivered[] = [];
  const tracing = createOtlpTracing({
    endpoint,
    headers: { authorization: 'Bearer collector' },
    ratio: 1,
    serviceName: 'shop',
    version: '1.2.3',
    flushMs: 1_000,
    onUndelivered: (error, dropped) => warnings.push({ error, dropped }),
    ...rest,
  });
  return { tracing, warnings };
}

async function startReceiver(context: Parameters<typeof createStage>[0]): Promise<OtlpReceiver> {
  const receiver = await startOtlpReceiver();
  createStage(context).atEnd(receiver.close);
  return receiver;
}

test('spans arrive as a tree, with what they tell, who sent them, and the headers of the collector', async (context) => {
  const receiver = await startReceiver(context);
  const { tracing } = createTracing(receiver.url);
  const root = tracing.startTrace({}, 'POST /orders', { kind: 'server', attributes: { 'http.route': '/orders' } });
  const child = tracing.startSpan('commit', { kind: 'client', parent: root.traceParent, links: [SAMPLED] });
  child.end(Object.assign(new Error('secret detail'), { code: '57P01' }));
  child.end();
  root.setAttributes({ 'http.response.status_code': 201, good: true });
  root.end();
  await tracing.close();

  const [commit, request] = receiver.spans;
  assert.equal(receiver.spans.length, 2);
  assert.ok(commit !== undefined && request !== undefined);
  assert.deepEqual([commit.name, commit.kind, commit.status], ['commit', 3, 2]);
  assert.deepEqual(commit.attributes, { 'error.type': '57P01' });
  assert.deepEqual(
    commit.links.map(({ traceId, spanId }) => ({ traceId, spanId })),
    [{ traceId: OTHER_TRACE, spanId: OTHER_SPAN }],
  );
  assert.deepEqual([request.name, request.kind, request.status], ['POST /orders', 2, 0]);
  assert.deepEqual(request.attributes, { 'http.route': '/orders', 'http.response.status_code': 201, good: true });
  assert.equal(commit.traceId, request.traceId);
  assert.equal(commit.parentSpanId, request.spanId);
  assert.equal(root.traceParent, `00-${request.traceId}-${request.spanId}-01`);
  assert.deepEqual([request.resource['service.name'], request.resource['service.version']], ['shop', '1.2.3']);
  assert.equal(receiver.headers[0]?.['authorization'], 'Bearer collector');
  assert.equal(tracing.dropped(), 0);
});

function shareOf(tracing: Tracing, incoming?: string): number {
  let sampled = 0;
  for (let round = 0; round < 1_000; round += 1) {
    if (tracing.sample(incoming, false) !== undefined) sampled += 1;
  }
  return sampled / 1_000;
}

/** 0, 0.001 … 0.999, and again. */
function counting(): () => number {
  let count = -1;
  return () => {
    count = (count + 1) % 1_000;
    return count / 1_000;
  };
}

test('the ratio decides, and without a request that is sampled there is no span', async (context) => {
  const { url } = await startReceiver(context);
  const of = (ratio: number) => shareOf(createTracing(url, { ratio, random: counting() }).tracing);
  assert.deepEqual([of(0), of(0.01), of(0.5), of(1)], [0, 0.01, 0.5, 1]);
  const { tracing } = createTracing(url);
  assert.equal(tracing.startSpan('commit', {}).traceParent, null);
  assert.equal(tracing.startSpan('commit', { parent: null, links: [] }).traceParent, null);
});

/** Begins a trace and ends it; its traceparent, or undefined where it is not sampled. */
function trace(tracing: Tracing, incoming: string, follow: boolean): string | null | undefined {
  const origin = tracing.sample(incoming, follow);
  const span = origin && tracing.startTrace(origin, 'GET /');
  span?.end();
  return span?.traceParent;
}

test('a traceparent of somebody who is followed decides alone, both ways, and its trace goes on', async (context) => {
  const receiver = await startReceiver(context);
  const { tracing: never } = createTracing(receiver.url, { ratio: 0 });
  const { tracing: always } = createTracing(receiver.url, { ratio: 1 });
  assert.equal(traceIdOf(trace(never, SAMPLED, true) ?? null), OTHER_TRACE);
  await never.close();
  assert.equal(receiver.spans[0]?.parentSpanId, OTHER_SPAN);
  assert.equal(trace(always, UNSAMPLED, true), undefined);
  assert.notEqual(trace(always, 'nonsense', true), undefined);
});

test('a traceparent of anybody else neither makes a trace nor joins one; what is sampled anyway is linked to it', async (context) => {
  const receiver = await startReceiver(context);
  const { tracing: never } = createTracing(receiver.url, { ratio: 0 });
  assert.equal(shareOf(never, SAMPLED), 0);
  const { tracing } = createTracing(receiver.url, { ratio: 1 });
  assert.notEqual(traceIdOf(trace(tracing, SAMPLED, false) ?? null), OTHER_TRACE);
  await tracing.close();
  const [received] = receiver.spans;
  assert.equal(received?.parentSpanId || undefined, undefined);
  assert.equal(received?.links[0]?.traceId, OTHER_TRACE);
});

test('a collector that is away: what was for it is dropped and counted, and told of once a minute', async (context) => {
  const receiver = await startReceiver(context);
  receiver.answer(400);
  const { tracing, warnings } = createTracing(receiver.url);
  for (let spans = 0; spans < 1_200; spans += 1) tracing.startTrace({}, 'GET /').end();
  await tracing.close();
  assert.equal(tracing.dropped(), 1_200);
  assert.equal(warnings.length, 1);
});

test('what waits for the collector is bounded, and a stop does not wait for a collector that hangs', async (context) => {
  const receiver = await startReceiver(context);
  receiver.answer(null);
  const { tracing } = createTracing(receiver.url, { flushMs: 100 });
  for (let spans = 0; spans < 20_000; spans += 1) tracing.startTrace({}, 'GET /').end();
  // What is kept: the queue, and the one call that is under way.
  assert.ok(tracing.dropped() >= 20_000 - 4_096 - 512, `${tracing.dropped()}`);
  const startedAt = performance.now();
  await tracing.close();
  assert.ok(performance.now() - startedAt < 1_000);
  assert.equal(tracing.dropped(), 20_000);
  receiver.answer(200);
});

test('a traceparent that is given out can be read by others', async (context) => {
  const { url } = await startReceiver(context);
  const { traceParent } = createTracing(url).tracing.startTrace({}, 'GET /');
  assert.equal(parseTraceParent(traceParent ?? '')?.sampled, true);
});
