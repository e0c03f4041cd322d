import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { type Answer, newCustomer, type RequestOptions, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngines } from '../support/engines.ts';
import { pay, placeOrder, readOrder, step } from '../support/orders.ts';
import { eventsOf, untilStatus } from '../support/payments.ts';
import {
  createReceiver,
  drip,
  flood,
  hang,
  inTurn,
  type ReceivedRequest,
  type Receiver,
  withStatus,
} from '../support/receiver.ts';
import { createShop, type Shop, saleBody } from '../support/shop.ts';
import { createApiKey, createMember, createMerchant } from '../support/staff.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });
let database: TestDatabase;
let engines: TestEngines;
let shop: Shop;

before(async () => {
  database = await stage.database();
  engines = await stage.engines({
    DATABASE_URL: database.url,
    WEBHOOK_ALLOW_PRIVATE: 'true',
    WEBHOOK_TIMEOUT_MS: '3000',
    WEBHOOK_RETRY_SECONDS: '1,1',
    LOG_LEVEL: 'trace',
  });
  shop = await createShop(engines.url);
});

const call = (method: string, path: string, options?: RequestOptions): Promise<Answer> =>
  send(method, `${engines.url}/api/v1${path}`, { token: shop.operatorToken, ...options });

const post = (path: string, body?: unknown, options?: RequestOptions): Promise<Answer> =>
  call('POST', path, { key: 'auto', ...(body === undefined ? {} : { body }), ...options });

const pathOf = (merchantId: string, endpointId?: string) =>
  `/merchants/${merchantId}/webhook-endpoints${endpointId === undefined ? '' : `/${endpointId}`}`;

async function openReceiver(): Promise<Receiver> {
  const receiver = await createReceiver();
  stage.atEnd(receiver.close);
  return receiver;
}

interface Subscription {
  readonly receiver: Receiver;
  readonly path: string;
  readonly secret: string;
}

/** A merchant's endpoint at a receiver of its own. */
async function subscribe(merchantId: string, body: Record<string, unknown> = {}): Promise<Subscription> {
  const receiver = await openReceiver();
  const made = await post(pathOf(merchantId), { url: `${receiver.url}/hook`, ...body });
  assert.equal(made.status, 201, made.text);
  return { receiver, path: pathOf(merchantId, made.json.id), secret: made.json.secret };
}

/** A shop of a merchant of its own, with a sale. */
async function anotherShop() {
  const merchantId = await createMerchant(shop);
  const sale = await post('/sales', saleBody(merchantId, { items: [{ capacity: 1_000 }] }));
  assert.equal(sale.status, 201, sale.text);
  return { merchantId, place: () => placeOrder(shop, sale.json) };
}

const idOf = ({ headers }: ReceivedRequest) => headers['webhook-id'] ?? '';
const evt = (orderId: string, version: number) => `evt_${orderId.replaceAll('-', '')}_${version}`;

async function untilDelivered(path: string, status = 'delivered', count = 1): Promise<Answer['json'][]> {
  const endpointId = path.split('/').at(-1);
  await database.until(
    'SELECT 1 FROM webhook_deliveries WHERE endpoint_id = $1 AND status = $2 HAVING count(*) >= $3',
    [endpointId, status, count],
  );
  const list = await call('GET', `${path}/deliveries?status=${status}&limit=100`);
  assert.equal(list.status, 200, list.text);
  return list.json.data;
}

