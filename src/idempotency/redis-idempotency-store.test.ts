import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { testIdempotencyStore } from '../../test/conformance/idempotency-store.ts';
import { openLink } from '../../test/support/redis-links.ts';
import { scaled } from '../../test/support/scale.ts';
import { createStage } from '../../test/support/stage.ts';
import { createFaultyProxy } from '../../test/support/tcp-proxy.ts';
import { RedisAwayError } from '../gate/circuit-breaker.ts';
import type { RedisLink } from '../gate/redis.ts';
import type { IdempotencyStore, KeptAnswer } from './idempotency-store.ts';
import { createRedisIdempotencyStore } from './redis-idempotency-store.ts';

const shared = createStage({ after });
const server = await shared.redis();
const links = [await openLink({ after }, server.url), await openLink({ after }, server.url)] as const;

testIdempotencyStore(
  async ({ retentionMs }) => ({ a: storeOn(links[0], retentionMs), b: storeOn(links[1], retentionMs), advance: pause }),
  // Time is that of Redis, and nobody can move it.
  { modelRuns: scaled(2, 40) },
);

const ANSWER: KeptAnswer = { status: 200, headers: {}, body: '{}' };

function storeOn(redis: RedisLink, retentionMs = 60_000, ledgerId = 'ledger'): IdempotencyStore {
  return createRedisIdempotencyStore({ redis, ledgerId, retentionMs });
}

async function opened(t: TestContext, url: string): Promise<{ link: RedisLink; store: IdempotencyStore }> {
  const link = await openLink(t, url);
  const store = storeOn(link);
  t.after(() => store.close());
  return { link, store };
}

test('nothing stays in Redis: a released key at once, an answer past its time, a claim a minute after its lease', async (t) => {
  const redis = await createStage(t).redis();
  const { store, link } = await opened(t, redis.url);
  for (let key = 0; key < 100; key += 1) {
    const claim = await store.claim(`${key}`, 'fingerprint', 30_000);
    await store.release(`${key}`, claim.outcome === 'claimed' ? claim.token : 0);
  }
  assert.deepEqual(await redis.query('KEYS', '*:ledger:*'), []);

  await store.claim('left alone', 'fingerprint', 1_000);
  const short = storeOn(link, 5_000);
  const claim = await short.claim('answered', 'fingerprint', 30_000);
  await short.complete('answered', claim.outcome === 'claimed' ? claim.token : 0, ANSWER);
  const keys = (await redis.query('KEYS', '*:ledger:*')) as string[];
  const left = await Promise.all(keys.map(async (key) => Number(await redis.query('PTTL', key))));
  const [answer = 0, claimed = 0] = left.sort((a, b) => a - b);
  assert.ok(0 < answer && answer <= 5_000 && 5_000 < claimed && claimed <= 61_000, left.join(' '));
});

test('the count of a released key goes on while an owner from before may still come back', async (t) => {
  const redis = await createStage(t).redis();
  const { store } = await opened(t, redis.url);
  await store.claim('key', 'fingerprint', 1);
  await pause(20);
  const second = await store.claim('key', 'fingerprint', 60_000);
  assert.equal(second.outcome, 'claimed');
  if (second.outcome === 'claimed') await store.release('key', second.token);
  const [key = ''] = (await redis.query('KEYS', '*:ledger:*')) as string[];
  // As if the clock of Redis had been ahead.
  const ahead = 2 ** 52;
  await redis.query('HSET', key, 'token', ahead);
  const third = await store.claim('key', 'fingerprint', 60_000);
  assert.deepEqual(third, { outcome: 'claimed', token: ahead + 1 });
});

test('keys of another ledger are other keys', async () => {
  const [a, b] = [storeOn(links[0]), storeOn(links[0], 60_000, 'restored')];
  assert.equal((await a.claim('key', 'fingerprint', 1_000)).outcome, 'claimed');
  assert.equal((await b.claim('key', 'fingerprint', 1_000)).outcome, 'claimed');
});

test('a hundred who wait for one key ask together and ever more seldom', async (t) => {
  const redis = await createStage(t).redis();
  const { store } = await opened(t, redis.url);
  await store.claim('key', 'fingerprint', 60_000);
  await redis.query('CONFIG', 'RESETSTAT');
  await Promise.all(Array.from({ length: 100 }, () => store.settled('key', 1_000)));
  const stats = String(await redis.query('INFO', 'commandstats'));
  const asked = Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1]);
  assert.ok(asked >= 3 && asked <= 12, `${asked}`);
});

test('F-06 a claim whose reply was lost belongs to nobody, and is free again soon, not after its lease', async (t) => {
  const redis = await createStage(t).redis();
  const proxy = await createFaultyProxy(redis);
  t.after(() => proxy.close());
  const { store, link } = await opened(t, `redis://127.0.0.1:${proxy.port}`);
  const other = await opened(t, redis.url);
  // Redis has the script now, so that the next request is all it takes.
  await other.store.claim('another key', 'fingerprint', 60_000);
  const sent = proxy.cutReplies();
  await assert.rejects(store.claim('key', 'fingerprint', 60_000), RedisAwayError);
  await sent;
  assert.equal((await other.store.claim('key', 'fingerprint', 1_000)).outcome, 'in-progress');
  proxy.pass();
  await other.store.settled('key', 10_000);
  assert.equal((await other.store.claim('key', 'fingerprint', 1_000)).outcome, 'claimed');
  assert.equal(await link.available(5_000), true);
});

test('F-06 an ending that Redis did not take is told again when it is back', async (t) => {
  const redis = await createStage(t).redis();
  const { store, link } = await opened(t, redis.url);
  const claims = [await store.claim('answered', 'one', 60_000), await store.claim('released', 'two', 60_000)];
  const [first = 0, second = 0] = claims.map((claim) => (claim.outcome === 'claimed' ? claim.token : 0));
  redis.pause();
  await assert.rejects(store.complete('answered', first, ANSWER), RedisAwayError);
  await assert.rejects(store.release('released', second), RedisAwayError);
  redis.resume();
  assert.equal(await link.available(5_000), true);
  await Promise.all([store.settled('answered', 10_000), store.settled('released', 10_000)]);
  assert.deepEqual(await store.claim('answered', 'one', 1_000), {
    outcome: 'answered',
    fingerprint: 'one',
    answer: ANSWER,
  });
  assert.equal((await store.claim('released', 'three', 1_000)).outcome, 'claimed');
});

test('while Redis is away everything rejects in time, who waits as well; closing wakes whoever waits', async (t) => {
  const redis = await createStage(t).redis();
  const { store } = await opened(t, redis.url);
  await store.claim('key', 'fingerprint', 60_000);
  const waiting = store.settled('key', 60_000);
  await redis.kill();
  await assert.rejects(waiting, RedisAwayError);
  await assert.rejects(store.claim('key', 'fingerprint', 60_000), RedisAwayError);

  const onLiving = storeOn(links[0]);
  await onLiving.claim('waited for', 'fingerprint', 60_000);
  const wakes = onLiving.settled('waited for', 60_000);
  await onLiving.close();
  await wakes;
});
