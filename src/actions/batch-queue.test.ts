import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBatchQueue } from './batch-queue.ts';

const LIMITS = { batchSizeMax: 100, waitingMax: 100, deadlineMs: 60_000, concurrency: 1 };

/** A `run` whose batches the test ends by hand. */
function handRun() {
  const batches: { requests: readonly number[]; end: () => void; fail: (error: Error) => void }[] = [];
  let arrived: (() => void) | undefined;
  return {
    batches,
    run: (requests: readonly number[]) =>
      new Promise<{ outcome: string }[]>((resolve, reject) => {
        batches.push({
          requests,
          end: () => resolve(requests.map((each) => ({ outcome: `done ${each}` }))),
          fail: reject,
        });
        arrived?.();
      }),
    /** Resolves when this many batches have begun. */
    begun: async (count: number) => {
      while (batches.length < count) {
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      }
    },
  };
}

test('alone, a request waits for nobody; what arrives meanwhile shares the next batch, in order', async () => {
  const { run, batches, begun } = handRun();
  const queue = createBatchQueue({ ...LIMITS, run });
  const first = queue.submit(1);
  await begun(1);
  assert.deepEqual(batches[0]?.requests, [1]);
  const others = [2, 3, 4].map((each) => queue.submit(each));
  assert.equal(queue.waiting(), 3);
  batches[0]?.end();
  assert.deepEqual(await first, { outcome: 'done 1' });
  await begun(2);
  assert.deepEqual(batches[1]?.requests, [2, 3, 4]);
  batches[1]?.end();
  assert.deepEqual(
    await Promise.all(others),
    [2, 3, 4].map((each) => ({ outcome: `done ${each}` })),
  );
});

test('a batch is bounded', async () => {
  const { run, batches, begun } = handRun();
  const queue = createBatchQueue({ ...LIMITS, batchSizeMax: 2, run });
  const all = [1, 2, 3].map((each) => queue.submit(each));
  await begun(1);
  assert.deepEqual(batches[0]?.requests, [1, 2]);
  batches[0]?.end();
  await begun(2);
  batches[1]?.end();
  assert.equal((await Promise.all(all)).length, 3);
});

test('past its bound the queue refuses at once and says how many wait', async () => {
  const { run, batches, begun } = handRun();
  const queue = createBatchQueue({ ...LIMITS, waitingMax: 2, run });
  const running = queue.submit(0);
  await begun(1);
  const waiting = [queue.submit(1), queue.submit(2)];
  assert.deepEqual(await queue.submit(3), { outcome: 'overloaded', waiting: 2 });
  batches[0]?.end();
  await begun(2);
  batches[1]?.end();
  await Promise.all([running, ...waiting]);
});

test('a deadline removes what is queued and never what is in a batch', async () => {
  const { run, batches, begun } = handRun();
  const queue = createBatchQueue({ ...LIMITS, deadlineMs: 1, run });
  const running = queue.submit(1);
  await begun(1);
  assert.deepEqual(await queue.submit(2), { outcome: 'deadline', waiting: 0 });
  batches[0]?.end();
  assert.deepEqual(await running, { outcome: 'done 1' });
});

test('a batch that fails as a whole fails its requests only', async () => {
  const { run, batches, begun } = handRun();
  const queue = createBatchQueue({ ...LIMITS, run });
  const doomed = queue.submit(1);
  await begun(1);
  const next = queue.submit(2);
  batches[0]?.fail(new Error('no'));
  await assert.rejects(doomed, /no/);
  await begun(2);
  batches[1]?.end();
  assert.deepEqual(await next, { outcome: 'done 2' });
});

test('closing answers all that was taken and takes no more', async () => {
  const { run, batches, begun } = handRun();
  const queue = createBatchQueue({ ...LIMITS, run });
  const taken = [queue.submit(1), queue.submit(2)];
  const closed = queue.close();
  assert.deepEqual(await queue.submit(3), { outcome: 'overloaded', waiting: 2 });
  await begun(1);
  batches[0]?.end();
  await closed;
  assert.equal((await Promise.all(taken)).length, 2);
});
