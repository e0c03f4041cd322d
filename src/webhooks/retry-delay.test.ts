import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRetryAfter, retryDelayMs, STANDARD_RETRY_SECONDS } from './retry-delay.ts';

test('WH-03 tries follow the schedule, later by up to a fifth and never sooner, and end with it', () => {
  for (const [index, seconds] of STANDARD_RETRY_SECONDS.entries()) {
    assert.equal(retryDelayMs(index + 1, 0, null), seconds * 1_000);
    assert.equal(retryDelayMs(index + 1, 0.5, null), seconds * 1_100);
  }
  assert.equal(retryDelayMs(STANDARD_RETRY_SECONDS.length + 1, 0, null), undefined);
  assert.equal(retryDelayMs(1, 0, null, []), undefined, 'without a schedule nothing is tried again');
});

test('WH-03 Retry-After makes a try later, by a day at most, and never sooner or more', () => {
  assert.equal(retryDelayMs(1, 0, 60_000), 60_000);
  assert.equal(retryDelayMs(2, 0, 60_000), 300_000);
  assert.equal(retryDelayMs(1, 0, 400 * 86_400_000), 86_400_000);
  assert.equal(retryDelayMs(STANDARD_RETRY_SECONDS.length + 1, 0, 60_000), undefined);
});

test('Retry-After is seconds or a date, and whatever else it says is nothing', () => {
  const now = new Date('2026-01-01T00:00:00Z');
  assert.equal(parseRetryAfter('120', now), 120_000);
  assert.equal(parseRetryAfter('Thu, 01 Jan 2026 00:01:00 GMT', now), 60_000);
  assert.equal(parseRetryAfter('Wed, 31 Dec 2025 00:00:00 GMT', now), 0);
  for (const value of [undefined, '', '-1', '1.5', 'soon', '99999999999', 'Thu, 99 Jan']) {
    assert.equal(parseRetryAfter(value, now), null, value);
  }
});
