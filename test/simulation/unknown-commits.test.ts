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

test('S-02 S-04 IK-13 F-10 batches that are tried optimistically first, by the real code, in every sequence: a statement that comes late does no harm', async (t) => {
  const log = (line: string) => t.diagnostic(line);
  const optimistic = true;
  await assertWalks(() => unknownCommits({ batches: [['a'], ['a']], capacity: 1, faults: 1, optimistic }), 'all', log);
  const restocked = { batches: [['a'], ['b']], capacity: 1, faults: 1, optimistic, restocked: true };
  await assertWalks(() => unknownCommits(restocked), 'all', log);
  await assertWalks(() => unknownCommits({ batches: [['a']], capacity: 1, faults: 3, optimistic }), 'all', log);
  if (full) {
    await assertWalks(
      () => unknownCommits({ batches: [['a', 'b'], ['c']], capacity: 2, faults: 1, optimistic }),
      'all',
      log,
    );
  }
  const many = { batches: [['a', 'b'], ['b', 'c'], ['a']], capacity: 2, faults: 4, optimistic };
  await assertWalks(() => unknownCommits(many), { count: scaled(1_000, 10_000), seed: seedOfRun() }, log);
});

const ONE_ITEM_TWO_TRIES = { batches: [['a'], ['a']], capacity: 1, faults: 2 };
const FAULTS: readonly (readonly [UnknownCommitFault, Parameters<typeof unknownCommits>[0], string])[] = [
  ['keys read before the lock', ONE_ITEM_TWO_TRIES, 'nobody who has an order is told that it is sold out'],
  ['a look without the lock settles', ONE_ITEM_TWO_TRIES, 'nothing was done where that was said'],
  ['unknown told as nothing done', ONE_ITEM_TWO_TRIES, 'nothing was done where that was said'],
  ['no repeat check', ONE_ITEM_TWO_TRIES, 'nobody who has an order is told that it is sold out'],
  [
    'no fence',
    { batches: [['a'], ['b']], capacity: 1, faults: 1, optimistic: true, restocked: true },
    'nobody who has an order is told that it is sold out',
  ],
  [
    'a lost statement is forgotten',
    { batches: [['a']], capacity: 1, faults: 3, optimistic: true },
    'nothing was done where that was said',
  ],
];
for (const [fault, bounds, invariant] of FAULTS) {
  test(`batches whose COMMIT may be lost, broken (${fault}): noticed, because "${invariant}" fails`, async (t) => {
    await assertWalkBreaks(
      () => unknownCommits(bounds, fault),
      invariant,
      (line) => t.diagnostic(line),
    );
  });
}
