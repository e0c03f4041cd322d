import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createArrivals } from './arrivals.ts';

test('each arrival is told once, in order, however far apart the looks are', () => {
  const draws = [0.5, 0.2, 0.9, 0.1, 0.6, 0.3];
  const random = () => {
    let index = 0;
    return () => draws[index++ % draws.length] ?? 0;
  };
  const atOnce = createArrivals(100, random())(200);
  const looks = createArrivals(100, random());
  assert.deepEqual([...looks(3), ...looks(3), ...looks(90), ...looks(200)], atOnce);
  assert.deepEqual(
    atOnce,
    atOnce.toSorted((a, b) => a - b),
  );
});

test('as many arrive as the rate says', () => {
  const count = createArrivals(2_000)(10_000).length;
  assert.ok(Math.abs(count - 20_000) < 1_000, `${count} of 20,000`);
});
