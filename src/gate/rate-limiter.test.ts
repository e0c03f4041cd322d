import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as passed } from 'node:timers/promises';
import { createRedis, createRedisCluster, type TestRedis, type TestRedisCluster } from '../../test/support/redis.ts';
import { createMemoryRateLimiter, createRedisRateLimiter, type RateLimiter, type RatePolicy } from './rate-limiter.ts';
import { openRedis, type RedisLink } from './redis.ts';
import { parseRedisAddress } from './redis-address.ts';

let redis: TestRedis;
let cluster: TestRedisCluster;
const links: RedisLink[] = [];

before(async () => {
  [redis, cluster] = await Promise.all([createRedis(), createRedisCluster()]);
});

after(async () => {
  await Promise.all(links.map((link) => link.close()));
  await Promise.all([redis.remove(), cluster.remove()]);
});

async function openLink({ url }: { url: string }): Promise<RedisLink> {
  const link = openRedis({ address: parseRedisAddress(url), timeoutMs: 2_000 });
  links.push(link);
  assert.ok(await link.available(5_000));
  return link;
}

/** A limiter as two processes see it; one and the same object where it belongs to one process. */
type Open = (context: TestContext, policy: RatePolicy) => Promise<{ a: RateLimiter; b: RateLimiter; pass: Pass }>;
/** Lets this time pass. */
type Pass = (ms: number) => Promise<unknown>;

/** Two processes on one Redis. */
async function openTwo(policy: RatePolicy, server: { url: string }): ReturnType<Open> {
  const ledgerId = randomUUID();
  const limiter = async () => createRedisRateLimiter(policy, { redis: await openLink(server), ledgerId });
  return { a: await limiter(), b: await limiter(), pass: passed };
}

const KINDS: readonly [where: string, open: Open][] = [
  [
    'in memory',
    async (context, policy) => {
      context.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_000_000 });
      const limiter = createMemoryRateLimiter(policy);
      return { a: limiter, b: limiter, pass: async (ms) => context.mock.timers.tick(ms) };
    },
  ],
  ['on Redis', (_context, policy) => openTwo(policy, redis)],
  ['on a Redis Cluster', (_context, policy) => openTwo(policy, cluster)],
];

const POLICY: RatePolicy = { name: 'test', quota: 5, windowSeconds: 1 };

for (const [where, open] of KINDS) {
  test(`RL-01 ${where}, exactly the quota passes, however many ask at once`, async (context) => {
    const { a, b } = await open(context, { ...POLICY, quota: 50, windowSeconds: 60 });
    const taken = await Promise.all(
      Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? a : b).take('192.0.2.1')),
    );
    assert.equal(taken.filter(({ allowed }) => allowed).length, 50);
    const remaining = taken.filter(({ allowed }) => allowed).map((each) => each.remaining);
    assert.deepEqual(
      remaining.sort((x, y) => y - x),
      Array.from({ length: 50 }, (_, index) => 49 - index),
    );
    for (const { resetMs } of taken) assert.ok(resetMs > 0 && resetMs <= 60_000, `${resetMs}`);
    assert.ok(taken.every(({ allowed, remaining: left }) => allowed || left === 0));
  });

  test(`RL-01 ${where}, the whole quota is there again when the window has ended, and not before`, async (context) => {
    const { a, b, pass } = await open(context, POLICY);
    for (let count = 0; count < 5; count += 1) assert.ok((await a.take('2001:db8::/64')).allowed);
    const refused = await b.take('2001:db8::/64');
    assert.equal(refused.allowed, false);
    assert.ok(refused.resetMs > 0 && refused.resetMs <= 1_000);
    const again = await b.take('2001:db8::/64');
    assert.equal(again.allowed, false, 'asking does not help');
    assert.ok(again.resetMs <= refused.resetMs, 'asking does not make it longer');
    // One more than Redis says: it lets a key live through its last millisecond.
    await pass(again.resetMs + 1);
    const fresh = await b.take('2001:db8::/64');
    assert.deepEqual({ ...fresh, resetMs: 0 }, { allowed: true, remaining: 4, resetMs: 0 });
    assert.ok((await a.take('2001:db8::/64')).allowed, 'nor does the other process remember it');
  });

  test(`${where}, keys and limits are apart`, async (context) => {
    const { a } = await open(context, { ...POLICY, quota: 1, windowSeconds: 60 });
    assert.ok((await a.take('a')).allowed);
    assert.ok((await a.take('b')).allowed);
    assert.ok(!(await a.take('a')).allowed);
  });
}