test('an endpoint is made, listed, read, changed by If-Match and deleted', async () => {
  const { merchantId } = await anotherShop();
  const request = {
    key: randomUUID(),
    body: { url: 'https://93.184.215.14/hook', description: 'Ours', eventTypes: ['order.paid'] },
  };
  const made = await call('POST', pathOf(merchantId), request);
  assert.equal(made.status, 201, made.text);
  assert.equal(made.headers.get('cache-control'), 'no-store');
  const { secret, ...endpoint } = made.json;
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.equal(made.headers.get('location'), `/api/v1${pathOf(merchantId, endpoint.id)}`);
  const { id, createdAt, ...rest } = endpoint;
  assert.ok(id && createdAt);
  assert.deepEqual(rest, {
    merchantId,
    url: 'https://93.184.215.14/hook',
    description: 'Ours',
    eventTypes: ['order.paid'],
    pausedAt: null,
    disabledAt: null,
    previousSecretUntil: null,
    version: 1,
  });

  const repeat = await call('POST', pathOf(merchantId), request);
  assert.equal(repeat.headers.get('idempotent-replayed'), 'true');
  assert.deepEqual(repeat.json, { ...endpoint, secret: null });

  const path = pathOf(merchantId, id);
  const read = await call('GET', path);
  assert.deepEqual(read.json, endpoint);
  const tag = read.headers.get('etag') ?? '';
  assert.equal((await call('GET', path, { headers: { 'if-none-match': tag } })).status, 304);
  assert.deepEqual((await call('GET', pathOf(merchantId))).json, { data: [endpoint], nextCursor: null });

  const change = (body: unknown, headers: Record<string, string>) => call('PATCH', path, { body, headers });
  assert.equal((await change({ description: null }, {})).status, 428);
  const changed = await change({ description: null, eventTypes: null }, { 'if-match': tag });
  assert.equal(changed.status, 200, changed.text);
  assert.deepEqual(changed.json, { ...endpoint, description: null, eventTypes: null, version: 2 });
  const stale = await change({ description: 'x' }, { 'if-match': tag });
  assert.deepEqual([stale.status, stale.json.currentTag], [412, changed.headers.get('etag')]);

  assert.equal((await call('DELETE', path)).status, 204);
  for (const answer of [
    await call('GET', path),
    await call('DELETE', path),
    await change({ description: 'x' }, { 'if-match': '*' }),
    await post(`${path}/test`),
    await post(`${path}/pause`),
    await post(`${path}/resumption`),
    await post(`${path}/secret-rotation`),
    await call('GET', `${path}/deliveries`),
  ]) {
    assert.equal(answer.status, 404, answer.text);
  }
  assert.deepEqual((await call('GET', pathOf(merchantId))).json.data, []);
});

test('SEC-07 a secret is in no list, log, stored answer or audit entry, and gone with its endpoint', async () => {
  const { merchantId } = await anotherShop();
  const { path, secret } = await subscribe(merchantId);
  const rotated = await post(`${path}/secret-rotation`);
  const secrets = [secret, rotated.json.secret];
  for (const answer of [await call('GET', path), await call('GET', pathOf(merchantId))]) {
    for (const each of secrets) assert.ok(!answer.text.includes(each));
  }
  const kept = await database.query<{ kept: string }>(
    'SELECT to_jsonb(stored_answers)::text AS kept FROM stored_answers UNION ALL SELECT to_jsonb(audit_log)::text FROM audit_log',
  );
  for (const each of secrets) {
    assert.ok(kept.every((row) => !row.kept.includes(each)));
    assert.ok(!engines.output().join('\n').includes(each));
  }
  await call('DELETE', path);
  const [row] = await database.query('SELECT secret, previous_secret FROM webhook_endpoints WHERE id = $1', [
    path.split('/').at(-1),
  ]);
  assert.deepEqual(row, { secret: '', previous_secret: null });
});

test('WH-06 SEC-05 what is not a good address, type or member is told by its pointer', async () => {
  const { merchantId } = await anotherShop();
  const url = 'https://93.184.215.14/';
  for (const [body, pointer] of [
    [{}, '/url'],
    [{ url: 'nowhere' }, '/url'],
    [{ url: 'ftp://93.184.215.14/' }, '/url'],
    [{ url: 'https://me:secret@93.184.215.14/' }, '/url'],
    [{ url: `${url}${'x'.repeat(2_048)}` }, '/url'],
    [{ url, eventTypes: [] }, '/eventTypes'],
    [{ url, eventTypes: ['order.stolen'] }, '/eventTypes/0'],
    [{ url, eventTypes: ['order.paid', 'order.paid'] }, '/eventTypes'],
    [{ url, description: 'x'.repeat(501) }, '/description'],
    [{ url, secret: 'whsec_AAAA' }, '/secret'],
  ] as const) {
    const answer = await post(pathOf(merchantId), body);
    assert.deepEqual([answer.status, answer.json.code], [400, 'validation-failed'], answer.text);
    assert.deepEqual([...new Set(answer.json.errors.map((fault: { pointer: string }) => fault.pointer))], [pointer]);
  }
  assert.deepEqual((await call('GET', pathOf(merchantId))).json.data, []);
});

