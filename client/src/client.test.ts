import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { type Answering, createReceiver, hang, inTurn, type Receiver } from '../../test/support/receiver.ts';
import { createStage } from '../../test/support/stage.ts';
import { type ClientOptions, createClient } from './client.ts';
import { ConnectionError, DoorbusterProblem, isProblem, UnexpectedAnswerError } from './errors.ts';

const stage = createStage({ after });
const orderId = randomUUID();
const wanted = { saleId: randomUUID(), lines: [{ itemId: randomUUID(), quantity: 1 }] };
const credentials = { email: 'a@example.com', password: 'p' };

/** An engine that answers as the test says, and a client that waits for next to nothing. */
async function scripted(answers: readonly Answering[], options: Partial<ClientOptions> = {}) {
  const server = await createReceiver();
  stage.atEnd(() => server.close());
  server.answer(inTurn(...answers));
  const retry = { baseDelayMs: 1, maxDelayMs: 1, ...options.retry };
  return { server, client: createClient({ baseUrl: server.url, token: 't', ...options, retry }) };
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answering =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

const problem = (status: number, code: string, extras: object = {}, headers: Record<string, string> = {}) =>
  json(status, { type: `/errors/${code}`, title: 'T.', status, code, requestId: 'r1', ...extras }, headers);

const page =
  (status: number): Answering =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>');

/** The request has arrived, and its answer never does. */
const drop: Answering = (_, response) => response.destroy();

const placed = json(201, { id: orderId, version: 1 }, { etag: '"1"', location: `/api/v1/orders/${orderId}` });

const keysOf = ({ received }: Receiver) => received.map(({ headers }) => headers['idempotency-key']);

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => assert.fail('it was to fail'),
    (error: unknown) => error,
  );
}

test('CL-01 an intent keeps its key over lost answers, 409, 425, 429, 503 and a proxy’s 502', async () => {
  const { client, server } = await scripted([
    drop,
    problem(503, 'outcome-unknown', {}, { 'retry-after': '0' }),
    problem(409, 'request-in-progress', {}, { 'retry-after': '0' }),
    page(425),
    problem(429, 'rate-limited', {}, { 'retry-after': '0' }),
    page(502),
    placed,
  ]);
  const notices: number[] = [];
  const order = await client.orders.place(wanted, { onRetry: ({ attempt }) => notices.push(attempt) });
  assert.deepEqual([order.id, order.etag], [orderId, '"1"']);
  const keys = keysOf(server);
  assert.equal(keys.length, 7);
  assert.equal(new Set(keys).size, 1);
  assert.deepEqual(notices, [1, 2, 3, 4, 5, 6]);
  assert.ok(server.received.every(({ body }) => body === JSON.stringify(wanted)));
  await client.orders.place(wanted);
  assert.notEqual(keysOf(server).at(-1), keys[0]);
});

test('a key that is given is the one that is sent, and stands in the answer and in the error', async () => {
  const { client, server } = await scripted([placed, problem(409, 'sold-out', { items: [] })]);
  const options = { idempotencyKey: 'mine' };
  const answer = await client.call('placeOrder', { body: wanted }, options);
  assert.deepEqual([answer.idempotencyKey, answer.status, answer.replayed], ['mine', 201, false]);
  const error = await failureOf(client.orders.place(wanted, options));
  assert.ok(error instanceof DoorbusterProblem);
  assert.equal(error.idempotencyKey, 'mine');
  assert.deepEqual(keysOf(server), ['mine', 'mine']);
});

test('CL-02 what has no key is never sent again once it may have arrived', async () => {
  const sale = { id: randomUUID(), etag: '"1.1.open"' };
  for (const answer of [drop, page(503), problem(503, 'outcome-unknown', {}, { 'retry-after': '0' })]) {
    const { client, server } = await scripted([answer, json(200, {})]);
    const error = await failureOf(client.sales.change(sale, { name: 'New' }));
    assert.ok(error instanceof Error && 'effectUnknown' in error && error.effectUnknown === true, String(error));
    assert.equal(server.received.length, 1);
  }
});

