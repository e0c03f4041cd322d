import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { type Answering, createReceiver, inTurn } from '../../test/support/receiver.ts';
import { createStage } from '../../test/support/stage.ts';
import { type ClientOptions, createClient } from './client.ts';
import { isProblem } from './errors.ts';

const stage = createStage({ after });
const orderId = randomUUID();

async function scripted(answers: readonly Answering[], options: Partial<ClientOptions> = {}) {
  const server = await createReceiver();
  stage.atEnd(() => server.close());
  server.answer(inTurn(...answers));
  const retry = { baseDelayMs: 1, maxDelayMs: 1 };
  const client = createClient({ baseUrl: server.url, token: 't', retry, ...options });
  return { server, client };
}

/** Sends this and ends, breaks or stays open. */
const stream =
  (text: string, then: 'end' | 'destroy' | 'stay' = 'end'): Answering =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text, () => {
      if (then !== 'stay') response[then]();
    });
  };

const event = (version: number) => `id: ${version}\nevent: order.step\ndata: {"version":${version}}\n\n`;
const noMore: Answering = (_, response) => response.writeHead(204).end();
const refuse =
  (status: number, code: string): Answering =>
  (_, response) =>
    response
      .writeHead(status, { 'retry-after': '0' })
      .end(JSON.stringify({ type: 't', title: 'T.', status, code, requestId: 'r' }));

const lastEventIds = ({ received }: Awaited<ReturnType<typeof scripted>>['server']) =>
  received.map(({ headers }) => headers['last-event-id']);

test('CL-05 a stream is followed over ends, breaks and refusals, from the last event that came, until the engine says 204', async () => {
  const { client, server } = await scripted([
    stream(event(1) + event(2)),
    stream(`${event(3)}id: 4\ndata: {"version":4}\n`, 'destroy'),
    refuse(503, 'overloaded'),
    (_, response) => response.destroy(),
    stream(`\uFEFF: hello\n\n${event(4)}`),
    noMore,
  ]);
  const events = await Array.fromAsync(client.orders.watch(orderId));
  assert.deepEqual(
    events.map(({ id, type, data }) => [id, type, data.version]),
    [1, 2, 3, 4].map((version) => [String(version), 'order.step', version]),
  );
  assert.deepEqual(lastEventIds(server), [undefined, '2', '3', '3', '3', '4']);
  const [first] = server.received;
  assert.equal(first?.headers['accept'], 'text/event-stream');
  assert.equal(first?.headers['authorization'], 'Bearer t');
});

test('a stream begins after lastEventId, and what is no JSON of the engine fails loudly', async () => {
  const { client, server } = await scripted([stream('data: no JSON\n\n')]);
  await assert.rejects(Array.fromAsync(client.orders.watch(orderId, { lastEventId: '7' })), SyntaxError);
  assert.deepEqual(lastEventIds(server), ['7']);
});

test('a silent connection is given up; comments keep it', async () => {
  const chatty: Answering = (_, response) => {
    response.writeHead(200).write(event(1));
    let comments = 0;
    const timer = setInterval(() => {
      comments += 1;
      response.write(comments < 8 ? ': still here\n\n' : event(2));
      if (comments === 8) clearInterval(timer);
    }, 60);
  };
  const { client, server } = await scripted([chatty, noMore]);
  const startedAt = performance.now();
  const events = await Array.fromAsync(client.orders.watch(orderId, { heartbeatTimeoutMs: 300 }));
  assert.equal(events.length, 2);
  assert.ok(performance.now() - startedAt > 8 * 60);
  assert.deepEqual(lastEventIds(server), [undefined, '2']);
});

test('the delay before reconnecting is the one that the stream asks for', async (t) => {
  const { client } = await scripted([stream(`retry: 700\n${event(1)}`), noMore], {
    retry: { baseDelayMs: 1, maxDelayMs: 1_000 },
  });
  const delays: number[] = [];
  // Drawn from 0 to 700: what a base of 1 ms would never give.
  t.mock.method(Math, 'random', () => 0.5);
  await Array.fromAsync(client.orders.watch(orderId, { onRetry: ({ delayMs }) => delays.push(delayMs) }));
  assert.deepEqual(delays, [350]);
});

test('an order that is not the caller’s to see any more ends the watch with its problem', async () => {
  const { client, server } = await scripted([stream(event(1)), refuse(404, 'not-found')]);
  const seen: string[] = [];
  await assert.rejects(
    async () => {
      for await (const { id } of client.orders.watch(orderId)) seen.push(id);
    },
    (error) => isProblem(error, 'not-found'),
  );
  assert.deepEqual(seen, ['1']);
  assert.equal(server.received.length, 2);
});

test('a token that ran out is renewed when the stream reconnects', async () => {
  let brought = 0;
  const getToken = async () => {
    brought += 1;
    return `t${brought}`;
  };
  const { client, server } = await scripted(
    [stream(event(1)), refuse(401, 'unauthenticated'), stream(event(2)), noMore],
    {
      token: undefined,
      getToken,
    },
  );
  assert.equal((await Array.fromAsync(client.orders.watch(orderId))).length, 2);
  assert.deepEqual(
    server.received.map(({ headers }) => headers['authorization']),
    ['Bearer t1', 'Bearer t1', 'Bearer t2', 'Bearer t2'],
  );
});

test('leaving the loop and aborting both close the connection, at once', async () => {
  const closed = Promise.withResolvers<void>();
  const abandoned = Promise.withResolvers<void>();
  const { client } = await scripted([
    (request, response) => {
      response.once('close', closed.resolve);
      return stream(event(1), 'stay')(request, response);
    },
    (request, response) => {
      response.once('close', abandoned.resolve);
      return stream(event(1), 'stay')(request, response);
    },
  ]);
  for await (const _ of client.orders.watch(orderId)) break;
  await closed.promise;

  const leaving = new AbortController();
  const reason = new Error('left');
  await assert.rejects(
    async () => {
      for await (const _ of client.orders.watch(orderId, { signal: leaving.signal })) leaving.abort(reason);
    },
    (error) => error === reason,
  );
  await abandoned.promise;
});

test('figures of sales are followed like orders', async () => {
  const { client, server } = await scripted([
    stream('event: stats\ndata: {"at":"now"}\n\nevent: other\ndata: 1\n\n'),
    noMore,
  ]);
  const snapshots = await Array.fromAsync(client.stats.watch({ saleId: 's' }));
  assert.deepEqual(snapshots, [{ at: 'now' }]);
  assert.equal(server.received[0]?.path, '/api/v1/admin/stats/stream?saleId=s');
});
