import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newCustomer, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngines } from '../support/engines.ts';
import { pay, step } from '../support/orders.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import { sendFrom } from '../support/send-from.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createMember } from '../support/staff.ts';
import { createStage } from '../support/stage.ts';

const OTHER_TRACE = '0af7651916cd43dd8448eb211c80319c';
const OTHER_SPAN = 'b7ad6b7169203331';
const SAMPLED = { traceparent: `00-${OTHER_TRACE}-${OTHER_SPAN}-01` };
const UNSAMPLED = { traceparent: `00-${OTHER_TRACE}-${OTHER_SPAN}-00` };

const stage = createStage({ after });
let database: TestDatabase;
let collector: OtlpReceiver;
/** Two processes that keep all traces. */
let engines: TestEngines;
let shop: Shop;

before(async () => {
  database = await stage.database();
  collector = await startCollector();
  engines = await stage.engines({
    ...tracedTo(collector, '1'),
    LOG_LEVEL: 'debug',
    WEBHOOK_ALLOW_PRIVATE: 'true',
    NODE_ENV: 'development',
  });
  shop = await createShop(engines.url);
});

async function startCollector(): Promise<OtlpReceiver> {
  const started = await startOtlpReceiver();
  stage.atEnd(started.close);
  return started;
}

function tracedTo({ url }: Pick<OtlpReceiver, 'url'>, ratio: string): Record<string, string> {
  return {
    DATABASE_URL: database.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_TRACES_SAMPLER_ARG: ratio,
  };
}

/** The span of a request, by its answer's id. */
const spanOf = ({ headers }: { readonly headers: Headers }) =>
  collector.span(({ attributes }) => attributes['doorbuster.request_id'] === headers.get('request-id'));

const within = (traceId: string, name: string) =>
  collector.span((span) => span.name === name && span.traceId === traceId);

const headerOf = ({ traceId, spanId }: ReceivedSpan) => `00-${traceId}-${spanId}-01`;

const plain = (links: ReceivedSpan['links']) => links.map(({ traceId, spanId }) => ({ traceId, spanId }));

/** What the events of an order keep of their requests, the first first. */
async function traceParentsOf(orderId: string): Promise<(string | null)[]> {
  const rows = await database.query<{ trace_parent: string | null }>(
    'SELECT trace_parent FROM order_events WHERE order_id = $1 ORDER BY version',
    [orderId],
  );
  return rows.map(({ trace_parent }) => trace_parent);
}

async function startWebhookReceiver(): Promise<Receiver> {
  const receiver = await createReceiver();
  stage.atEnd(receiver.close);
  const endpoint = await send('POST', `${shop.url}/api/v1/merchants/${shop.merchantId}/webhook-endpoints`, {
    token: shop.operatorToken,
    key: 'auto',
    body: { url: `${receiver.url}/hook` },
  });
  assert.equal(endpoint.status, 201, endpoint.text);
  return receiver;
}

test('one trace leads from the request through gate, batch and commit to the relay', async () => {
  const answer = await shop.order(await shop.createSale());
  assert.equal(answer.status, 201);
  const request = await spanOf(answer);
  assert.deepEqual([request.name, request.kind], ['POST /api/v1/orders', 2]);
  const {
    'http.request.method': method,
    'http.route': route,
    'http.response.status_code': status,
  } = request.attributes;
  assert.deepEqual([method, route, status], ['POST', '/api/v1/orders', 201]);
  assert.equal(request.resource['service.name'], 'doorbuster');

  const wait = await within(request.traceId, 'wait for batch');
  assert.equal(wait.parentSpanId, request.spanId);
  const commit = await within(request.traceId, 'commit orders');
  assert.deepEqual([commit.kind, commit.parentSpanId], [3, request.spanId]);
  assert.deepEqual(plain(commit.links), [{ traceId: request.traceId, spanId: request.spanId }]);
  assert.equal(commit.attributes['db.system.name'], 'postgresql');
  assert.ok(commit.startMs >= request.startMs - 1 && commit.endMs <= request.endMs + 1);
  const publish = await within(request.traceId, 'publish order_events');
  assert.deepEqual([publish.kind, publish.parentSpanId], [4, request.spanId]);
  if (process.env['TEST_REDIS_URL'] === undefined) return;
  const admission = await within(request.traceId, 'admit to gate');
  assert.equal(admission.attributes['db.system.name'], 'redis');
});

