import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percentileOf, spreadOf } from './statistics.ts';

test('the median of an odd count is the middle one, of an even count the mean of the middle two', () => {
  assert.deepEqual(spreadOf([9, 1, 5]), { median: 5, min: 1, max: 9 });
  assert.deepEqual(spreadOf([9, 1, 5, 7]), { median: 6, min: 1, max: 9 });
});

test('nothing measured has no median', () => {
  assert.equal(spreadOf([]), undefined);
});

test('a percentile is a value that was measured', () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  assert.equal(percentileOf(values, 50), 100);
  assert.equal(percentileOf(values, 99), 198);
  assert.equal(percentileOf(values, 100), 200);
  assert.equal(percentileOf([7], 50), 7);
  assert.ok(Number.isNaN(percentileOf([], 50)));
});
