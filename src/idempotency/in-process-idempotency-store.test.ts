import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testIdempotencyStore } from '../../test/conformance/idempotency-store.ts';
import { scaled } from '../../test/support/scale.ts';
import type { KeptAnswer } from './idempotency-store.ts';
import { createInProcessIdempotencyStore } from './in-process-idempotency-store.ts';

testIdempotencyStore(
  async ({ retentionMs }) => {
    let time = 0;
    const store = createInProcessIdempotencyStore({ retentionMs, bytesMax: 10_000_000, now: () => time });
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

const answerOf = (characters: number): KeptAnswer => ({ status: 200, headers: {}, body: 'x'.repeat(characters) });

test('past its bytes the store forgets old answers, never claims and never the latest answers', async () => {
  const store = createInProcessIdempotencyStore({ retentionMs: 60_000, bytesMax: 1_000_000 });
  for (let key = 0; key < 100; key += 1) await store.claim(`held ${key}`, 'fingerprint', 60_000);
  for (let key = 0; key < 1_000; key += 1) {
    const claim = await store.claim(`${key}`, 'fingerprint', 60_000);
    if (claim.outcome === 'claimed') await store.complete(`${key}`, claim.token, answerOf(10_000));
  }
  const answered = async (key: number) => (await store.claim(`${key}`, 'fingerprint', 0)).outcome === 'answered';
  assert.equal(await answered(0), false);
  for (let key = 980; key < 1_000; key += 1) assert.equal(await answered(key), true, `${key}`);
  for (let key = 0; key < 100; key += 1) {
    assert.equal((await store.claim(`held ${key}`, 'fingerprint', 60_000)).outcome, 'in-progress');
  }
  await store.close();
});

test('closing wakes whoever waits', async () => {
  const store = createInProcessIdempotencyStore({ retentionMs: 60_000, bytesMax: 1_000 });
  await store.claim('key', 'fingerprint', 60_000);
  const waiting = store.settled('key', 60_000);
  await store.close();
  await waiting;
});