test('a merchant has so many endpoints and no more, also when they are made at once', async () => {
  const { merchantId } = await anotherShop();
  const answers = await Promise.all(
    Array.from({ length: 24 }, () => post(pathOf(merchantId), { url: 'https://93.184.215.14/' })),
  );
  const made = answers.filter(({ status }) => status === 201);
  assert.equal(made.length, 20);
  for (const answer of answers) if (answer.status !== 201) assert.equal(answer.json.code, 'endpoints-exceeded');
  const first = await call('GET', `${pathOf(merchantId)}?limit=15`);
  const second = await call('GET', `${pathOf(merchantId)}?limit=15&cursor=${first.json.nextCursor}`);
  assert.deepEqual([first.json.data.length, second.json.data.length, second.json.nextCursor], [15, 5, null]);
  await call('DELETE', pathOf(merchantId, made[0]?.json.id));
  assert.equal((await post(pathOf(merchantId), { url: 'https://93.184.215.14/' })).status, 201);
});

test('SEC-01 only operators and the merchant’s staff know of its endpoints', async () => {
  const { merchantId } = await anotherShop();
  const { path } = await subscribe(merchantId);
  const [staff, courier, key] = [
    await createMember(shop, merchantId, 'merchant'),
    await createMember(shop, merchantId, 'courier'),
    await createApiKey(shop, merchantId),
  ];
  assert.equal((await call('GET', path, { token: staff })).status, 200);
  assert.equal((await call('GET', path, { token: key })).status, 403);
  const strangers = [courier, newCustomer().token, await createMember(shop, shop.merchantId, 'merchant')];
  for (const token of strangers) {
    for (const [method, where] of [
      ['GET', path],
      ['DELETE', path],
      ['GET', `${path}/deliveries`],
      ['POST', `${path}/test`],
      ['POST', `${path}/secret-rotation`],
    ] as const) {
      assert.equal((await call(method, where, { token, key: 'auto' })).status, 404, `${method} ${where}`);
    }
  }
  const elsewhere = path.replace(merchantId, shop.merchantId);
  assert.equal((await call('GET', elsewhere)).status, 404, 'under another merchant');
  assert.equal((await call('GET', path, { token: 'none' })).status, 401);
});

test('WH-01 WH-05 each step of an order gives one event, with the order as it was then', async () => {
  const { merchantId, place } = await anotherShop();
  const { receiver, path, secret } = await subscribe(merchantId);
  const order = await place();
  const stranger = await placeOrder(shop, await shop.createSale());
  assert.equal((await pay(engines.url, order)).status, 200);
  const types = await eventsOf(database, order.id);
  const requests = await receiver.until(types.length, ({ body }) => body.includes(order.id));
  assert.deepEqual(
    requests.map(idOf),
    types.map((_type, index) => evt(order.id, index + 1)),
  );
  const events = requests.map(({ body, headers }) => new Webhook(secret).verify(body, headers) as Answer['json']);
  assert.deepEqual(
    events.map(({ type }) => type),
    types,
  );
  for (const [index, { data }] of events.entries()) {
    assert.deepEqual([data.version, data.order.version, data.test], [index + 1, index + 1, false]);
  }
  const now = await send('GET', `${engines.url}/api/v1/orders/${order.id}`, { token: order.customer.token });
  assert.deepEqual(events.at(-1)?.data.order, now.json, 'as the API shows it');
  assert.equal(events[0]?.data.order.status, 'pending_payment');
  const history = await readOrder(engines.url, order);
  assert.deepEqual(
    events.map(({ timestamp }) => timestamp),
    history.json.history.map((entry: { occurredAt: string }) => entry.occurredAt),
  );
  assert.ok(
    receiver.received.every(({ body }) => !body.includes(stranger.id)),
    'another merchant’s order',
  );
  await untilDelivered(path, 'delivered', types.length);
  const first = await call('GET', `${path}/deliveries?orderId=${order.id}&limit=2`);
  const rest = await call('GET', `${path}/deliveries?orderId=${order.id}&limit=2&cursor=${first.json.nextCursor}`);
  const logged = [...first.json.data, ...rest.json.data].map(({ webhookId }) => webhookId);
  assert.deepEqual(logged.sort(), requests.map(idOf));
});

