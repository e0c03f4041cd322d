import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from './command.ts';
import { readMoment } from './moments.ts';

const NOW = new Date('2026-11-21T20:00:00.000Z');
const START = new Date('2026-11-27T08:00:00.000Z');
const read = (text: string) => readMoment('--closes', text, { now: NOW, start: START });

test('a moment is a time with its zone, which stays as it was written, now, or so long after the start', () => {
  assert.deepEqual(
    ['2026-11-27T09:00:00+01:00', '2026-11-27T08:00Z', '2026-11-27T08:00:00.250Z', 'now', '+90m', '+2d'].map(read),
    [
      '2026-11-27T09:00:00+01:00',
      '2026-11-27T08:00:00Z',
      '2026-11-27T08:00:00.250Z',
      '2026-11-21T20:00:00.000Z',
      '2026-11-27T09:30:00.000Z',
      '2026-11-29T08:00:00.000Z',
    ],
  );
});

test('a time without its zone, or in other words, is refused', () => {
  for (const text of ['2026-11-27T09:00', '2026-11-27', '27.11.2026', 'tomorrow', '2h', '+2', '+2y', '-2h', '']) {
    assert.throws(() => read(text), UsageError, text);
  }
});
