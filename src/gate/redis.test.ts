import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../test/support/postgres.ts';
import type { TestRedis } from '../../test/support/redis.ts';
import { scaled } from '../../test/support/scale.ts';
import { createStage } from '../../test/support/stage.ts';
import { createFaultyProxy, type FaultyProxy } from '../../test/support/tcp-proxy.ts';
import { type BreakerState, RedisAwayError } from './circuit-breaker.ts';
import { openRedis, type RedisLink } from './redis.ts';
import { parseRedisAddress } from './redis-address.ts';
import { scriptOf } from './script.ts';

const TIMEOUT_MS = 300;

/** What a busy machine may add to any time. */
const SLACK_MS = 400;

/** The breaker's stated times: three time-outs one after the other; then a probe every half second. */
const OPENS_MS_MAX = 3 * TIMEOUT_MS + SLACK_MS;

/** Connecting again, at most a second after the last attempt, and a probe. */
const RECOVERS_MS_MAX = 2_000;

/** A failover of the tests' own servers, which wait a second and a half until they call a master dead. */
const FAILS_OVER_MS_MAX = 15_000;

const PAUSE_MS = scaled(2_500, 5_000);

const COUNT = scriptOf("return redis.call('INCRBY', KEYS[1], ARGV[1])");
const KEY = 'doorbuster:{test}:count';

interface Opened {
  readonly link: RedisLink;
  readonly states: BreakerState[];
  readonly errors: string[];
  /** How often `onAvailable` was called. */
  times(): number;
}

async function open(t: TestContext, url: string, waitMs = 5_000): Promise<Opened> {
  const states: BreakerState[] = [];
  const errors: string[] = [];
  const link = openRedis({
    address: parseRedisAddress(url),
    timeoutMs: TIMEOUT_MS,
    onState: (state) => states.push(state),
    onError: (error) => errors.push(error.message),
  });
  t.after(() => link.close());
  let times = 0;
  link.onAvailable(() => {
    times += 1;
  });
  assert.equal(await link.available(waitMs), waitMs > 0, errors.join('\n'));
  return { link, states, errors, times: () => times };
}

async function behindProxy(t: TestContext, port: number): Promise<FaultyProxy> {
  const proxy = await createFaultyProxy({ port });
  t.after(() => proxy.close());
  return proxy;
}

/** How long something takes. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

const count = (link: RedisLink, by = 1) => link.run(COUNT, [KEY], [by]);

/** Calls one after the other until the breaker is open; each is refused within a call's time. How long that took. */
async function untilOpen(link: RedisLink): Promise<number> {
  return timed(async () => {
    while (link.state() === 'closed') {
      const tookMs = await timed(() => assert.rejects(count(link), RedisAwayError));
      assert.ok(tookMs < TIMEOUT_MS + SLACK_MS, `a call took ${tookMs} ms`);
    }
  });
}

/** A thousand calls at once are refused without waiting. */
async function assertRefusesAtOnce(link: RedisLink): Promise<void> {
  const tookMs = await timed(() =>
    Promise.all(Array.from({ length: 1_000 }, () => assert.rejects(count(link), RedisAwayError))),
  );
  assert.ok(tookMs < SLACK_MS, `refusing took ${tookMs} ms`);
}

test('it begins open and is available when Redis has answered, the first time as well', async (t) => {
  const redis = await createStage(t).redis();
  const { link, states, errors, times } = await open(t, redis.url);
  assert.deepEqual([states, link.state(), times(), errors], [['closed'], 'closed', 1, []]);
  assert.equal(await count(link, 5), 5);
  assert.equal(await link.call((client) => client.get(KEY)), '5');
});

test('without Redis it opens all the same, and finds it when it comes', async (t) => {
  const redis = await createStage(t).redis();
  await redis.kill();
  const { link, errors } = await open(t, redis.url, 0);
  assert.equal(link.state(), 'open');
  assert.equal(await link.available(100), false);
  assert.match((await link.checkServer()).join(), /could not be read/);
  await redis.start();
  assert.equal(await link.available(RECOVERS_MS_MAX), true);
  assert.equal(errors.filter((message) => message.includes('ECONNREFUSED')).length, 1, 'told once');
});

