import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRetryAfter, retryDelayMs } from './retry-delay.ts';

const retry = { baseDelayMs: 100, maxDelayMs: 1_000 };

test('delays are drawn from the whole of a span that doubles up to a limit', () => {
  const longest = [1, 2, 3, 4, 5, 50].map((attempt) => retryDelayMs(attempt, undefined, retry, () => 1));
  assert.deepEqual(longest, [100, 200, 400, 800, 1_000, 1_000]);
  assert.equal(
    retryDelayMs(5, undefined, retry, () => 0),
    0,
  );
});

test('nobody comes back before Retry-After, nor all at the same moment after it', () => {
  assert.equal(
    retryDelayMs(1, 7, retry, () => 0),
    7_000,
  );
  assert.equal(
    retryDelayMs(9, 7, retry, () => 1),
    8_000,
  );
  assert.equal(
    retryDelayMs(1, 0, retry, () => 0.5),
    50,
  );
});

test('Retry-After is seconds or a date of HTTP; whatever else stands there counts as absent', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  const cases: [string | null, number | undefined][] = [
    ['0', 0],
    [' 120 ', 120],
    ['Thu, 01 Jan 2026 00:01:30 GMT', 90],
    ['Thursday, 01-Jan-26 00:01:30 GMT', 90],
    ['Thu, 01 Jan 2025 00:00:00 GMT', 0],
    ['-1', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
  ];
  for (const [value, seconds] of cases) assert.equal(parseRetryAfter(value, now), seconds, String(value));
});
