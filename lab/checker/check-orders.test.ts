import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  accepted,
  judge,
  makeItem,
  makeOrder,
  readOrders,
  refused,
  secondsAfterOpening,
  unknown,
} from './hand-made-run.ts';
import type { PlaceOrderRecord } from './history.ts';

const first = makeOrder('ann', 1);
const second = makeOrder('ann', 2);

describe('S-03', () => {
  test('rejects an answered order that cannot be found', () => {
    const found = judge({ placings: [accepted(first, 1, 2)], items: [makeItem(5, 0)] });
    assert.deepEqual(found, ['S-03 lost-order']);
  });

  test('rejects an order with another owner than was answered', () => {
    const stolen = { ...first, userId: 'eve' };
    const found = judge({ placings: [accepted(first, 1, 2)], orders: [stolen], items: [makeItem(5, 1)] });
    assert.deepEqual(found, ['S-03 changed-order']);
  });

  test('rejects an answer that names another buyer than the sender', () => {
    const foreign = makeOrder('eve', 1);
    const placings = [accepted(foreign, 1, 2, { userId: 'ann' })];
    assert.deepEqual(judge({ placings, orders: [foreign], items: [makeItem(5, 1)] }), ['S-03 changed-order']);
  });

  test('rejects an order whose price changed after the answer', () => {
    const line = { itemId: 'item-1', quantity: 1, unitPriceMinor: 700, totalMinor: 700 };
    const dearer = { ...first, lines: [line], totalMinor: 700 };
    const found = judge({ placings: [accepted(first, 1, 2)], orders: [dearer], items: [makeItem(5, 1)] });
    assert.deepEqual(found, ['S-03 changed-order', 'S-03 wrong-price']);
  });

  test('rejects an order at a price that the item never had, and one that does not add up', () => {
    const judgeOrder = (order: typeof first) =>
      judge({ placings: [accepted(order, 1, 2)], orders: [order], items: [makeItem(5, 1)] });
    const line = { itemId: 'item-1', quantity: 1, unitPriceMinor: 1, totalMinor: 1 };
    assert.deepEqual(judgeOrder({ ...first, lines: [line], totalMinor: 1 }), ['S-03 wrong-price']);
    assert.deepEqual(judgeOrder({ ...first, totalMinor: 499 }), ['S-03 wrong-price']);
  });

  test('rejects an order that nobody sent', () => {
    const found = judge({ orders: [first], items: [makeItem(5, 1)] });
    assert.deepEqual(found, ['S-03 unexplained-order']);
  });

  test('rejects one order answered to two keys', () => {
    const placings = [accepted(first, 1, 2), accepted(first, 3, 4, { key: 'other' })];
    assert.deepEqual(judge({ placings, orders: [first], items: [makeItem(5, 1)] }), ['S-03 lost-order']);
  });

  test('accepts an order that was paid since', () => {
    const paid = { ...first, status: 'confirmed', payBy: null };
    assert.deepEqual(judge({ placings: [accepted(first, 1, 2)], orders: [paid], items: [makeItem(5, 1)] }), []);
  });
});

describe('S-04', () => {
  test('accepts an unknown outcome that the same key told later', () => {
    const placings = [unknown('ann', 1), accepted(first, 5, 6, { replayed: true })];
    assert.deepEqual(judge({ placings, orders: [first], items: [makeItem(5, 1)] }), []);
  });

  test('accepts an unknown outcome that turned out to be no order', () => {
    const other = makeOrder('bob', 1);
    const placings = [accepted(other, 0, 1), unknown('ann', 2), refused('ann', 5, 6)];
    assert.deepEqual(judge({ placings, orders: [other], items: [makeItem(1, 1)] }), []);
  });

  test('rejects a second order answered to the retry', () => {
    const placings = [accepted(first, 1, 2), accepted(second, 3, 4)];
    assert.deepEqual(judge({ placings, orders: [first, second], items: [makeItem(5, 2)] }), ['S-04 duplicate-order']);
  });

  test('rejects a second order that only the list shows', () => {
    const placings = [unknown('ann', 1), accepted(second, 3, 4)];
    assert.deepEqual(judge({ placings, orders: [first, second], items: [makeItem(5, 2)] }), ['S-04 duplicate-order']);
  });

  test('rejects an outcome that stays unknown, unless the run was broken off', () => {
    const run = { placings: [unknown('ann', 1)], orders: [first], items: [makeItem(1, 1)] };
    assert.deepEqual(judge(run), ['S-04 unresolved']);
    assert.deepEqual(judge({ ...run, settings: { complete: false } }), []);
  });

  test('explains no more orders than there are unknown outcomes', () => {
    const run = { placings: [unknown('ann', 1)], orders: [first, second], items: [makeItem(2, 2)] };
    assert.deepEqual(judge({ ...run, settings: { complete: false } }), ['S-03 unexplained-order']);
  });
});

