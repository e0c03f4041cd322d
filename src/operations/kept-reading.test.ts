import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeptReading } from './kept-reading.ts';

/** A reading that ends when the test says so. */
function createSource() {
  const readings: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];
  const read = () =>
    new Promise<number>((resolve, reject) => {
      readings.push({ resolve, reject });
    });
  return { readings, read };
}

test('however many ask at once, one reading is made, and all get it', async () => {
  const { readings, read } = createSource();
  const reading = createKeptReading(read, { timeoutMs: 1_000, keptMs: 60_000 });
  const all = Promise.all(Array.from({ length: 100 }, reading));
  readings[0]?.resolve(7);
  assert.deepEqual(new Set(await all), new Set([7]));
  assert.equal(await reading(), 7);
  assert.equal(readings.length, 1);
});

test('what is not kept any more is read anew', async () => {
  const { readings, read } = createSource();
  const reading = createKeptReading(read, { timeoutMs: 1_000, keptMs: 0 });
  const first = reading();
  readings[0]?.resolve(1);
  assert.equal(await first, 1);
  const second = reading();
  readings[1]?.resolve(2);
  assert.equal(await second, 2);
});

test('a reading that fails, or hangs, is no value, in time; a hanging one gets no second beside it', async () => {
  const { readings, read } = createSource();
  const reading = createKeptReading(read, { timeoutMs: 5, keptMs: 0 });
  const failing = reading();
  readings[0]?.reject(new Error('gone'));
  assert.equal(await failing, undefined);
  assert.equal(await reading(), undefined);
  assert.equal(await reading(), undefined);
  assert.equal(readings.length, 2);
  readings[1]?.resolve(3);
  await new Promise(setImmediate);
  const again = reading();
  readings[2]?.resolve(4);
  assert.equal(await again, 4);
});