test('the receiver of a webhook gets the trace of the request that made the step', async () => {
  const receiver = await startWebhookReceiver();
  const answer = await shop.order(await shop.createSale());
  const request = await spanOf(answer);
  const delivery = await within(request.traceId, 'POST');
  assert.deepEqual([delivery.kind, delivery.parentSpanId], [3, request.spanId]);
  const { 'doorbuster.event.type': type, 'http.response.status_code': status } = delivery.attributes;
  assert.deepEqual([type, status], ['order.placed', 204]);
  const [hook] = await receiver.until(1, ({ body }) => body.includes(answer.json.id));
  assert.equal(hook?.headers['traceparent'], headerOf(delivery));
});

test('a payment shows its two commits with the call to the provider between them, and its steps are kept in its trace', async () => {
  const customer = newCustomer();
  const order = await shop.order(await shop.createSale(), { token: customer.token });
  const paid = await pay(shop.url, { id: order.json.id, customer });
  assert.equal(paid.status, 200, paid.text);

  const request = await spanOf(paid);
  const { traceId } = request;
  const charge = await within(traceId, 'charge sandbox');
  assert.deepEqual([charge.kind, charge.attributes['doorbuster.payment.status']], [3, 'captured']);
  const commits = () =>
    collector.spans.filter((span) => span.name === 'commit order steps' && span.traceId === traceId);
  await collector.span(() => commits().length === 2);
  const [opened, settled] = commits().toSorted((one, other) => one.startMs - other.startMs);
  assert.ok(opened !== undefined && settled !== undefined);
  assert.ok(opened.endMs <= charge.startMs + 1 && charge.endMs <= settled.startMs + 1);
  const [, ...steps] = await traceParentsOf(order.json.id);
  assert.deepEqual(steps, [headerOf(request), headerOf(request)]);
});

test('what a worker does for a request later is in its trace, and so is what comes of it', async () => {
  const customer = newCustomer();
  const order = await shop.order(await shop.createSale({ fulfillment: 'kitchen' }), { token: customer.token });
  await pay(shop.url, { id: order.json.id, customer });
  const accepted = await step(shop.url, order.json.id, 'acceptance', {
    token: await createMember(shop, shop.merchantId, 'merchant'),
  });
  assert.equal(accepted.status, 200, accepted.text);
  const request = await spanOf(accepted);
  const capture = await within(request.traceId, 'capture sandbox');
  assert.equal(capture.parentSpanId, request.spanId);
  const commit = await collector.span(({ parentSpanId }) => parentSpanId === capture.spanId);
  const parents = await traceParentsOf(order.json.id);
  assert.deepEqual([commit.traceId, parents.at(-1)], [request.traceId, headerOf(capture)]);
});

test('a batch is linked to each sampled request in it', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 100 }] });
  const answers = await Promise.all(Array.from({ length: 40 }, () => shop.order(sale)));
  assert.ok(answers.every(({ status }) => status === 201));
  const requests = await Promise.all(answers.map(spanOf));
  const ids = new Set(requests.map(({ spanId }) => spanId));
  const commits = () =>
    collector.spans.filter(({ name, parentSpanId }) => name === 'commit orders' && ids.has(parentSpanId ?? ''));
  const linked = () => commits().flatMap(({ links }) => links.map(({ spanId }) => spanId));
  await collector.span(() => linked().length === 40);
  assert.deepEqual(new Set(linked()), ids);
  for (const { links, attributes } of commits()) {
    assert.equal(attributes['db.operation.batch.size'], links.length === 1 ? undefined : links.length);
  }
});