test('what has no key is sent again where nothing was done', async () => {
  const sale = { id: randomUUID(), etag: '"1.1.open"' };
  for (const [status, code] of [
    [429, 'rate-limited'],
    [503, 'overloaded'],
    [503, 'unavailable'],
  ] as const) {
    const again = problem(status, code, {}, { 'retry-after': '0' });
    const { client, server } = await scripted([again, json(200, { id: sale.id }, { etag: '"2.1.open"' })]);
    assert.equal((await client.sales.change(sale, { name: 'New' })).etag, '"2.1.open"');
    assert.deepEqual(
      server.received.map(({ headers }) => headers['if-match']),
      [sale.etag, sale.etag],
    );
  }
});

test('a connection that was refused is tried again by everybody, and leaves no doubt', async () => {
  const server = await createReceiver();
  await server.close();
  const client = createClient({ baseUrl: server.url, retry: { attempts: 3, baseDelayMs: 1 } });
  const error = await failureOf(client.members.remove(randomUUID(), randomUUID()));
  assert.ok(error instanceof ConnectionError);
  assert.deepEqual([error.attempts, error.effectUnknown], [3, false]);
});

test('only a failure to connect is no doubt: the same code may end a connection that was made', async () => {
  const failWith = (cause: unknown) => async () => Promise.reject(new TypeError('fetch failed', { cause }));
  const system = (syscall: string, code: string) => Object.assign(new Error(code), { syscall, code });
  const cases: [unknown, number][] = [
    [system('connect', 'EHOSTUNREACH'), 3],
    [system('getaddrinfo', 'ENOTFOUND'), 3],
    [new AggregateError([system('connect', 'ECONNREFUSED'), system('connect', 'ENETUNREACH')]), 3],
    [Object.assign(new Error('slow'), { code: 'UND_ERR_CONNECT_TIMEOUT' }), 3],
    [system('read', 'EHOSTUNREACH'), 1],
    [Object.assign(new Error('closed'), { code: 'UND_ERR_SOCKET' }), 1],
    [undefined, 1],
  ];
  for (const [cause, attempts] of cases) {
    const retry = { attempts: 3, baseDelayMs: 1 };
    const client = createClient({ baseUrl: 'http://x', retry, fetch: failWith(cause) });
    const error = await failureOf(client.members.remove(randomUUID(), randomUUID()));
    assert.ok(error instanceof ConnectionError);
    assert.deepEqual([error.attempts, error.effectUnknown], [attempts, attempts === 1], String(cause));
  }
});

test('refusals are not tried again, and tell what they know by their code', async () => {
  const items = [{ itemId: wanted.lines[0]?.itemId, requested: 1, available: 0 }];
  const { client, server } = await scripted([problem(409, 'sold-out', { detail: 'Nothing is left.', items })]);
  const error = await failureOf(client.orders.place(wanted));
  assert.ok(isProblem(error, 'sold-out', 'limit-reached'));
  assert.ok(isProblem(error) && !isProblem(error, 'not-found'));
  // The union narrows by its code: this would not compile otherwise.
  assert.equal(error.code === 'sold-out' && error.extras.items[0]?.available, 0);
  assert.deepEqual(
    [error.status, error.requestId, error.retryAfterSeconds, error.effectUnknown, error.operation],
    [409, 'r1', undefined, false, 'placeOrder'],
  );
  assert.deepEqual(error.extras, { items });
  assert.equal(server.received.length, 1);
});

test('CL-04 a refusal decides what a lost answer left open; what comes before the key is looked at does not', async () => {
  for (const [answer, effectUnknown] of [
    [problem(409, 'sold-out', { items: [] }), false],
    [problem(412, 'precondition-failed'), false],
    [problem(401, 'unauthenticated'), true],
    [problem(429, 'rate-limited', {}, { 'retry-after': '3600' }), true],
    [page(500), true],
  ] as const) {
    const { client } = await scripted([drop, answer]);
    const error = await failureOf(client.orders.place(wanted));
    assert.equal((error as DoorbusterProblem).effectUnknown, effectUnknown, String(error));
  }
});

test('CL-03 tries and time are bounded, and Retry-After beyond the time is told at once', async () => {
  const few = await scripted([drop], { retry: { attempts: 4 } });
  const lost = await failureOf(few.client.orders.get(orderId));
  assert.ok(lost instanceof ConnectionError);
  assert.deepEqual([lost.attempts, lost.effectUnknown, few.server.received.length], [4, false, 4]);

  const late = await scripted([problem(429, 'rate-limited', {}, { 'retry-after': '61' }), placed]);
  const limited = await failureOf(late.client.orders.place(wanted));
  assert.ok(isProblem(limited, 'rate-limited'));
  assert.deepEqual([limited.retryAfterSeconds, limited.attempts], [61, 1]);

  const short = await scripted([hang], { retry: { totalMs: 300 } });
  const startedAt = performance.now();
  assert.ok((await failureOf(short.client.orders.place(wanted))) instanceof ConnectionError);
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs > 250 && tookMs < 5_000, `${tookMs} ms`);
});

