import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCostlyReads } from './costly-reads.ts';

/** Reads that take a second each, by a clock that the test moves. */
function setUp() {
  let now = 0;
  let reads = 0;
  const costly = createCostlyReads(() => now);
  return {
    pass: (ms: number) => {
      now += ms;
    },
    get: (key = 'key') =>
      costly.get(key, async () => {
        now += 1_000;
        reads += 1;
        return reads;
      }),
  };
}

test('a read is not repeated before 20 times its own duration have passed', async () => {
  const { get, pass } = setUp();
  assert.equal(await get(), 1);
  pass(19_999);
  assert.equal(await get(), 1);
  pass(1);
  assert.equal(await get(), 2);
  assert.equal(await get('another'), 3);
});

test('who asks while a read runs gets its result', async () => {
  const { get } = setUp();
  assert.deepEqual(await Promise.all([get(), get(), get()]), [1, 1, 1]);
});

test('a read that fails rests as well, and is tried again after that', async () => {
  let now = 0;
  const costly = createCostlyReads(() => now);
  const fail = async () => {
    now += 10;
    throw new Error('away');
  };
  await assert.rejects(costly.get('key', fail), /away/);
  await assert.rejects(
    costly.get('key', async () => 'never asked'),
    /away/,
  );
  now += 200;
  assert.equal(await costly.get('key', async () => 'there'), 'there');
});

test('what takes long is not waited for: the value of the time before is given, and nothing where there is none', async () => {
  let now = 0;
  const costly = createCostlyReads(() => now);
  const { promise, resolve } = Promise.withResolvers<string>();
  assert.equal(await costly.latest('key', () => promise, 1), undefined);
  resolve('first');
  assert.equal(await costly.latest('key', async () => 'never asked', 1_000), 'first');
  now += 10;
  const slow = new Promise<string>(() => undefined);
  assert.equal(await costly.latest('key', () => slow, 1), 'first');
  assert.equal(await costly.latest('other', async () => 'never asked', 0), undefined);
});

test('what fails leaves the value of the time before', async () => {
  let now = 0;
  const costly = createCostlyReads(() => now);
  assert.equal(await costly.latest('key', async () => 'first', 1_000), 'first');
  now += 10;
  const fail = async () => {
    throw new Error('too slow');
  };
  assert.equal(await costly.latest('key', fail, 1_000), 'first');
});
