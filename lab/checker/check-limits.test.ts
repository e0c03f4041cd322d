import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HandMadeRun } from './hand-made-run.ts';
import { accepted, judge, makeItem, makeOrder, refused, secondsAfterOpening } from './hand-made-run.ts';
import type { OrderState } from './order-state.ts';

const limited = (held: number, limit: number | null = 2) => makeItem(10, held, { limitPerCustomer: limit });

/** One buyer's orders, each under its own key, one after the other. */
function runOf(orders: readonly OrderState[], held: number): HandMadeRun {
  const placings = orders.map((order, index) => accepted(order, index * 2 + 1, index * 2 + 2, { key: order.id }));
  return { placings, orders, items: [limited(held)] };
}

describe('S-07', () => {
  test('rejects more than the limit over two orders', () => {
    assert.deepEqual(judge(runOf([makeOrder('ann', 1, 2), makeOrder('ann', 2)], 3)), ['S-07 limit-breach']);
  });

  test('rejects more than the limit in one order', () => {
    assert.deepEqual(judge(runOf([makeOrder('ann', 1, 3)], 3)), ['S-07 limit-breach']);
  });

  test('accepts the limit itself, and the same for another buyer', () => {
    assert.deepEqual(judge(runOf([makeOrder('ann', 1), makeOrder('ann', 2), makeOrder('bob', 3, 2)], 4)), []);
  });

  test('counts an order that was unpaid at the time, though it has expired since', () => {
    const expired = makeOrder('ann', 1, 2, { status: 'expired', payBy: secondsAfterOpening(9) });
    assert.deepEqual(judge(runOf([expired, makeOrder('ann', 2)], 1)), ['S-07 limit-breach']);
  });

  test('gives the limit back when an order expires', () => {
    const expired = makeOrder('ann', 1, 2, { status: 'expired', payBy: secondsAfterOpening(2) });
    assert.deepEqual(judge(runOf([expired, makeOrder('ann', 2, 2)], 2)), []);
  });

  test('rejects "limit reached" below the limit', () => {
    const order = makeOrder('ann', 1);
    const placings = [accepted(order, 1, 2), refused('ann', 3, 4, 'limit-reached', { key: 'second' })];
    assert.deepEqual(judge({ placings, orders: [order], items: [limited(1)] }), ['S-07 false-limit-reached']);
  });

  test('accepts "limit reached" at the limit', () => {
    const order = makeOrder('ann', 1, 2);
    const placings = [accepted(order, 1, 2), refused('ann', 3, 4, 'limit-reached', { key: 'second' })];
    assert.deepEqual(judge({ placings, orders: [order], items: [limited(2)] }), []);
  });

  test('judges a limit that changed by the one in the buyer’s favour', () => {
    const order = makeOrder('ann', 1, 3);
    const run = {
      placings: [accepted(order, 1, 2)],
      orders: [order],
      opening: [limited(0, 3)],
      items: [limited(3, 1)],
    };
    assert.deepEqual(judge(run), []);
  });
});