test('CL-03 Retry-After is waited for', async () => {
  const { client, server } = await scripted([problem(503, 'overloaded', {}, { 'retry-after': '1' }), placed]);
  await client.orders.place(wanted);
  const [first, second] = server.received;
  assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) >= 990);
});

test('a try that takes too long counts as lost, also when its body does', async () => {
  const stuck: Answering = (_, response) => response.writeHead(200).write('{"id":');
  const { client, server } = await scripted([hang, stuck, placed], { timeoutMs: 200 });
  await client.orders.place(wanted);
  assert.equal(new Set(keysOf(server)).size, 1);
  assert.equal(server.received.length, 3);
});

test('an answer that breaks off is no answer', async () => {
  const broken: Answering = (_, response) => {
    response.writeHead(201, { 'content-length': '1000' }).write('{"id":', () => response.destroy());
  };
  const { client, server } = await scripted([broken, placed]);
  assert.equal((await client.orders.place(wanted)).id, orderId);
  assert.equal(server.received.length, 2);
});

test('a signal ends a call in flight, between two tries and before it begins, with its reason', async () => {
  const reason = new Error('the page was left');
  const inFlight = new AbortController();
  const abortAndHang: Answering = () => inFlight.abort(reason);
  const first = await scripted([abortAndHang]);
  assert.equal(await failureOf(first.client.orders.place(wanted, { signal: inFlight.signal })), reason);

  const waiting = new AbortController();
  const second = await scripted([problem(503, 'overloaded', {}, { 'retry-after': '30' }), placed]);
  const onRetry = () => setImmediate(() => waiting.abort(reason));
  assert.equal(await failureOf(second.client.orders.place(wanted, { signal: waiting.signal, onRetry })), reason);
  assert.equal(second.server.received.length, 1);

  assert.equal(await failureOf(second.client.orders.place(wanted, { signal: AbortSignal.abort(reason) })), reason);
  assert.equal(second.server.received.length, 1);
});

test('a token that was refused is renewed once, by one call for all', async () => {
  const answering: Answering = (request, response) => {
    const answer = request.headers['authorization'] === 'Bearer fresh' ? placed : problem(401, 'unauthenticated');
    return answer(request, response);
  };
  let brought = 0;
  const getToken = async () => {
    brought += 1;
    return brought === 1 ? 'stale' : 'fresh';
  };
  const { client, server } = await scripted([answering], { token: undefined, getToken });
  await Promise.all(Array.from({ length: 5 }, () => client.orders.place(wanted)));
  assert.equal(brought, 2);
  const keys = keysOf(server);
  assert.equal(new Set(keys).size, 5);

  const stubborn = await scripted([problem(401, 'unauthenticated')], { getToken: async () => 'other' });
  assert.ok(isProblem(await failureOf(stubborn.client.accounts.me()), 'unauthenticated'));
  assert.equal(stubborn.server.received.length, 2);
});

test('a signal ends a call also while it waits for a token', async () => {
  const reason = new Error('the page was left');
  const { client, server } = await scripted([placed], { token: undefined, getToken: () => new Promise(() => {}) });
  const leaving = new AbortController();
  const placing = client.orders.place(wanted, { signal: leaving.signal });
  leaving.abort(reason);
  assert.equal(await failureOf(placing), reason);
  assert.equal(server.received.length, 0);
});

test('logging in sends no token, asks for none and is harmless to repeat; registering is not repeated', async () => {
  const getToken = () => assert.fail('nobody needs a token');
  const session = { accessToken: 'a', tokenType: 'Bearer', expiresInSeconds: 60 };
  const { client, server } = await scripted([drop, json(201, session)], { token: undefined, getToken });
  assert.equal((await client.accounts.logIn(credentials)).accessToken, 'a');
  assert.deepEqual(
    server.received.map(({ headers }) => headers['authorization']),
    [undefined, undefined],
  );
  const wrong = await scripted([problem(401, 'credentials-rejected')], { getToken });
  assert.ok(isProblem(await failureOf(wrong.client.accounts.logIn(credentials)), 'credentials-rejected'));
  const other = await scripted([drop]);
  assert.ok((await failureOf(other.client.accounts.register(credentials))) instanceof ConnectionError);
  assert.equal(other.server.received.length, 1);
});

