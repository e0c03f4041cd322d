import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { ReadStatistics } from './read-statistics.ts';
import { createWatchStatistics } from './watch-statistics.ts';

function setUp() {
  const reads: (string | undefined)[] = [];
  const statistics: ReadStatistics = {
    async read({ saleId }) {
      reads.push(saleId);
      return { at: new Date(0), totals: {}, sales: [], nextId: null } as never;
    },
    async readSystem() {
      reads.push('system');
      return {} as never;
    },
  };
  const { watch } = createWatchStatistics({ statistics, onError: (error) => assert.fail(String(error)) });
  return { reads, watch };
}

test('one reading a second serves all who watch the same, and none is made while nobody watches', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { reads, watch } = setUp();
  const told = [0, 0, 0];
  const ends = told.map((_count, index) =>
    watch({ saleId: 'a', limit: 20 }, false, () => {
      told[index] = (told[index] ?? 0) + 1;
    }),
  );
  await turn();
  t.mock.timers.tick(1_000);
  await turn();
  assert.deepEqual(reads, ['a', 'a']);
  assert.deepEqual(told, [2, 2, 2]);
  for (const end of ends) end();
  t.mock.timers.tick(1_000);
  await turn();
  t.mock.timers.tick(1_000);
  await turn();
  assert.deepEqual(told, [2, 2, 2]);
  assert.equal(reads.length, 2);
});

test('how the engine gets on is read only for who may see it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { reads, watch } = setUp();
  let shown: unknown;
  watch({ limit: 20 }, true, ({ system }) => {
    shown = system;
  });
  watch({ limit: 20 }, false, ({ system }) => assert.equal(system, null));
  await turn();
  assert.deepEqual(shown, {});
  assert.deepEqual(reads, [undefined, 'system', undefined]);
});
