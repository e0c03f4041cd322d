import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { createReceiver, drip, flood, hang, withStatus } from '../../test/support/receiver.ts';
import { createStage } from '../../test/support/stage.ts';
import { createHttpSender, type HttpSender } from './http-sender.ts';

const stage = createStage({ after });

function open(options: Partial<Parameters<typeof createHttpSender>[0]> = {}): HttpSender {
  const sender = createHttpSender({ allowPrivate: true, timeoutMs: 10_000, ...options });
  stage.atEnd(sender.close);
  return sender;
}

async function openReceiver() {
  const receiver = await createReceiver();
  stage.atEnd(receiver.close);
  return receiver;
}

const post = (url: string) => ({ url, headers: { 'x-own': 'yes' }, body: '{"a":1}' });

test('what was sent arrives, and the answer is told', async () => {
  const receiver = await openReceiver();
  receiver.answer((_request, response) => response.writeHead(503, { 'Retry-After': '7' }).end('not now'));
  const { durationMs, ...result } = await open().send(post(`${receiver.url}/hook?shop=1`));
  assert.deepEqual(result, { result: 'answered', status: 503, retryAfterMs: 7_000, response: 'not now' });
  assert.ok(durationMs >= 0);
  const [request] = receiver.received;
  assert.equal(request?.path, '/hook?shop=1');
  assert.equal(request?.body, '{"a":1}');
  assert.equal(request?.headers['content-type'], 'application/json');
  assert.equal(request?.headers['x-own'], 'yes');
});

test('WH-03 a redirect is not followed', async () => {
  const [receiver, elsewhere] = [await openReceiver(), await openReceiver()];
  receiver.answer(withStatus(307, { Location: elsewhere.url }));
  const result = await open().send(post(receiver.url));
  assert.equal(result.result === 'answered' && result.status, 307);
  assert.deepEqual(elsewhere.received, []);
});

test('WH-03 a receiver that never answers, or drips its headers, is cut off at the time-out', async () => {
  const receiver = await openReceiver();
  const sender = open({ timeoutMs: 300 });
  for (const answering of [hang, drip('headers', 20)]) {
    receiver.answer(answering);
    const result = await sender.send(post(receiver.url));
    assert.equal(result.result === 'failed' && result.error, 'There was no answer within 300 ms.');
    assert.ok(result.durationMs < 2_000);
  }
});

test('WH-03 of an endless or dripping body the beginning is read, and the status counts', async () => {
  const receiver = await openReceiver();
  const sender = open();
  receiver.answer(flood(100 * 1_024 * 1_024));
  const flooded = await sender.send(post(receiver.url));
  assert.equal(flooded.result === 'answered' && flooded.status, 200);
  assert.equal(flooded.result === 'answered' && flooded.response, 'x'.repeat(1_024));
  receiver.answer(drip('body', 20));
  const dripped = await sender.send(post(receiver.url));
  assert.equal(dripped.result === 'answered' && dripped.status, 200);
  assert.ok(dripped.durationMs < 3_000, `${dripped.durationMs} ms`);
});

test('a try is cut off when it is asked for', async () => {
  const receiver = await openReceiver();
  receiver.answer(hang);
  const cut = new AbortController();
  const sending = open().send({ ...post(receiver.url), signal: cut.signal });
  await receiver.until(1);
  cut.abort();
  assert.equal((await sending).result, 'failed');
});

test('what is no HTTP, or a refused connection, is a failure like others', async () => {
  const server = createServer((socket) => socket.resume().end('HELLO\r\n\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const sender = open();
  assert.equal((await sender.send(post(`http://127.0.0.1:${address.port}`))).result, 'failed');
  server.close();
  await once(server, 'close');
  const refused = await sender.send(post(`http://127.0.0.1:${address.port}`));
  assert.match(refused.result === 'failed' ? refused.error : '', /ECONNREFUSED/);
});

test('WH-06 no connection is opened to an address that is not public, whatever the name was when it was checked', async () => {
  const receiver = await openReceiver();
  const { port } = new URL(receiver.url);
  /** A name that was public once, and now is not. */
  const rebound = (address: string) =>
    open({
      allowPrivate: false,
      resolve: ((_name: string, _options: unknown, callback: (error: null, found: unknown) => void) =>
        callback(null, [{ address, family: address.includes(':') ? 6 : 4 }])) as never,
    });
  for (const [sender, host] of [
    [open({ allowPrivate: false }), '127.0.0.1'],
    [open({ allowPrivate: false }), '2130706433'],
    [open({ allowPrivate: false }), '[::ffff:127.0.0.1]'],
    [open({ allowPrivate: false }), 'localhost'],
    [rebound('127.0.0.1'), 'hooks.example.com'],
    [rebound('::ffff:127.0.0.1'), 'hooks.example.com'],
  ] as const) {
    const result = await sender.send(post(`http://${host}:${port}/`));
    assert.match(result.result === 'failed' ? result.error : '', /is not a public address\.$/, host);
  }
  assert.deepEqual(receiver.received, []);
});
