import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  accepted,
  changeStock,
  judge,
  makeItem,
  makeOrder,
  readSale,
  refused,
  secondsAfterOpening,
  unknown,
} from './hand-made-run.ts';

const first = makeOrder('ann', 1);
const second = makeOrder('bob', 2);

describe('a right run', () => {
  test('of two buyers and one loser is accepted', () => {
    const placings = [accepted(first, 1, 3), accepted(second, 2, 4), refused('cy', 5, 6)];
    assert.deepEqual(judge({ placings, orders: [first, second], items: [makeItem(2, 2)] }), []);
  });

  test('with nothing in it is accepted', () => {
    assert.deepEqual(judge({ items: [makeItem(2, 0)] }), []);
  });
});

describe('S-01', () => {
  const stock = (available: number, held: number) => ({ capacity: 2, available, held, sold: 0 });

  test('rejects a sample in which a unit is missing', () => {
    const saleReads = [readSale(1, makeItem(2, 0, { stock: stock(0, 1) }))];
    assert.deepEqual(judge({ items: [makeItem(2, 0)], saleReads }), ['S-01 stock-sum']);
  });

  test('rejects a negative count though the sum is right', () => {
    const saleReads = [readSale(1, makeItem(2, 0, { stock: stock(-1, 3) }))];
    assert.deepEqual(judge({ items: [makeItem(2, 0)], saleReads }), ['S-01 stock-negative']);
  });
});

describe('S-02', () => {
  test('rejects one unit too many, though the counters hide it', () => {
    const placings = [accepted(first, 1, 3), accepted(second, 2, 4)];
    const found = judge({ placings, orders: [first, second], items: [makeItem(1, 1)] });
    assert.deepEqual(found, ['S-02 oversold', 'S-06 stock-books', 'S-02 taken-above-capacity']);
  });

  test('rejects more held at once than there was, though it has expired since', () => {
    const expired = makeOrder('ann', 1, 1, { status: 'expired', payBy: secondsAfterOpening(9) });
    const found = judge({
      placings: [accepted(expired, 1, 3), accepted(second, 2, 4)],
      orders: [expired, second],
      items: [makeItem(1, 1)],
    });
    assert.deepEqual(found, ['S-02 oversold', 'S-02 taken-above-capacity']);
  });

  test('accepts the same unit sold again after the hold expired', () => {
    const expired = makeOrder('ann', 1, 1, { status: 'expired', payBy: secondsAfterOpening(2) });
    const found = judge({
      placings: [accepted(expired, 1, 3), accepted(second, 4, 5)],
      orders: [expired, second],
      items: [makeItem(1, 1)],
    });
    assert.deepEqual(found, []);
  });

  test('accepts what was sold before the capacity was raised and lowered again', () => {
    const orders = [first, second];
    const found = judge({
      placings: [accepted(first, 1, 2), refused('bob', 3, 4, 'sold-out'), accepted(second, 7, 8)],
      orders,
      opening: [makeItem(1, 0)],
      items: [makeItem(2, 2, { version: 3 })],
      stockChanges: [changeStock(5, 6, 3, 2), changeStock(9, 10, 2, 3)],
    });
    assert.deepEqual(found, []);
  });

  test('rejects stock left over for a buyer who was told "sold out"', () => {
    const placings = [accepted(first, 1, 2), refused('bob', 3, 4)];
    const found = judge({ placings, orders: [first], items: [makeItem(2, 1)] });
    assert.deepEqual(found, ['S-02 undersold', 'S-08 false-sold-out']);
  });

  test('accepts stock left over that is too little for any who was refused', () => {
    const wantsTwo = { lines: [{ itemId: 'item-1', quantity: 2 }] };
    const placings = [accepted(first, 1, 2), refused('bob', 3, 4, 'sold-out', wantsTwo)];
    assert.deepEqual(judge({ placings, orders: [first], items: [makeItem(2, 1)] }), []);
  });

  test('rejects stock left over for a buyer who was told that the sale is not open', () => {
    const placings = [refused('bob', 3, 4, 'sale-not-open')];
    assert.deepEqual(judge({ placings, items: [makeItem(2, 0)] }), ['S-02 undersold']);
    assert.deepEqual(judge({ placings, items: [makeItem(2, 0)], settings: { complete: false } }), []);
  });
});

describe('S-06', () => {
  test('rejects stock that is held by no order', () => {
    const placings = [accepted(first, 1, 2)];
    assert.deepEqual(judge({ placings, orders: [first], items: [makeItem(5, 2)] }), ['S-06 stock-books']);
  });

  test('rejects stock given back twice', () => {
    const expired = makeOrder('ann', 1, 1, { status: 'expired', payBy: secondsAfterOpening(2) });
    const placings = [accepted(expired, 1, 2), accepted(second, 3, 4)];
    assert.deepEqual(judge({ placings, orders: [expired, second], items: [makeItem(5, 0)] }), ['S-06 stock-books']);
  });

  test('accepts a cancelled order whose stock came back and one whose stock did not', () => {
    const cancelled = makeOrder('ann', 1, 1, { status: 'cancelled' });
    const run = { placings: [accepted(cancelled, 1, 2)], orders: [cancelled] };
    assert.deepEqual(judge({ ...run, items: [makeItem(5, 0)] }), []);
    assert.deepEqual(judge({ ...run, items: [makeItem(5, 1)] }), []);
  });
});

describe('S-10', () => {
  test('rejects an order before opening and one at closing, accepts the first and the last moment', () => {
    const placedAt = (at: string) => makeOrder('ann', 1, 1, { placedAt: at });
    const judgeAt = (at: string) =>
      judge({ placings: [accepted(placedAt(at), 1, 2)], orders: [placedAt(at)], items: [makeItem(1, 1)] });
    assert.deepEqual(judgeAt('2026-01-01T09:59:59.999Z'), ['S-10 outside-window']);
    assert.deepEqual(judgeAt('2026-01-01T10:00:00.000Z'), []);
    assert.deepEqual(judgeAt('2026-01-01T10:59:59.999Z'), []);
    assert.deepEqual(judgeAt('2026-01-01T11:00:00.000Z'), ['S-10 outside-window']);
  });
});

describe('answers', () => {
  test('a 500 for a correct order is rejected even when the retry succeeds', () => {
    const placings = [unknown('ann', 1, { answeredAtMs: 2, status: 500, code: 'internal' }), accepted(first, 3, 4)];
    assert.deepEqual(judge({ placings, orders: [first], items: [makeItem(1, 1)] }), ['PD-01 unexpected-answer']);
  });

  test('a success without an order in it is rejected', () => {
    const placings = [accepted(first, 1, 2), accepted(first, 3, 4, { order: null, replayed: true })];
    assert.deepEqual(judge({ placings, orders: [first], items: [makeItem(1, 1)] }), ['PD-01 unexpected-answer']);
  });
});