test('WH-01 a step that is refused gives no event', async () => {
  const { merchantId, place } = await anotherShop();
  const { receiver, path } = await subscribe(merchantId);
  const order = await place();
  const staff = await createMember(shop, merchantId, 'merchant');
  assert.equal((await step(engines.url, order.id, 'fulfillment', { token: staff })).status, 409);
  assert.equal(
    (await step(engines.url, order.id, 'cancellation', { token: order.customer.token, tag: '"9"' })).status,
    412,
  );
  await receiver.until(1);
  const tested = await post(`${path}/test`);
  assert.equal(tested.status, 202, tested.text);
  await receiver.until(1, (request) => idOf(request) === tested.json.webhookId);
  assert.deepEqual(receiver.received.map(idOf).sort(), [evt(order.id, 1), tested.json.webhookId].sort());
});

test('WH-02 a rotated secret signs beside the old one until the overlap is over', async () => {
  const { merchantId } = await anotherShop();
  const { receiver, path, secret } = await subscribe(merchantId);
  const testEvent = async (): Promise<ReceivedRequest> => {
    const tested = await post(`${path}/test`);
    const [request] = await receiver.until(1, (each) => idOf(each) === tested.json.webhookId);
    assert.ok(request);
    return request;
  };
  const key = randomUUID();
  const rotated = await post(`${path}/secret-rotation`, undefined, { key });
  assert.equal(rotated.status, 200, rotated.text);
  assert.ok(Date.parse(rotated.json.previousSecretUntil) > Date.now() + 86_000_000);
  const repeat = await post(`${path}/secret-rotation`, undefined, { key });
  assert.deepEqual(repeat.json, { ...rotated.json, secret: null });

  const during = await testEvent();
  for (const each of [secret, rotated.json.secret]) new Webhook(each).verify(during.body, during.headers);
  assert.equal(during.headers['webhook-signature']?.split(' ').length, 2);

  await database.query(
    `UPDATE webhook_endpoints SET previous_secret_until = now() - interval '1 second' WHERE id = $1`,
    [path.split('/').at(-1)],
  );
  const past = await testEvent();
  new Webhook(rotated.json.secret).verify(past.body, past.headers);
  assert.throws(() => new Webhook(secret).verify(past.body, past.headers));

  const leaked = await post(`${path}/secret-rotation`, { overlapSeconds: 0 });
  assert.equal(leaked.json.previousSecretUntil, null);
  const afterLeak = await testEvent();
  assert.throws(() => new Webhook(rotated.json.secret).verify(afterLeak.body, afterLeak.headers));
  new Webhook(leaked.json.secret).verify(afterLeak.body, afterLeak.headers);
  assert.equal((await post(`${path}/secret-rotation`, { overlapSeconds: -1 })).status, 400);
});

test('WH-02 WH-04 out of tries a delivery fails; redriven it goes out under the same id with a fresh timestamp', async () => {
  const { merchantId, place } = await anotherShop();
  const { receiver, path, secret } = await subscribe(merchantId, { eventTypes: ['order.placed'] });
  receiver.answer((_request, response) => {
    response.writeHead(500).end('no stock of patience');
  });
  const order = await place();
  const [failed] = await untilDelivered(path, 'failed');
  assert.deepEqual(
    [failed.attemptCount, failed.lastStatus, failed.lastError, failed.nextAttemptAt, failed.webhookId],
    [3, 500, 'The receiver answered 500.', null, evt(order.id, 1)],
  );
  const shown = await call('GET', `${path}/deliveries/${failed.id}`);
  assert.deepEqual(
    shown.json.attempts.map(({ number, status, error, response }: Record<string, unknown>) => [
      number,
      status,
      error,
      response,
    ]),
    [1, 2, 3].map((number) => [number, 500, 'The receiver answered 500.', 'no stock of patience']),
  );
  receiver.answer(withStatus(200));
  const key = randomUUID();
  const redriven = await post(`${path}/deliveries/${failed.id}/redrive`, undefined, { key });
  assert.deepEqual([redriven.status, redriven.json.status], [202, 'due'], redriven.text);
  await untilDelivered(path);
  const repeat = await post(`${path}/deliveries/${failed.id}/redrive`, undefined, { key });
  assert.equal(repeat.headers.get('idempotent-replayed'), 'true');
  assert.equal(receiver.received.length, 4);
  assert.deepEqual(new Set(receiver.received.map(idOf)), new Set([evt(order.id, 1)]));
  for (const { body, headers } of receiver.received) new Webhook(secret).verify(body, headers);
  const stamps = receiver.received.map(({ headers }) => Number(headers['webhook-timestamp']));
  assert.ok((stamps.at(-1) ?? 0) > (stamps[0] ?? 0));
  assert.equal((await post(`${path}/deliveries/${randomUUID()}/redrive`)).status, 404);
  assert.equal((await call('GET', `${path}/deliveries/${randomUUID()}`)).status, 404);
});

