import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryDelayMs } from './retry-delay.ts';

const least = () => 0;
const most = () => 0.999_999;

test('the delay is drawn from a span that doubles up to three seconds', () => {
  assert.deepEqual(
    [1, 2, 3, 20].map((attempt) => Math.round(retryDelayMs(attempt, undefined, most))),
    [50, 100, 200, 3000],
  );
  assert.equal(retryDelayMs(20, undefined, least), 0);
});

test('Retry-After is honoured, in seconds and as a date, but not for ever', () => {
  assert.equal(retryDelayMs(1, '3', least), 3000);
  assert.equal(retryDelayMs(1, '86400', least), 10_000);
  const delayMs = retryDelayMs(1, new Date(Date.now() + 5000).toUTCString(), least);
  assert.ok(delayMs > 3000 && delayMs <= 5000, String(delayMs));
});

test('a Retry-After of zero, or one that is neither, leaves the own delay', () => {
  assert.equal(Math.round(retryDelayMs(1, '0', most)), 50);
  assert.equal(Math.round(retryDelayMs(1, 'soon', most)), 50);
});
