import assert from 'node:assert/strict';
import { test } from 'node:test';
import { abortableDelay, untilAborted } from './abortable.ts';

const reason = new Error('enough');

test('a delay lasts as long as it is to, and ends early with the reason of its signal', async () => {
  const startedAt = performance.now();
  await abortableDelay(50, undefined);
  await abortableDelay(50, new AbortController().signal);
  assert.ok(performance.now() - startedAt >= 98);
  await assert.rejects(abortableDelay(60_000, AbortSignal.abort(reason)), reason);
  const later = new AbortController();
  const delay = abortableDelay(60_000, later.signal);
  later.abort(reason);
  await assert.rejects(delay, reason);
});

test('a delay beyond what timers count is not over at once', async () => {
  for (const ms of [2 ** 31, Number.POSITIVE_INFINITY]) {
    await assert.rejects(abortableDelay(ms, AbortSignal.timeout(50)), { name: 'TimeoutError' });
  }
});

test('work that never ends is left when the signal says so', async () => {
  const leaving = new AbortController();
  const never = untilAborted(new Promise(() => {}), leaving.signal);
  leaving.abort(reason);
  await assert.rejects(never, reason);
  assert.equal(await untilAborted(Promise.resolve(1), new AbortController().signal), 1);
});
