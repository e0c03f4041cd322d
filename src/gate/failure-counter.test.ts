import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStage } from '../../test/support/stage.ts';
import { createMemoryFailureCounter, failureCountersOnRedis } from './failure-counter.ts';
import { openRedis } from './redis.ts';
import { parseRedisAddress } from './redis-address.ts';

const OPTIONS = { name: 'test', windowSeconds: 60 };

test('in memory, failures are counted from the first of them until the window ends', async (context) => {
  context.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_000_000 });
  const counter = createMemoryFailureCounter(OPTIONS);
  assert.equal(await counter.read('a'), undefined);
  await counter.add('a');
  context.mock.timers.tick(20_000);
  await counter.add('a');
  assert.deepEqual(await counter.read('a'), { count: 2, resetMs: 40_000 });
  assert.equal(await counter.read('b'), undefined);
  await counter.clear('a');
  assert.equal(await counter.read('a'), undefined);
  await counter.add('a');
  context.mock.timers.tick(60_000);
  assert.equal(await counter.read('a'), undefined);
});

test('on Redis, processes count together, keep no e-mail there, and count by themselves while it is away', async (context) => {
  const stage = createStage(context);
  const redis = await stage.redis();
  const open = async () => {
    const link = openRedis({ address: parseRedisAddress(redis.url), timeoutMs: 2_000 });
    stage.atEnd(() => link.close());
    assert.ok(await link.available(5_000));
    return failureCountersOnRedis({ redis: link, ledgerId: 'x' })(OPTIONS);
  };
  const [a, b] = [await open(), await open()];
  await a.add('eve@example.com');
  await b.add('eve@example.com');
  const read = await a.read('eve@example.com');
  assert.equal(read?.count, 2);
  assert.ok(read.resetMs > 50_000 && read.resetMs <= 60_000);
  const keys = (await redis.query('KEYS', '*')) as string[];
  assert.ok(keys.length > 0 && keys.every((key) => !key.includes('eve')), `${keys}`);
  await b.clear('eve@example.com');
  assert.equal(await a.read('eve@example.com'), undefined);

  await redis.kill();
  await a.add('eve@example.com');
  assert.equal((await a.read('eve@example.com'))?.count, 1);
  assert.equal(await b.read('eve@example.com'), undefined);
});
