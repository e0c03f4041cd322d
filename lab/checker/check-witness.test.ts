import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accepted, changeStock, judge, makeItem, makeOrder, secondsAfterOpening } from './hand-made-run.ts';

const ann = makeOrder('ann', 1);
const bob = makeOrder('bob', 2);
const orders = [ann, bob];
const items = [makeItem(2, 2, { version: 2 })];

describe('the witness', () => {
  test('accepts orders that fit into the capacity of their time', () => {
    const placings = [accepted(ann, 1, 2), accepted(bob, 5, 6)];
    assert.deepEqual(
      judge({ placings, orders, opening: [makeItem(1, 0)], items, stockChanges: [changeStock(3, 4, 2)] }),
      [],
    );
  });

  test('S-02 rejects a unit that was taken before there was room for it, though there is room in the end', () => {
    const placings = [accepted(ann, 1, 2), accepted(bob, 3, 4)];
    const found = judge({ placings, orders, opening: [makeItem(1, 0)], items, stockChanges: [changeStock(5, 6, 2)] });
    assert.deepEqual(found, ['S-02 taken-above-capacity']);
  });

  test('accepts either where the change of stock and the order overlap, and where nobody knows of the change', () => {
    const placings = [accepted(ann, 1, 2), accepted(bob, 3, 7)];
    const run = { placings, orders, opening: [makeItem(1, 0)], items };
    assert.deepEqual(judge({ ...run, stockChanges: [changeStock(5, 6, 2)] }), []);
    const early = { ...run, placings: [accepted(ann, 1, 2), accepted(bob, 3, 4)] };
    assert.deepEqual(judge({ ...early, stockChanges: [changeStock(2, null, null)] }), []);
  });

  test('S-08 rejects an order that was placed before one with a lower number, by the clock of the ledger', () => {
    const early = { ...bob, placedAt: secondsAfterOpening(0.5) };
    const placings = [accepted(ann, 1, 4), accepted(early, 2, 5)];
    assert.deepEqual(judge({ placings, orders: [ann, early], items }), ['S-08 arrival-clock']);
  });
});
