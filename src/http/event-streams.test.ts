import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { pino } from 'pino';
import type { Caller } from '../domain/caller.ts';
import { requireCaller } from './authentication.ts';
import { allowEventStreams, createEventStreams, type EventStream } from './event-streams.ts';
import { createServer } from './server.ts';

const CALLER: Caller = { kind: 'account', accountId: 'a', role: 'customer', onlySaleId: null };

/** A server whose one route answers by a stream, and what was opened. */
async function setUp(authenticate: () => Caller | undefined = () => CALLER) {
  const app = await createServer({
    log: pino({ level: 'silent' }),
    publicUrl: 'http://localhost',
    answerRetentionSeconds: 1,
    corsOrigins: [],
    observe: () => undefined,
    stopping: () => false,
  });
  await allowEventStreams(app);
  const streams = createEventStreams(app, authenticate);
  const opened: EventStream[] = [];
  const onRequest = requireCaller(authenticate);
  app.get('/stream', { onRequest, sse: 'manual', schema: { hide: true } }, async (request, reply) => {
    opened.push(streams.open(request, reply));
    return reply;
  });
  const url = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
  return {
    app,
    streams,
    opened,
    async open(): Promise<Socket> {
      const socket = connect({ host: url.hostname, port: Number(url.port) });
      socket.write(`GET /stream HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: Bearer a\r\n\r\n`);
      await once(socket, 'readable');
      return socket;
    },
  };
}

test('a reader that does not keep up is cut off, and the memory that it takes is bounded; others read on', async (t) => {
  const { app, streams, opened, open } = await setUp();
  t.after(() => app.close());
  const [slow, quick] = [await open(), await open()];
  slow.on('error', () => undefined);
  quick.resume();
  const [toSlow, toQuick] = opened;
  assert.ok(toSlow && toQuick);
  let cut = false;
  toSlow.onEnd(() => {
    cut = true;
  });
  const before = process.memoryUsage().rss;
  const data = 'x'.repeat(64 * 1024);
  for (let sent = 0; !cut && sent < 2_000; sent += 1) {
    toSlow.send({ event: 'e', data });
    await new Promise(setImmediate);
  }
  assert.ok(cut);
  assert.ok(process.memoryUsage().rss - before < 128 * 1024 * 1024);
  assert.equal(streams.count(), 1);
  toQuick.send({ id: '7', event: 'e', data: 'still there' });
  const received = await new Promise<string>((resolve) => quick.once('data', (chunk) => resolve(String(chunk))));
  assert.match(received, /id: 7\nevent: e\ndata: "still there"\n\n/);
  quick.destroy();
});

test('a stream ends when its credentials are no good any more', async (t) => {
  let good = true;
  const { app, streams, open } = await setUp(() => (good ? CALLER : undefined));
  t.after(() => app.close());
  const socket = await open();
  socket.resume();
  good = false;
  const received: string[] = [];
  socket.on('data', (chunk) => received.push(String(chunk)));
  while (!received.join('').endsWith('0\r\n\r\n')) await once(socket, 'data');
  assert.equal(streams.count(), 0);
  socket.destroy();
});

test('closing the server ends its streams at once', async () => {
  const { app, streams, open } = await setUp();
  const socket = await open();
  socket.resume();
  const ended = once(socket, 'close');
  await app.close();
  await ended;
  assert.equal(streams.count(), 0);
});