test('a paused endpoint gets its events after it is resumed, and one that answered 410, too', async () => {
  const { merchantId, place } = await anotherShop();
  const { receiver, path } = await subscribe(merchantId);
  const paused = await post(`${path}/pause`);
  assert.ok(paused.json.pausedAt, paused.text);
  assert.equal((await post(`${path}/pause`)).json.version, paused.json.version, 'stays as it is');
  const order = await place();
  const [waiting] = await untilDelivered(path, 'due');
  assert.equal(waiting.webhookId, evt(order.id, 1));
  assert.equal((await post(`${path}/resumption`)).json.pausedAt, null);
  await untilDelivered(path);

  receiver.answer(inTurn(withStatus(410), withStatus(200)));
  const gone = await place();
  await database.until('SELECT 1 FROM webhook_endpoints WHERE id = $1 AND disabled_at IS NOT NULL', [
    path.split('/').at(-1),
  ]);
  const disabled = await call('GET', path);
  assert.ok(disabled.json.disabledAt);
  assert.equal((await post(`${path}/resumption`)).json.disabledAt, null);
  await untilDelivered(path, 'delivered', 2);
  assert.deepEqual(receiver.received.map(idOf), [evt(order.id, 1), evt(gone.id, 1), evt(gone.id, 1)]);
  assert.equal(engines.output().filter((line) => line.includes('answered 410')).length, 1);
});

test('WH-03 receivers that hang, drip or answer 100 MB cost neither memory nor the others’ time', async (t) => {
  const { merchantId, place } = await anotherShop();
  const bad = await Promise.all([subscribe(merchantId), subscribe(merchantId), subscribe(merchantId)]);
  const good = await subscribe(merchantId);
  const replies = [hang, drip('body', 50), flood(100 * 1_024 * 1_024)];
  for (const [index, { receiver }] of bad.entries()) receiver.answer(replies[index] ?? hang);
  const before = memoryMiB();
  const startedAt = performance.now();
  const orders = await Promise.all(Array.from({ length: 40 }, place));
  await good.receiver.until(orders.length);
  const tookMs = Math.round(performance.now() - startedAt);
  assert.ok(tookMs < 3_000, `${tookMs} ms`);
  await untilDelivered(bad[2]?.path ?? '', 'delivered', orders.length);
  const grown = memoryMiB().map((each, index) => each - (before[index] ?? 0));
  t.diagnostic(`40 orders told after ${tookMs} ms; 4 GB offered; memory grew by ${grown.join(' and ')} MiB`);
  assert.ok(Math.max(...grown) < 100, `${grown} MiB`);
  await Promise.all(bad.map(({ path }) => call('DELETE', path)));
});

/** The most memory that each process has had resident. */
function memoryMiB(): number[] {
  return engines.pids.map((pid) => {
    const kib = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Math.round(Number(kib) / 1_024);
  });
}

test('WH-01 money that comes late and a hold that expires are told of like any step', async () => {
  const { merchantId, place } = await anotherShop();
  const { receiver } = await subscribe(merchantId, { eventTypes: ['order.expired'] });
  const order = await place();
  await database.query(`UPDATE orders SET pay_by = now() - interval '1 second' WHERE id = $1`, [order.id]);
  await untilStatus(database, order.id, 'expired');
  const [request] = await receiver.until(1);
  assert.ok(request);
  const { type, data } = JSON.parse(request.body);
  assert.deepEqual([type, data.order.status, data.version], ['order.expired', 'expired', 2]);
});
