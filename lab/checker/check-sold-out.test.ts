import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HandMadeRun } from './hand-made-run.ts';
import { accepted, changeStock, judge, makeItem, makeOrder, readOrders, refused, unknown } from './hand-made-run.ts';

const FALSE = 'S-08 false-sold-out';
const ann = makeOrder('ann', 1);
const bob = makeOrder('bob', 2);

/** Only what S-08 says about refusals; stock left at the end is another check's matter. */
function refusalsOf(run: HandMadeRun): string[] {
  return judge(run).filter((found) => found === FALSE);
}

describe('S-08, sold out', () => {
  test('accepts a refusal while the order that took the last unit was under way', () => {
    const placings = [accepted(ann, 1, 9), refused('cy', 2, 3)];
    assert.deepEqual(refusalsOf({ placings, orders: [ann], items: [makeItem(1, 1)] }), []);
  });

  test('accepts a refusal answered after the last unit was asked for, though it was sent before', () => {
    const placings = [refused('cy', 1, 6), accepted(ann, 5, 9)];
    assert.deepEqual(refusalsOf({ placings, orders: [ann], items: [makeItem(1, 1)] }), []);
  });

  test('rejects a refusal answered before the last unit was asked for', () => {
    const placings = [refused('cy', 1, 4), accepted(ann, 5, 9)];
    assert.deepEqual(refusalsOf({ placings, orders: [ann], items: [makeItem(1, 1)] }), [FALSE]);
  });

  test('rejects a refusal of one unit while two of three were asked for, accepts one of two units', () => {
    const taken = [accepted(ann, 1, 2), accepted(bob, 1, 3)];
    const run = { orders: [ann, bob], items: [makeItem(3, 2)] };
    assert.deepEqual(refusalsOf({ ...run, placings: [...taken, refused('cy', 4, 5)] }), [FALSE]);
    const wantsTwo = { lines: [{ itemId: 'item-1', quantity: 2 }] };
    assert.deepEqual(refusalsOf({ ...run, placings: [...taken, refused('cy', 4, 5, 'sold-out', wantsTwo)] }), []);
  });

  test('an order of unknown outcome counts from the moment it was sent', () => {
    const placings = [unknown('ann', 1), refused('cy', 2, 3), accepted(ann, 8, 9, { replayed: true })];
    assert.deepEqual(refusalsOf({ placings, orders: [ann], items: [makeItem(1, 1)] }), []);
  });

  test('a request that became no order takes nothing', () => {
    const placings = [unknown('ann', 1), refused('ann', 2, 3), refused('cy', 4, 5)];
    assert.deepEqual(refusalsOf({ placings, items: [makeItem(1, 0)] }), [FALSE]);
  });

  test('with several lines, one item without stock is reason enough', () => {
    const scarce = makeItem(1, 1);
    const plenty = makeItem(9, 0, { id: 'item-2' });
    const both = ['item-2', 'item-1'].map((itemId) => ({ itemId, quantity: 1 }));
    const only = [{ itemId: 'item-2', quantity: 1 }];
    const judgeLines = (lines: typeof both) =>
      refusalsOf({
        placings: [accepted(ann, 1, 2), refused('cy', 3, 4, 'sold-out', { lines })],
        orders: [ann],
        items: [scarce, plenty],
      });
    assert.deepEqual(judgeLines(both), []);
    assert.deepEqual(judgeLines(only), [FALSE]);
  });

  test('an expired order holds its unit until it was read as expired', () => {
    const expired = makeOrder('ann', 1, 1, { status: 'expired' });
    const judgeAt = (sentAtMs: number) =>
      refusalsOf({
        placings: [accepted(expired, 1, 2), refused('cy', sentAtMs, sentAtMs + 1)],
        orders: [expired],
        orderReads: [readOrders(9, 10, expired)],
        items: [makeItem(1, 0)],
      });
    assert.deepEqual(judgeAt(5), []);
    assert.deepEqual(judgeAt(9), []);
    assert.deepEqual(judgeAt(11), [FALSE]);
  });

  test('within the published bound after stock came back a refusal is allowed, past it not', () => {
    const run = (sentAtMs: number) => ({
      placings: [accepted(ann, 1, 2), refused('cy', sentAtMs, sentAtMs + 1)],
      orders: [ann],
      opening: [makeItem(1, 0)],
      items: [makeItem(2, 1)],
      stockChanges: [changeStock(10, 20, 2)],
      settings: { soldOutBoundMs: 100 },
    });
    assert.deepEqual(refusalsOf(run(21)), []);
    assert.deepEqual(refusalsOf(run(119)), []);
    assert.deepEqual(refusalsOf(run(121)), [FALSE]);
    assert.deepEqual(refusalsOf({ ...run(21), settings: {} }), [FALSE]);
  });
});

describe('S-08, sold out while the capacity changes', () => {
  const judgeAt = (sentAtMs: number, changes: HandMadeRun['stockChanges'], before: number) =>
    refusalsOf({
      placings: [accepted(ann, 1, 2), refused('cy', sentAtMs, sentAtMs + 1)],
      orders: [ann],
      opening: [makeItem(before, 0)],
      items: [makeItem(9, 1)],
      stockChanges: changes ?? [],
    });

  test('a raise counts from its answer', () => {
    assert.deepEqual(judgeAt(5, [changeStock(10, 20, 9)], 1), []);
    assert.deepEqual(judgeAt(15, [changeStock(10, 20, 9)], 1), []);
    assert.deepEqual(judgeAt(21, [changeStock(10, 20, 9)], 1), [FALSE]);
  });

  test('a cut counts from its sending', () => {
    assert.deepEqual(judgeAt(5, [changeStock(10, 20, 1)], 9), [FALSE]);
    assert.deepEqual(judgeAt(15, [changeStock(10, 20, 1)], 9), []);
    assert.deepEqual(judgeAt(25, [changeStock(10, 20, 1)], 9), []);
  });

  test('of changes that overlap the smallest counts until all are answered, then the one with the highest version', () => {
    const changes = [changeStock(10, 30, 9, 3), changeStock(12, 20, 1, 2)];
    assert.deepEqual(judgeAt(25, changes, 9), []);
    assert.deepEqual(judgeAt(31, changes, 9), [FALSE]);
  });

  test('after a change of unknown outcome nothing is certain', () => {
    assert.deepEqual(judgeAt(5, [changeStock(10, null, null)], 9), [FALSE]);
    assert.deepEqual(judgeAt(15, [changeStock(10, null, null)], 9), []);
  });
});
