import { syncBuiltinESMExports } from 'node:module';
import { after, before, mock, test } from 'node:test';
import timers from 'node:timers/promises';
import { scaled } from '../support/scale.ts';
import { simulatedNow, simulatedPause, type UnknownCommitFault, unknownCommits } from './unknown-commits.ts';
import { assertWalkBreaks, assertWalks, seedOfRun } from './walk.ts';

const full = scaled(0, 1) === 1;

// The engine's own commitBatch in every sequence of what two processes, their connections and the server can do. It
// pauses before it tries again, and gives up by the clock: both are the walk's to decide.
before(() => {
  mock.method(timers, 'setTimeout', simulatedPause);
  mock.method(performance, 'now', simulatedNow);
  syncBuiltinESMExports();
});

after(() => {
  mock.restoreAll();
  syncBuiltinESMExports();
});

test('S-02 S-04 IK-13 F-10 batches whose COMMIT may be lost, by the real commitBatch, in every sequence: no order twice, none denied', async (t) => {
  const log = (line: string) => t.diagnostic(line);
  await assertWalks(() => unknownCommits({ batches: [['a'], ['a']], capacity: 1, faults: 1 }), 'all', log);
  await assertWalks(() => unknownCommits({ batches: [['a', 'b'], ['c']], capacity: 2, faults: 1 }), 'all', log);
  if (full) await assertWalks(() => unknownCommits({ batches: [['a'], ['a']], capacity: 1, faults: 2 }), 'all', log);
  const many = { batches: [['a', 'b'], ['b', 'c'], ['a']], capacity: 2, faults: 4 };
  await assertWalks(() => unknownCommits(many), { count: scaled(1_000, 10_000), seed: seedOfRun() }, log);
});

const COMMIT_FAULTS: readonly (readonly [UnknownCommitFault, string])[] = [
  ['keys read before the lock', 'nobody who has an order is told that it is sold out'],
  ['a look without the lock settles', 'nothing was done where that was said'],
  ['unknown told as nothing done', 'nothing was done where that was said'],
  ['no repeat check', 'nobody who has an order is told that it is sold out'],
];
for (const [fault, invariant] of COMMIT_FAULTS) {
  test(`batches whose COMMIT may be lost, broken (${fault}): noticed, because "${invariant}" fails`, async (t) => {
    const bounds = { batches: [['a'], ['a']], capacity: 1, faults: 2 };
    await assertWalkBreaks(
      () => unknownCommits(bounds, fault),
      invariant,
      (line) => t.diagnostic(line),
    );
  });
}