test('steps send what was read as If-Match: a result’s etag, the version of a list’s order, or what is given', async () => {
  const { client, server } = await scripted([json(200, { id: orderId, version: 3 }, { etag: '"3"' })]);
  const paid = await client.orders.pay({ id: orderId, version: 2 }, { paymentMethod: 'card_ok' });
  await client.orders.cancel(paid, { reason: 'Changed my mind' });
  await client.orders.accept({ id: orderId, etag: '*' });
  const { received } = server;
  assert.deepEqual(
    received.map(({ headers }) => headers['if-match']),
    ['"2"', '"3"', '*'],
  );
  assert.deepEqual(
    received.map(({ path }) => path.split('/').at(-1)),
    ['payment', 'cancellation', 'acceptance'],
  );
  assert.deepEqual(
    received.map(({ body }) => body),
    ['{"paymentMethod":"card_ok"}', '{"reason":"Changed my mind"}', ''],
  );
});

test('lists are walked over their pages, and a walk that ends early reads no further', async () => {
  const pages: Answering = ({ path }, response) => {
    const cursor = new URL(path, 'http://x').searchParams.get('cursor');
    const number = Number(cursor ?? 0);
    const data = [{ id: `${number}a` }, { id: `${number}b` }];
    return json(200, { data, nextCursor: number < 2 ? String(number + 1) : null })({ path } as never, response);
  };
  const { client, server } = await scripted([pages]);
  const listing = client.orders.list({ saleId: 'ä&b', limit: 2 });
  assert.equal(server.received.length, 0);
  const ids = (await Array.fromAsync(listing)).map(({ id }) => id);
  assert.deepEqual(ids, ['0a', '0b', '1a', '1b', '2a', '2b']);
  assert.equal(new URL(server.received[1]?.path ?? '', 'http://x').searchParams.get('saleId'), 'ä&b');
  for await (const { id } of listing) if (id === '0b') break;
  assert.equal(server.received.length, 4);
  assert.equal((await client.orders.list({ cursor: '2' }).page()).nextCursor, null);
  assert.equal((await Array.fromAsync(listing.pages())).length, 3);
});

test('another server’s answers are told as such', async () => {
  const { client } = await scripted([page(200)]);
  const error = await failureOf(client.sales.get(randomUUID()));
  assert.ok(error instanceof UnexpectedAnswerError);
  assert.deepEqual([error.status, error.body, error.effectUnknown], [200, '<h1>Bad gateway</h1>', false]);
  const { client: other } = await scripted([page(200)]);
  await assert.rejects(other.orders.place(wanted), { name: 'UnexpectedAnswerError', effectUnknown: true });
  const moved = await scripted([(_, response) => response.writeHead(301, { location: '/x' }).end(), placed]);
  const redirect = await failureOf(moved.client.orders.place(wanted));
  assert.ok(redirect instanceof UnexpectedAnswerError);
  assert.deepEqual([redirect.status, moved.server.received.length], [301, 1]);
});

test('ids cannot make another address, and headers cannot be smuggled', async () => {
  const { client, server } = await scripted([placed]);
  for (const id of ['', '.', '..']) await assert.rejects(client.orders.get(id), TypeError);
  await assert.rejects(client.orders.place(wanted, { idempotencyKey: 'a\r\nx: y' }), TypeError);
  assert.equal(server.received.length, 0);
  await client.orders.get('../admin/accounts?x#y');
  assert.equal(server.received[0]?.path, '/api/v1/orders/..%2Fadmin%2Faccounts%3Fx%23y');
});

test('the address may have a path before the API’s, and must be one of HTTP', async () => {
  const { server } = await scripted([placed]);
  await createClient({ baseUrl: `${server.url}/shop/` }).orders.get(orderId);
  assert.equal(server.received[0]?.path, `/shop/api/v1/orders/${orderId}`);
  for (const baseUrl of ['', 'orders.example.com', 'ftp://orders.example.com']) {
    assert.throws(() => createClient({ baseUrl }), TypeError);
  }
});