describe('IK-04', () => {
  const judgeReplay = (changes: Partial<PlaceOrderRecord>) => {
    const placings = [accepted(first, 1, 2), accepted(first, 3, 4, { replayed: true, ...changes })];
    return judge({ placings, orders: [first], items: [makeItem(5, 1)] });
  };

  test('accepts a repeat that is the same, byte for byte', () => {
    assert.deepEqual(judgeReplay({}), []);
  });

  test('rejects a repeat with another body, Location or ETag, or that is not marked', () => {
    assert.deepEqual(judgeReplay({ bodyHash: 'other' }), ['IK-04 replay-differs']);
    assert.deepEqual(judgeReplay({ location: '/elsewhere' }), ['IK-04 replay-differs']);
    assert.deepEqual(judgeReplay({ etag: '"2"' }), ['IK-04 replay-differs', 'CR-02 tag-differs']);
    assert.deepEqual(judgeReplay({ replayed: false }), ['IK-04 replay-differs']);
  });

  test('accepts two unmarked answers to requests that ran at the same time', () => {
    const placings = [accepted(first, 1, 4), accepted(first, 2, 3)];
    assert.deepEqual(judge({ placings, orders: [first], items: [makeItem(5, 1)] }), []);
  });
});

describe('IK-19', () => {
  const later = makeOrder('bob', 2);

  test('rejects a refusal that was sent after the same key had won', () => {
    const placings = [accepted(first, 1, 2), refused('ann', 3, 4)];
    assert.deepEqual(judge({ placings, orders: [first], items: [makeItem(1, 1)] }), ['IK-19 refused-though-won']);
  });

  test('rejects a refusal that hides the order of a lost answer', () => {
    const placings = [unknown('ann', 1), refused('ann', 3, 4)];
    assert.deepEqual(judge({ placings, orders: [first], items: [makeItem(1, 1)] }), ['IK-19 refused-though-won']);
  });

  test('rejects it even if stock came back, when a later arrival had been answered before', () => {
    const expired = makeOrder('cy', 3, 1, { status: 'expired' });
    const placings = [unknown('ann', 1), accepted(later, 2, 3), accepted(expired, 3, 9), refused('ann', 4, 5)];
    const found = judge({ placings, orders: [first, later, expired], items: [makeItem(3, 2)] });
    assert.deepEqual(found, ['IK-19 refused-though-won']);
  });

  test('rejects it even if stock came back, when the order had been listed before', () => {
    const expired = makeOrder('cy', 2, 1, { status: 'expired' });
    const placings = [unknown('ann', 1), accepted(expired, 2, 9), refused('ann', 4, 5)];
    const orderReads = [readOrders(2, 3, first)];
    const found = judge({ placings, orders: [first, expired], orderReads, items: [makeItem(2, 1)] });
    assert.deepEqual(found, ['IK-19 refused-though-won']);
  });

  test('accepts a win after a refusal under the same key', () => {
    const expired = makeOrder('bob', 1, 1, { status: 'expired', payBy: secondsAfterOpening(2) });
    const won = makeOrder('ann', 2);
    const placings = [accepted(expired, 1, 2), refused('ann', 3, 4), accepted(won, 5, 6)];
    assert.deepEqual(judge({ placings, orders: [expired, won], items: [makeItem(1, 1)] }), []);
  });
});

describe('S-09', () => {
  test('rejects an order with fewer units than were asked for', () => {
    const placings = [accepted(first, 1, 2, { lines: [{ itemId: 'item-1', quantity: 2 }] })];
    assert.deepEqual(judge({ placings, orders: [first], items: [makeItem(5, 1)] }), ['S-09 partial-order']);
  });
});

describe('PG-01', () => {
  test('rejects an order that is listed twice', () => {
    const found = judge({ placings: [accepted(first, 1, 2)], orders: [first, first], items: [makeItem(5, 1)] });
    assert.deepEqual(found, ['PG-01 listed-twice']);
  });
});