test('in memory, more keys than are counted pass, and those that are known stay limited', async (context) => {
  context.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_000_000 });
  const limiter = createMemoryRateLimiter({ ...POLICY, quota: 1 }, 3);
  for (const key of ['a', 'b', 'c']) assert.ok((await limiter.take(key)).allowed);
  for (let count = 0; count < 2; count += 1) assert.ok((await limiter.take('d')).allowed, 'd is not counted');
  assert.ok(!(await limiter.take('a')).allowed);
  context.mock.timers.tick(2_000);
  assert.ok((await limiter.take('d')).allowed);
  assert.ok(!(await limiter.take('d')).allowed, 'd is counted when there is room again');
});

const callsOfScripts = async () => {
  const stats = String(await redis.query('INFO', 'commandstats'));
  return [...stats.matchAll(/cmdstat_(?:eval|evalsha):calls=(\d+)/g)].reduce(
    (sum, [, calls]) => sum + Number(calls),
    0,
  );
};

test('on Redis, what is refused once is refused from memory until the window ends', async () => {
  const limiter = createRedisRateLimiter(
    { ...POLICY, windowSeconds: 60 },
    { redis: await openLink(redis), ledgerId: 'x' },
  );
  for (let count = 0; count < 5; count += 1) await limiter.take('busy');
  const before = await callsOfScripts();
  for (let count = 0; count < 20; count += 1) assert.ok(!(await limiter.take('busy')).allowed);
  assert.equal(await callsOfScripts(), before);
});

test('on Redis, a forgotten script is no trouble, and keys go with their windows', async () => {
  const ledgerId = randomUUID();
  const limiter = createRedisRateLimiter(POLICY, { redis: await openLink(redis), ledgerId });
  assert.equal((await limiter.take('a')).remaining, 4);
  await redis.scriptFlush();
  const taken = await Promise.all([limiter.take('a'), limiter.take('a'), limiter.take('a')]);
  assert.deepEqual(taken.map(({ remaining }) => remaining).sort(), [1, 2, 3]);
  const key = `doorbuster:{a}:${ledgerId}:limit:test`;
  assert.ok(Number(await redis.query('PTTL', key)) > 0);
});

test('RL-03 with Redis away each process counts by itself, and together again when it is back', async (context) => {
  const own = await createRedis();
  context.after(() => own.remove());
  const open = async () => {
    const link = openRedis({ address: parseRedisAddress(own.url), timeoutMs: 200 });
    links.push(link);
    assert.ok(await link.available(5_000));
    return { link, limiter: createRedisRateLimiter({ ...POLICY, windowSeconds: 60 }, { redis: link, ledgerId: 'x' }) };
  };
  const [a, b] = [await open(), await open()];
  const allowedOf = async (limiter: RateLimiter, key: string) =>
    (await Promise.all(Array.from({ length: 10 }, () => limiter.take(key)))).filter(({ allowed }) => allowed).length;

  await own.kill();
  assert.equal(await allowedOf(a.limiter, 'k'), 5);
  assert.equal(await allowedOf(b.limiter, 'k'), 5);
  await own.start();
  assert.ok((await a.link.available(10_000)) && (await b.link.available(10_000)));
  const together = (await allowedOf(a.limiter, 'l')) + (await allowedOf(b.limiter, 'l'));
  assert.equal(together, 5);
});
