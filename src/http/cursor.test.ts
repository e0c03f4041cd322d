import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { decodeCursor, decodeIdCursor, encodeCursor } from './cursor.ts';
import { ProblemError } from './problems.ts';

const isCursorProblem = (error: unknown) => error instanceof ProblemError && error.code === 'cursor-invalid';

test('a position comes back as it was, from text that fits into an address as it is', () => {
  const position = { placedAt: '2026-01-01T00:00:00.000Z', name: 'Ünï?&=/', arrival: 17 };
  const cursor = encodeCursor(position);
  assert.match(cursor, /^[\w-]+$/);
  assert.deepEqual(decodeCursor(cursor), position);
  const id = randomUUID();
  assert.equal(decodeIdCursor(encodeCursor({ id })), id);
});

test('without a cursor it is the first page', () => {
  assert.equal(decodeCursor(undefined), undefined);
  assert.equal(decodeIdCursor(undefined), undefined);
});

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

for (const text of [
  '',
  'x',
  '%%%',
  encode(null),
  encode([1]),
  encode('text'),
  encode({ id: null }),
  encode({ id: {} }),
]) {
  test(`what no list has given is refused: "${text}"`, () => assert.throws(() => decodeCursor(text), isCursorProblem));
}

for (const position of [
  {},
  { arrival: 1 },
  { id: 7 },
  { id: 'text' },
  { id: '-'.repeat(36) },
  { id: randomUUID().toUpperCase() },
]) {
  const cursor = encodeCursor(position);
  test(`a position in another list is refused: ${JSON.stringify(position)}`, () =>
    assert.throws(() => decodeIdCursor(cursor), isCursorProblem));
}
