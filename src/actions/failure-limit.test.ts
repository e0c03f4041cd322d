import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createMemoryFailureCounter } from '../gate/failure-counter.ts';
import { createFailureLimit } from './failure-limit.ts';

/** A limit of three failures in a minute, its clock, and attempts that end at once. */
function newLimit(context: TestContext) {
  context.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_000_000 });
  const limit = createFailureLimit(3, createMemoryFailureCounter({ name: 'test', windowSeconds: 60 }));
  return {
    limit,
    clock: context.mock.timers,
    /** The seconds to wait, or undefined when the attempt was let through. */
    async attempt(key: string, failed = true): Promise<number | undefined> {
      const wait = await limit.begin(key);
      if (wait === undefined) await limit.end(key, failed);
      return wait;
    },
  };
}

test('past the limit a key waits until the window that began with its first failure has ended', async (context) => {
  const { attempt, clock } = newLimit(context);
  assert.equal(await attempt('a'), undefined);
  clock.tick(20_000);
  assert.equal(await attempt('a'), undefined);
  assert.equal(await attempt('a'), undefined);
  assert.equal(await attempt('a'), 40);
  clock.tick(39_000);
  assert.equal(await attempt('a'), 1, 'what was held back makes nobody wait longer');
  assert.equal(await attempt('b'), undefined, 'another key');
  clock.tick(1_000);
  assert.equal(await attempt('a'), undefined);
});

test('attempts that do not fail are not counted, however many', async (context) => {
  const { attempt } = newLimit(context);
  for (let count = 0; count < 10; count += 1) assert.equal(await attempt('a', false), undefined);
  for (let count = 0; count < 3; count += 1) assert.equal(await attempt('a'), undefined);
  assert.equal(await attempt('a', false), 60);
});

test('attempts under way count until they end, and hold others back for a second only', async (context) => {
  const { limit, attempt } = newLimit(context);
  const begun = await Promise.all([limit.begin('a'), limit.begin('a'), limit.begin('a'), limit.begin('a')]);
  assert.deepEqual(begun, [undefined, undefined, undefined, 1]);
  await limit.end('a', true);
  assert.equal(await attempt('a'), 1, 'one failure and two under way');
  await limit.end('a', false);
  await limit.end('a', false);
  assert.equal(await attempt('a'), undefined);
});

test('clearing forgets the failures', async (context) => {
  const { limit, attempt } = newLimit(context);
  for (let count = 0; count < 3; count += 1) await attempt('a');
  await limit.clear('a');
  assert.equal(await attempt('a'), undefined);
});