test('F-04 after kill -9 and an empty start it is used again, and whoever keeps things there is told', async (t) => {
  const redis = await createStage(t).redis();
  const { link, times } = await open(t, redis.url);
  await count(link);
  await redis.kill();
  await untilOpen(link);
  await assertRefusesAtOnce(link);
  await redis.start();
  assert.equal(await link.available(RECOVERS_MS_MAX), true);
  assert.equal(times(), 2);
  assert.equal(await count(link), 1);
});

test('a server that came back older without anybody noticing is told as well', async (t) => {
  const redis = await createStage(t).redis();
  const { link, times } = await open(t, redis.url);
  await count(link);
  await redis.saveSnapshot();
  await count(link);
  const again = new Promise<void>((resolve) => link.onAvailable(resolve));
  await redis.kill();
  await redis.start('snapshot');
  await again;
  assert.equal(times(), 2);
  assert.equal(await count(link), 2);
});

test('F-07 a Redis that hangs for seconds opens the breaker in the stated time, then it recovers', async (t) => {
  const redis = await createStage(t).redis();
  const { link, states } = await open(t, redis.url);
  await count(link);
  redis.pause(PAUSE_MS);
  const begin = performance.now();
  assert.ok((await untilOpen(link)) < OPENS_MS_MAX);
  await assertRefusesAtOnce(link);
  assert.equal(await link.available(PAUSE_MS + RECOVERS_MS_MAX), true);
  assert.ok(performance.now() - begin > PAUSE_MS - SLACK_MS);
  assert.equal(states.at(-1), 'closed');
  const counted = Number(await count(link));
  assert.ok(counted <= 1 + 3 + 1, `${counted}: what was sent is done late, once`);
});

test('F-07 with many callers one time-out opens it, and nobody waits longer than that, behind whatever', async (t) => {
  const redis = await createStage(t).redis();
  const { link } = await open(t, redis.url);
  redis.pause();
  const calls: Promise<void>[] = [];
  for (let index = 0; index < 50; index += 1) {
    calls.push(
      timed(() => assert.rejects(count(link), RedisAwayError)).then((tookMs) =>
        assert.ok(tookMs < TIMEOUT_MS + SLACK_MS, `a call took ${tookMs} ms`),
      ),
    );
    await pause(5);
  }
  await Promise.all(calls);
  assert.equal(link.state(), 'open');
  redis.resume();
  assert.equal(await link.available(RECOVERS_MS_MAX), true);
});

test('F-07 replies that come 2 s late open it; few requests reach Redis until they are in time again', async (t) => {
  const redis = await createStage(t).redis();
  const proxy = await behindProxy(t, redis.port);
  const { link } = await open(t, `redis://127.0.0.1:${proxy.port}`);
  await count(link);
  proxy.delayReplies(2_000);
  await untilOpen(link);
  for (let round = 0; round < scaled(20, 100); round += 1) {
    await assertRefusesAtOnce(link);
    await pause(50);
  }
  const counted = Number(await redis.query('GET', KEY));
  assert.ok(counted <= 1 + 3, `${counted} reached Redis`);
  proxy.pass();
  assert.equal(await link.available(2_000 + RECOVERS_MS_MAX), true);
});

for (const form of ['standalone', 'cluster'] as const) {
  test(`F-06 a script whose reply was lost is not sent again, ${form}`, async (t) => {
    const { redis, proxy, url } = form === 'cluster' ? await twoNodes(t) : await oneNode(t);
    const { link } = await open(t, url);
    await count(link);

    for (const connection of ['silent', 'closed'] as const) {
      await redis.query('SET', KEY, 10);
      const sent = proxy.cutReplies();
      const calls = [1, 2, 3].map(() => assert.rejects(count(link, -1), RedisAwayError));
      await sent;
      if (connection === 'closed') {
        await pause(50);
        proxy.cutConnections();
        // Whoever sends it again does so now.
        proxy.pass();
      }
      await Promise.all(calls);
      proxy.pass();
      assert.equal(await link.available(3_000 + RECOVERS_MS_MAX), true);
      await count(link, 0);
      assert.equal(Number(await redis.query('GET', KEY)), 7, connection);
    }
  });
}

