import assert from 'node:assert/strict';
import { after, describe, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { testIdempotencyStore } from '../../test/conformance/idempotency-store.ts';
import { openLink } from '../../test/support/redis-links.ts';
import { scaled } from '../../test/support/scale.ts';
import { createStage } from '../../test/support/stage.ts';
import { RedisAwayError } from '../gate/circuit-breaker.ts';
import { createFallbackIdempotencyStore } from './fallback-idempotency-store.ts';
import type { IdempotencyStore, KeptAnswer } from './idempotency-store.ts';
import { createInProcessIdempotencyStore } from './in-process-idempotency-store.ts';
import { createRedisIdempotencyStore } from './redis-idempotency-store.ts';

const server = await createStage({ after }).redis();
const link = await openLink({ after }, server.url);

const inProcess = (retentionMs: number, now?: () => number) =>
  createInProcessIdempotencyStore({ retentionMs, bytesMax: 10_000_000, ...(now ? { now } : {}) });

describe('with Redis', () => {
  testIdempotencyStore(
    async ({ retentionMs }) => {
      const process = () =>
        createFallbackIdempotencyStore(
          createRedisIdempotencyStore({ redis: link, ledgerId: 'ledger', retentionMs }),
          inProcess(retentionMs),
        );
      return { a: process(), b: process(), advance: pause };
    },
    { modelRuns: scaled(1, 10) },
  );
});

/** As the store of a Redis that is away. */
const away: IdempotencyStore = {
  claim: rejectAway,
  complete: rejectAway,
  release: rejectAway,
  settled: rejectAway,
  async close() {},
};

function rejectAway(): Promise<never> {
  return Promise.reject(new RedisAwayError('for the test', { asked: false }));
}

describe('without Redis, in one process', () => {
  testIdempotencyStore(
    async ({ retentionMs }) => {
      let time = 0;
      const store = createFallbackIdempotencyStore(
        away,
        inProcess(retentionMs, () => time),
      );
      return {
        a: store,
        b: store,
        async advance(ms) {
          time += ms;
        },
      };
    },
    { modelRuns: scaled(300, 5_000) },
  );
});

const ANSWER: KeptAnswer = { status: 200, headers: {}, body: '{}' };

async function opened(t: TestContext) {
  const redis = await createStage(t).redis();
  const own = await openLink(t, redis.url);
  const shared = createRedisIdempotencyStore({ redis: own, ledgerId: 'ledger', retentionMs: 60_000 });
  const store = createFallbackIdempotencyStore(shared, inProcess(60_000));
  t.after(() => store.close());
  return { redis, link: own, shared, store };
}

async function mustClaim(store: IdempotencyStore, key: string): Promise<number> {
  const claim = await store.claim(key, 'fingerprint', 60_000);
  assert.equal(claim.outcome, 'claimed', key);
  return claim.outcome === 'claimed' ? claim.token : 0;
}

test('a claim made while Redis was away is held, completed and answered in this process, also when Redis is back', async (t) => {
  const { redis, link: own, shared, store } = await opened(t);
  await redis.kill();
  const answered = await mustClaim(store, 'answered');
  const released = await mustClaim(store, 'released');
  assert.equal((await store.claim('answered', 'another', 60_000)).outcome, 'in-progress');
  await mustClaim(store, 'a third');
  assert.equal(own.state(), 'open');
  await redis.start();
  assert.equal(await own.available(5_000), true);

  assert.equal((await store.claim('answered', 'another', 60_000)).outcome, 'in-progress');
  const waiting = store.settled('answered', 60_000);
  assert.equal(await store.complete('answered', answered, ANSWER), true);
  await waiting;
  assert.deepEqual(await store.claim('answered', 'another', 60_000), {
    outcome: 'answered',
    fingerprint: 'fingerprint',
    answer: ANSWER,
  });
  await store.release('released', released);
  await mustClaim(store, 'released');
  const there = await shared.claim('released', 'another', 60_000);
  assert.equal(there.outcome, 'in-progress', 'the second claim was made in Redis');
});

test('a claim made in Redis is completed there, and when Redis goes away in between it is told later', async (t) => {
  const { redis, link: own, shared, store } = await opened(t);
  const token = await mustClaim(store, 'key');
  redis.pause();
  await assert.rejects(store.complete('key', token, ANSWER), RedisAwayError);
  redis.resume();
  assert.equal(await own.available(5_000), true);
  await shared.settled('key', 10_000);
  assert.equal((await shared.claim('key', 'another', 60_000)).outcome, 'answered');
});

test('who waits for a claim in Redis goes on when Redis goes away, and gets the key in this process', async (t) => {
  const { redis, shared, store } = await opened(t);
  await shared.claim('key', 'fingerprint', 60_000);
  const waiting = store.settled('key', 60_000);
  await redis.kill();
  await waiting;
  await mustClaim(store, 'key');
});
