import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attemptOf, keptOrder, stockOf } from '../../test/support/stock-gate.ts';
import type { Ending } from './stock-gate.ts';
import { createToldLater, type Told } from './told-later.ts';

const ending = (note = ''): Ending => ({
  attempt: attemptOf('sale'),
  placed: note === '' ? null : keptOrder({ note }),
});

/** Rounds wait until they are let go. */
function openQueue() {
  const rounds: Told[] = [];
  const letGo: (() => void)[] = [];
  let dropped = 0;
  const later = createToldLater({
    send: (told) =>
      new Promise((resolve) => {
        rounds.push(told);
        letGo.push(resolve);
      }),
    onDropped: (endings) => {
      dropped += endings;
    },
  });
  return { later, rounds, letGo, dropped: () => dropped };
}

const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

test('what comes while a round is on its way is the next round, and waiting for it waits for all', async () => {
  const { later, rounds, letGo } = openQueue();
  later.settle([ending()]);
  later.settle([ending()]);
  await turn();
  later.settle([ending()]);
  later.tell([stockOf('sale')]);
  await turn();
  assert.deepEqual(
    rounds.map(({ endings, stock }) => [endings.length, stock.length]),
    [[2, 0]],
  );
  let sent = false;
  const waiting = later.sent().then(() => {
    sent = true;
  });
  letGo[0]?.();
  await turn();
  assert.equal(sent, false);
  letGo[1]?.();
  await waiting;
  assert.deepEqual(
    rounds.map(({ endings, stock }) => [endings.length, stock.length]),
    [
      [2, 0],
      [1, 1],
    ],
  );
  await later.sent();
});

test('of an item only the newest version waits', async () => {
  const { later, rounds, letGo } = openQueue();
  const told = [3, 5, 4].map((version) => stockOf('sale', { version }));
  for (const stock of told) later.tell([stock]);
  await turn();
  assert.deepEqual(rounds[0]?.stock, [told[1]]);
  letGo[0]?.();
  await later.sent();
});

test('what waits is bounded, in number and in size; the rest is dropped and counted', async () => {
  const many = openQueue();
  many.later.settle([ending()]);
  await turn();
  for (let index = 0; index < 11_000; index += 100) many.later.settle(Array.from({ length: 100 }, () => ending()));
  many.later.tell(Array.from({ length: 11_000 }, (_, index) => stockOf('sale', { itemId: `${index}` })));
  assert.equal(many.dropped(), 1_000);
  many.letGo[0]?.();
  await turn();
  assert.deepEqual([many.rounds[1]?.endings.length, many.rounds[1]?.stock.length], [10_000, 10_000]);
  many.later.settle([ending()]);
  assert.equal(many.dropped(), 1_000, 'there is room again');

  const large = openQueue();
  large.later.settle(Array.from({ length: 20 }, () => ending('x'.repeat(1_000_000))));
  assert.equal(large.dropped(), 5);
});