interface BehindProxy {
  readonly redis: TestRedis;
  readonly proxy: FaultyProxy;
  readonly url: string;
}

async function oneNode(t: TestContext): Promise<BehindProxy> {
  const redis = await createStage(t).redis();
  const proxy = await behindProxy(t, redis.port);
  return { redis, proxy, url: `redis://127.0.0.1:${proxy.port}` };
}

/** A Cluster whose first node has the slots of this file and is reached by a proxy; the other one keeps the client up. */
async function twoNodes(t: TestContext): Promise<BehindProxy> {
  const stage = createStage(t);
  const busPorts = [await freePort(), await freePort()];
  const start = (index: number) => stage.redis(['cluster-enabled yes', `cluster-port ${busPorts[index]}`]);
  const [redis, other] = [await start(0), await start(1)];
  const proxy = await behindProxy(t, redis.port);
  await redis.query('CONFIG', 'SET', 'cluster-announce-port', proxy.port);
  await redis.query('CLUSTER', 'ADDSLOTSRANGE', 1, 16_383);
  await other.query('CLUSTER', 'ADDSLOTS', 0);
  await redis.query('CLUSTER', 'MEET', '127.0.0.1', other.port, String(busPorts[1]));
  for (const node of [redis, other]) {
    while (!String(await node.query('CLUSTER', 'INFO')).includes('cluster_state:ok')) await pause(20);
  }
  return { redis, proxy, url: `redis-cluster://127.0.0.1:${other.port}` };
}

test('F-08 scripts survive SCRIPT FLUSH, also in the middle of pipelines', async (t) => {
  const redis = await createStage(t).redis();
  const { link, states } = await open(t, redis.url);
  for (let round = 0; round < 20; round += 1) {
    const calls = Array.from({ length: 50 }, () => count(link));
    await redis.scriptFlush();
    await Promise.all([...calls, ...Array.from({ length: 50 }, () => count(link))]);
  }
  assert.equal(Number(await redis.query('GET', KEY)), 2_000);
  assert.deepEqual(states, ['closed']);
});

test('what Redis cannot do is "away", what was asked wrongly is not', async (t) => {
  const redis = await createStage(t).redis();
  const { link, errors } = await open(t, redis.url);
  await redis.query('LPUSH', KEY, 'a list');
  for (let index = 0; index < 10; index += 1) {
    await assert.rejects(count(link), (error) => error instanceof Error && error.message.startsWith('WRONGTYPE'));
  }
  assert.equal(link.state(), 'closed');
  await redis.query('CONFIG', 'SET', 'maxmemory', 1);
  await untilOpen(link);
  await pause(700);
  assert.notEqual(link.state(), 'closed', 'a Redis that cannot write is no use');
  assert.match(errors.join('\n'), /OOM/);
  await redis.query('CONFIG', 'SET', 'maxmemory', 0);
  assert.equal(await link.available(RECOVERS_MS_MAX), true);
});

test('closing takes less than a second while Redis hangs, rejects what is under way and refuses the rest', async (t) => {
  const redis = await createStage(t).redis();
  for (const form of ['busy', 'idle'] as const) {
    const { link } = await open(t, redis.url);
    redis.pause();
    const underWay = form === 'busy' ? [count(link), count(link)] : [];
    const rejected = underWay.map((call) => assert.rejects(call, RedisAwayError));
    assert.ok((await timed(() => link.close())) < 1_000);
    await Promise.all(rejected);
    await assert.rejects(count(link), RedisAwayError);
    await link.close();
    redis.resume();
  }
});