test('PD-01 a problem and every log line of a sampled request name its trace', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 1 }] });
  await shop.order(sale);
  const refused = await shop.order(sale);
  assert.equal(refused.json.code, 'sold-out');
  const customer = newCustomer();
  const order = await shop.order(await shop.createSale(), { token: customer.token });
  const key = 'declined';
  const declined = await pay(shop.url, { id: order.json.id, customer }, 'card_declined', { key });
  assert.equal(declined.json.code, 'payment-declined');
  const unknown = await send('GET', `${shop.url}/api/v1/nothing`);

  for (const answer of [refused, declined, unknown]) {
    const { requestId, traceId } = answer.json;
    assert.equal((await spanOf(answer)).traceId, traceId);
    const lines = engines.output().filter((line) => line.includes(requestId));
    assert.ok(lines.length > 0);
    for (const line of lines) assert.equal(JSON.parse(line).traceId, traceId);
  }
  const again = await pay(shop.url, { id: order.json.id, customer }, 'card_declined', { key });
  assert.equal(again.text, declined.text, 'a repeat names the first request');
});

test('a traceparent decides for those whom TRACE_FROM names; of anybody else it neither makes a trace nor joins one', async () => {
  const strict = await stage.engine({ ...tracedTo(collector, '0'), TRACE_FROM: '127.0.0.3' });
  const sale = await shop.createSale();
  const order = async (from: string, headers: Readonly<Record<string, string>>) => {
    const body = { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] };
    const options = { token: newCustomer().token, key: `${from}-${headers['traceparent']}`, body, headers };
    const answer = await sendFrom(from, 'POST', `${strict.url}/api/v1/orders`, options);
    assert.equal(answer.status, 201, answer.text);
    return traceParentsOf(answer.json.id);
  };
  assert.deepEqual(await order('127.0.0.2', SAMPLED), [null]);
  assert.deepEqual(await order('127.0.0.3', UNSAMPLED), [null]);
  const [traceParent] = await order('127.0.0.3', SAMPLED);
  const request = await collector.span(({ parentSpanId }) => parentSpanId === OTHER_SPAN);
  assert.equal(traceParent, headerOf(request));
  assert.equal(request.traceId, OTHER_TRACE);
  await strict.stop();
  const ofOther = collector.spans.filter(({ traceId, kind }) => traceId === OTHER_TRACE && kind === 2);
  assert.equal(ofOther.length, 1);
});

test('while the collector is away orders are taken as ever, the log says so once, and the stop is in time', async () => {
  const engine = await stage.engine({
    ...tracedTo({ url: 'http://127.0.0.1:9' }, '1'),
    SHUTDOWN_TIMEOUT_MS: '5000',
  });
  const sale = await shop.createSale({ items: [{ capacity: 500 }] });
  const answers = await Promise.all(
    Array.from({ length: 200 }, () =>
      send('POST', `${engine.url}/api/v1/orders`, {
        token: newCustomer().token,
        key: 'auto',
        body: { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] },
      }),
    ),
  );
  assert.ok(answers.every(({ status }) => status === 201));
  const startedAt = performance.now();
  assert.equal(await engine.stop(), 0);
  assert.ok(performance.now() - startedAt < 5_000);
  const warnings = engine.output.filter((line) => line.includes('traces are not taken by the collector'));
  assert.equal(warnings.length, 1, engine.output.join('\n'));
});

/** Writes a line for each file of OpenTelemetry's SDK that a process loads. The client for metrics loads its bare API. */
const TELL_LOADED = `
  import { registerHooks } from 'node:module';
  registerHooks({ load(url, context, next) {
    if (url.includes('@opentelemetry') && !url.includes('@opentelemetry/api/')) console.log('loaded ' + url);
    return next(url, context);
  } });`;

test('without a collector nothing of the SDK is loaded; with one, what was sampled before a stop is sent by the stop', async () => {
  const hook = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(TELL_LOADED)}` };
  const loadedBy = async (settings: Readonly<Record<string, string>>) => {
    const engine = await stage.engine({ ...hook, ...settings });
    const { json } = await send('GET', `${engine.url}/api/v1/nothing`);
    assert.equal(await engine.stop(), 0);
    return { traceId: json.traceId, loaded: engine.output.filter((line) => line.startsWith('loaded ')) };
  };
  const off = await loadedBy({ DATABASE_URL: database.url });
  assert.deepEqual(off, { traceId: undefined, loaded: [] });
  const on = await loadedBy(tracedTo(collector, '1'));
  assert.notEqual(on.loaded.length, 0);
  assert.ok(collector.spans.some(({ traceId }) => traceId === on.traceId));
});
