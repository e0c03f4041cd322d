import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accepted, judge, makeItem, makeOrder, readOrders, refused, unknown } from './hand-made-run.ts';
import type { PlaceOrderRecord, ReadOrdersRecord } from './history.ts';
import type { OrderState } from './order-state.ts';

const ann = (arrival: number) => makeOrder('ann', arrival);
const bob = (arrival: number) => makeOrder('bob', arrival);

function judgeOrders(
  placings: PlaceOrderRecord[],
  orders: OrderState[],
  orderReads: ReadOrdersRecord[] = [],
): string[] {
  return judge({ placings, orders, orderReads, items: [makeItem(9, orders.length)] });
}

describe('S-08, arrival', () => {
  test('accepts numbers in the order of real time, and either way for requests that overlap', () => {
    assert.deepEqual(judgeOrders([accepted(ann(1), 1, 2), accepted(bob(2), 3, 4)], [ann(1), bob(2)]), []);
    assert.deepEqual(judgeOrders([accepted(ann(2), 1, 4), accepted(bob(1), 3, 5)], [ann(2), bob(1)]), []);
  });

  test('rejects a gap', () => {
    const found = judgeOrders([accepted(ann(1), 1, 2), accepted(bob(3), 3, 4)], [ann(1), bob(3)]);
    assert.deepEqual(found, ['S-08 arrival-gap']);
  });

  test('rejects numbers that do not start with one', () => {
    assert.deepEqual(judgeOrders([accepted(ann(2), 1, 2)], [ann(2)]), ['S-08 arrival-gap']);
  });

  test('rejects the same number twice', () => {
    const other = makeOrder('bob', 1, 1, { id: 'order-b' });
    const found = judgeOrders([accepted(ann(1), 1, 4), accepted(other, 1, 4)], [ann(1), other]);
    assert.deepEqual(found, ['S-08 arrival-gap']);
  });

  test('rejects an order that was answered before another was sent and has the higher number', () => {
    const found = judgeOrders([accepted(ann(2), 1, 2), accepted(bob(1), 3, 4)], [ann(2), bob(1)]);
    assert.deepEqual(found, ['S-08 arrival-order']);
  });

  test('takes an order for decided once it was read', () => {
    const placings = [unknown('ann', 1), accepted(ann(2), 8, 9, { replayed: true }), accepted(bob(1), 5, 6)];
    assert.deepEqual(judgeOrders(placings, [ann(2), bob(1)]), []);
    assert.deepEqual(judgeOrders(placings, [ann(2), bob(1)], [readOrders(3, 4, ann(2))]), ['S-08 arrival-order']);
  });

  test('an attempt that was refused does not count as the sending of the order', () => {
    const refusedFirst = refused('bob', 1, 2, 'sale-not-open');
    const placings = [refusedFirst, accepted(ann(2), 3, 4), accepted(bob(1), 5, 6)];
    assert.deepEqual(judgeOrders(placings, [ann(2), bob(1)]), ['S-08 arrival-order']);
  });
});