test('Cluster: a process ends when it has closed the link, also while a look for the slots is under way', async (t) => {
  const redis = await createStage(t).redisCluster();
  // The next look that begins by itself is closed in the middle of.
  const code = `
    import { Cluster } from 'ioredis';
    import { openRedis } from './src/gate/redis.ts';
    import { parseRedisAddress } from './src/gate/redis-address.ts';
    const link = openRedis({ address: parseRedisAddress(process.argv[1]), timeoutMs: ${TIMEOUT_MS} });
    if (!(await link.available(5_000))) process.exit(1);
    const look = Cluster.prototype.refreshSlotsCache;
    Cluster.prototype.refreshSlotsCache = function (callback) {
      Cluster.prototype.refreshSlotsCache = look;
      look.call(this, callback);
      link.close();
    };`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code, redis.url], {
    stdio: 'inherit',
  });
  t.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  assert.deepEqual(await Promise.race([ended, pause(20_000, 'late', { ref: false })]), [0, null]);
});

test('what is risky about a server is told in sentences', async (t) => {
  const stage = createStage(t);
  const well = await open(t, (await stage.redis()).url);
  assert.deepEqual(await well.link.checkServer(), []);
  const evicting = await open(t, (await stage.redis(['maxmemory-policy allkeys-lru'])).url);
  assert.match((await evicting.link.checkServer()).join('\n'), /allkeys-lru: .*claims.*reservations.*noeviction\.$/);
});

test('Sentinel: after a failover the new master is used', async (t) => {
  const redis = await createStage(t).redisSentinel();
  const { link, times } = await open(t, redis.url);
  assert.match((await link.checkServer()).join('\n'), /replicas/);
  await count(link);
  const old = await redis.master();
  await old.kill();
  await untilOpen(link);
  assert.equal(await link.available(FAILS_OVER_MS_MAX), true);
  assert.ok(times() >= 2);
  await count(link);
  const next = await redis.master();
  assert.notEqual(next, old);
  assert.ok(Number(await next.query('GET', KEY)) >= 1);
});

for (const end of ['killed', 'hung'] as const) {
  test(`Cluster: a master is ${end}, its replica takes over, and the link recovers`, async (t) => {
    const redis = await createStage(t).redisCluster();
    const { link } = await open(t, redis.url);
    assert.equal(await count(link), 1);
    const old = await redis.masterOf(KEY);
    if (end === 'killed') await old.kill();
    else old.pause();
    const openedMs = await untilOpen(link);
    assert.ok(openedMs < OPENS_MS_MAX, `opened after ${openedMs} ms`);
    await assertRefusesAtOnce(link);
    assert.equal(await link.available(FAILS_OVER_MS_MAX), true);
    assert.ok(Number(await count(link)) >= 1);
    assert.notEqual(await redis.failover(KEY, old), old);
  });
}

test('Cluster: a probe asks for a key in each sixteenth of the slots; scripts survive SCRIPT FLUSH there, too', async (t) => {
  const redis = await createStage(t).redisCluster();
  const { link, states } = await open(t, redis.url);
  const probed = await link.call(async () => undefined).then(() => probedKeys(redis));
  const slots = await Promise.all(probed.map(async (key) => Number(await redis.query('CLUSTER', 'KEYSLOT', key))));
  assert.deepEqual(
    slots.map((slot) => Math.floor(slot / 1_024)).sort((a, b) => a - b),
    Array.from({ length: 16 }, (_, index) => index),
  );

  const keys = Array.from({ length: 30 }, (_, index) => `doorbuster:{sale ${index}}:count`);
  for (let round = 0; round < 10; round += 1) {
    const calls = keys.map((key) => link.run(COUNT, [key], [1]));
    await redis.scriptFlush();
    await Promise.all([...calls, ...keys.map((key) => link.run(COUNT, [key], [1]))]);
  }
  for (const key of keys) assert.equal(Number(await redis.query('GET', key)), 20);
  assert.deepEqual(states, ['closed']);
});

async function probedKeys({ nodes }: { nodes: readonly { query(...args: [string, string]): Promise<unknown> }[] }) {
  const found = await Promise.all(nodes.map((node) => node.query('KEYS', 'doorbuster:*')));
  return [...new Set(found.flat() as string[])];
}
