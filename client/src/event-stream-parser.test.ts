import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEventStreamParser, type StreamEvent } from './event-stream-parser.ts';

function parse(...chunks: string[]): StreamEvent[] {
  const parser = createEventStreamParser();
  return chunks.flatMap((chunk) => parser.push(chunk));
}

const message = (data: string, lastEventId = '', type = 'message') => ({ lastEventId, type, data });

// The first five are the examples of the HTML standard, § 9.2.6.
const CASES: readonly [name: string, stream: string, events: StreamEvent[]][] = [
  ['several lines of data', 'data: YHOO\ndata: +2\ndata: 10\n\n', [message('YHOO\n+2\n10')]],
  [
    'comments, ids and an id that is taken back',
    ': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n',
    [message('first event', '1'), message('second event'), message(' third event')],
  ],
  ['empty data, and an event that is not finished', 'data\n\ndata\ndata\n\ndata:', [message(''), message('\n')]],
  ['one space after the colon is dropped', 'data:test\n\ndata: test\n\n', [message('test'), message('test')]],
  ['an id without data counts for what follows', 'id: 4\n\ndata: x\n\n', [message('x', '4')]],
  ['names of events last for one event', 'event: add\ndata: 1\n\ndata: 2\n\n', [message('1', '', 'add'), message('2')]],
  ['an event without data is none, and its name is forgotten', 'event: add\n\ndata: 1\n\n', [message('1')]],
  ['an id with NULL is ignored', 'id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n', [message('a', '1'), message('b', '1')]],
  ['fields that nobody knows are ignored', 'foo: bar\nData: no\n data: no\ndata: yes\n\n', [message('yes')]],
  ['colons in values stay', 'data: {"a":1}\n\n', [message('{"a":1}')]],
];

for (const [name, stream, events] of CASES) {
  test(`${name}: with LF, CR and CRLF, and cut anywhere`, () => {
    for (const end of ['\n', '\r', '\r\n']) {
      const text = stream.replaceAll('\n', end);
      assert.deepEqual(parse(text), events, JSON.stringify(end));
      assert.deepEqual(parse(...text), events, `${JSON.stringify(end)}, a character at a time`);
      for (let at = 0; at <= text.length; at += 1) assert.deepEqual(parse(text.slice(0, at), text.slice(at)), events);
    }
  });
}

test('a CR ends a line at once: nobody waits for the next character', () => {
  assert.deepEqual(parse('data: x\r', '\r'), [message('x')]);
  assert.deepEqual(parse('data: x\r\r', '\ndata: y\r\n\r\n'), [message('x'), message('y')]);
  assert.deepEqual(parse('data: x\n\r\n\r\n'), [message('x')]);
});

test('retry is digits only', () => {
  const parser = createEventStreamParser();
  assert.equal(parser.retryMs, undefined);
  parser.push('retry: 1500\n');
  parser.push('retry: 1.5\nretry: -1\nretry:\nretry: 12x\n');
  assert.equal(parser.retryMs, 1_500);
});
