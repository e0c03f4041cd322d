import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnswerParser } from './answer-parser.ts';

const answers =
  'HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello' + 'HTTP/1.1 409 Conflict\r\ncontent-length: 0\r\n\r\n';

for (const size of [1, 7, answers.length]) {
  test(`answers that come in pieces of ${size} are told once each`, () => {
    const seen: [number, string][] = [];
    const feed = createAnswerParser((status, body) => seen.push([status, body]));
    for (let at = 0; at < answers.length; at += size) feed(answers.slice(at, at + size));
    assert.deepEqual(seen, [
      [201, 'hello'],
      [409, ''],
    ]);
  });
}

test('an answer without a length is no answer that this client understands', () => {
  const feed = createAnswerParser(() => {});
  assert.throws(() => feed('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'), /no Content-Length/);
});
