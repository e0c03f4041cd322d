import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { type Answer, newCustomer, send } from '../support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startEngines, type TestEngines } from '../support/engines.ts';
import { createShop, type Sale, type Shop } from '../support/shop.ts';

let database: TestDatabase;
let engines: TestEngines;
let shop: Shop;
let sale: Sale;
let itemId: string;

before(async () => {
  database = await createTestDatabase();
  engines = await startEngines({ DATABASE_URL: database.url });
  shop = await createShop(engines.url);
  sale = await shop.createSale();
  itemId = sale.items[0]?.id ?? '';
});

after(async () => {
  try {
    const [row] = await database.query<{ count: number }>('SELECT count(*)::int FROM orders');
    assert.equal(row?.count, 0, 'no bad request had an effect');
  } finally {
    await engines.stop();
    await database.drop();
  }
});

const url = (path: string) => `${engines.url}${path}`;

function assertProblem(answer: Answer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  assert.equal(answer.json.code, code);
  assert.equal(answer.json.status, status);
  assert.equal(answer.json.type, url(`/errors/${code}`));
  assert.equal(typeof answer.json.title, 'string');
  assert.match(answer.json.requestId, /^[0-9a-f-]{36}$/);
  assert.equal(answer.headers.get('request-id'), answer.json.requestId);
  assert.doesNotMatch(answer.text, /\bat \w+ \(|node_modules|SELECT |INSERT |\/src\//);
}

const order = (body: unknown) => send('POST', url('/api/v1/orders'), { token: newCustomer().token, key: 'auto', body });

test('PD-01 problems of the framework, too: unknown address, wrong method, malformed and unexpected bodies', async () => {
  const { token } = newCustomer();
  assertProblem(await send('GET', url('/api/v1/nothing')), 404, 'not-found');
  const wrongMethod = await send('DELETE', url('/api/v1/orders'), { token });
  assertProblem(wrongMethod, 405, 'method-not-allowed');
  assert.equal(wrongMethod.headers.get('allow'), 'GET, HEAD, POST');
  for (const method of ['OPTIONS', 'PUT']) {
    assertProblem(await send(method, url('/api/v1/orders'), { token }), 405, 'method-not-allowed');
  }
  const post = (rawBody: string, headers: Record<string, string> = {}) =>
    send('POST', url('/api/v1/orders'), { token, key: 'auto', rawBody, headers });
  assertProblem(await post('{"saleId":'), 400, 'malformed-request');
  assertProblem(await post(''), 400, 'malformed-request');
  assertProblem(
    await post('saleId=1', { 'content-type': 'application/x-www-form-urlencoded' }),
    415,
    'unsupported-media-type',
  );
  assertProblem(await post('{}', { 'content-type': 'text/plain' }), 415, 'unsupported-media-type');
  assertProblem(await post(`{"metadata":"${'x'.repeat(10_000_000)}"}`), 413, 'payload-too-large');
  assertProblem(await send('GET', url('/api/v1/sales/%E0%A4%A'), {}), 400, 'malformed-request');
});

test('PD-01 requests that are no HTTP, or too large a header, get a problem document, too', async () => {
  const talk = async (raw: string) => {
    const { hostname, port } = new URL(engines.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(raw);
    return text(socket);
  };
  const rubbish = await talk('RUBBISH\r\n\r\n');
  assert.match(rubbish, /^HTTP\/1\.1 400 [\s\S]*application\/problem\+json[\s\S]*"code":"malformed-request"/);
  const hostless = await talk('GET /api/v1/sales HTTP/1.1\r\nConnection: close\r\n\r\n');
  assert.match(hostless, /^HTTP\/1\.1 400 [\s\S]*"code":"malformed-request"/);
  const expecting = await talk('GET /api/v1/sales HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\nConnection: close\r\n\r\n');
  assert.match(expecting, /^HTTP\/1\.1 200 /, 'an unknown expectation is ignored');
  const huge = await talk(`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(100_000)}\r\n\r\n`);
  assert.match(huge, /^HTTP\/1\.1 431 [\s\S]*"code":"headers-too-large"/);
});

test('PD-01 too large a body: who reads only when all is sent gets the answer, also if the connection is to be closed', async () => {
  const body = 'x'.repeat(10_000_000);
  const { hostname, port } = new URL(engines.url);
  const socket = connect(Number(port), hostname);
  socket.pause();
  const head = [
    'POST /api/v1/orders HTTP/1.1',
    'Host: x',
    'Connection: close',
    `Authorization: Bearer ${newCustomer().token}`,
    `Idempotency-Key: ${randomUUID()}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  await new Promise<void>((sent, failed) => {
    socket.once('error', failed);
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`, () => sent());
  });
  assert.match(await text(socket), /^HTTP\/1\.1 413 [\s\S]*"code":"payload-too-large"/);
});

test('PD-01 every code has a page that tells how to fix it, where type points', async () => {
  const pages = (await readdir(new URL('../../docs/errors/', import.meta.url))).map((file) => file.replace('.md', ''));
  const openapi = (await send('GET', url('/openapi.json'))).json;
  const codes: string[] = openapi.components.schemas.Problem.properties.code.enum;
  assert.deepEqual(codes.toSorted(), pages.filter((page) => page !== 'README').toSorted());
  for (const code of codes) {
    const page = await send('GET', url(`/errors/${code}`));
    assert.equal(page.status, 200, code);
    assert.match(page.text, /How to fix/);
  }
});

test('PD-02 all faults of a body in one answer, each with its JSON pointer', async () => {
  const answer = await order({
    saleId: 'not-an-id',
    lines: [{ itemId, quantity: 0 }, { itemId: randomUUID() }],
    reference: '',
    price: 1,
    'a/b~c': 2,
  });
  assertProblem(answer, 400, 'validation-failed');
  const pointers = answer.json.errors.map((error: { pointer: string }) => error.pointer);
  for (const pointer of ['/saleId', '/lines/0/quantity', '/lines/1/quantity', '/reference', '/price', '/a~1b~0c']) {
    assert.ok(pointers.includes(pointer), `${pointer} is missing in ${pointers}`);
  }
});

test('SEC-05 unknown members, and members that only the engine decides, are 400', async () => {
  const good = { saleId: sale.id, lines: [{ itemId, quantity: 1 }] };
  for (const extra of ['status', 'price', 'userId', 'version', 'role', 'arrival', 'payBy']) {
    assertProblem(await order({ ...good, [extra]: 1 }), 400, 'validation-failed');
    assertProblem(await order({ ...good, lines: [{ itemId, quantity: 1, [extra]: 1 }] }), 400, 'validation-failed');
  }
  const prototype = `{"saleId":"${sale.id}","lines":[{"itemId":"${itemId}","quantity":1}],"__proto__":{"role":"operator"}}`;
  const answer = await send('POST', url('/api/v1/orders'), {
    token: newCustomer().token,
    key: 'auto',
    rawBody: prototype,
  });
  assert.equal(answer.status, 400);
  assertProblem(await order({ ...good, onBehalfOf: 'customer-1' }), 400, 'validation-failed');
});

test('SEC-05 quantities 0, -1, 1.5, "1", null, 2^53, 101 are 400', async () => {
  for (const quantity of [0, -1, 1.5, '1', null, 2 ** 53, 101, true, [1]]) {
    assertProblem(await order({ saleId: sale.id, lines: [{ itemId, quantity }] }), 400, 'validation-failed');
  }
});

test('an unknown sale, an unknown item, an item of another sale, one item twice: 400 at the place', async () => {
  const other = await shop.createSale();
  const pointerOf = async (body: unknown) => {
    const answer = await order(body);
    assertProblem(answer, 400, 'validation-failed');
    return answer.json.errors[0].pointer;
  };
  const line = (id: string | undefined) => ({ itemId: id, quantity: 1 });
  assert.equal(await pointerOf({ saleId: randomUUID(), lines: [line(itemId)] }), '/saleId');
  assert.equal(await pointerOf({ saleId: sale.id, lines: [line(itemId), line(randomUUID())] }), '/lines/1/itemId');
  assert.equal(await pointerOf({ saleId: sale.id, lines: [line(other.items[0]?.id)] }), '/lines/0/itemId');
  assert.equal(
    await pointerOf({ saleId: sale.id, lines: [line(itemId), line(itemId.toUpperCase())] }),
    '/lines/1/itemId',
  );
  assert.equal(await pointerOf({ saleId: sale.id, lines: [] }), '/lines');
  assert.equal(await pointerOf({ saleId: `urn:uuid:${sale.id}`, lines: [line(itemId)] }), '/saleId');
  assert.equal(await pointerOf({ saleId: sale.id, lines: [line(itemId)], reference: 'a\u0000b' }), '/reference');
});

test('SEC-06 a client that sends its request too slowly is cut off, and others are served meanwhile', async () => {
  const { hostname, port } = new URL(engines.url);
  const slow = connect(Number(port), hostname);
  await once(slow, 'connect');
  slow.write('POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Ty');
  const answer = text(slow);
  assert.equal((await send('GET', url('/api/v1/sales'))).status, 200);
  const startedAt = performance.now();
  assert.match(await answer, /^HTTP\/1\.1 408 [\s\S]*"code":"request-timeout"/);
  assert.ok(performance.now() - startedAt < 14_000);
});

test('deep JSON and long lists are refused in bounded time', async () => {
  const deep = `{"saleId":"${sale.id}","lines":[{"itemId":"${itemId}","quantity":1}],"metadata":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`;
  const answer = await send('POST', url('/api/v1/orders'), { token: newCustomer().token, key: 'auto', rawBody: deep });
  assert.equal(answer.status, 400, answer.text.slice(0, 300));
  assertProblem(
    await order({ saleId: sale.id, lines: Array.from({ length: 51 }, () => ({ itemId, quantity: 1 })) }),
    400,
    'validation-failed',
  );
});
