import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { line, orderFacts, payment, refundOf, stepContext, stockFacts } from '../../test/support/order-facts.ts';
import { scaled } from '../../test/support/scale.ts';
import type { LineFacts } from './order-facts.ts';
import type { StockEffect } from './order-transitions.ts';
import { giveBack, moveStock, refundableMinor, shortageOf } from './step-effects.ts';

type Places = readonly [held: number, sold: number, returned: number, refunded: number];
const placed = ([held, sold, returned, refunded]: Places): LineFacts =>
  line('pending_payment', { quantity: 3, held, sold, returned, refunded });
const placesOf = ({ held, sold, returned, refunded }: LineFacts): Places => [held, sold, returned, refunded];

// Effect and options, a line of three units before and after: held, sold, returned, refunded.
const MOVES: readonly [StockEffect, { restock?: boolean }, Places, Places][] = [
  ['none', {}, [3, 0, 0, 0], [3, 0, 0, 0]],
  ['claim', {}, [3, 0, 0, 0], [0, 3, 0, 0]],
  ['release', {}, [3, 0, 0, 0], [0, 0, 0, 0]],
  ['return', {}, [0, 3, 0, 0], [0, 0, 3, 0]],
  ['return', { restock: true }, [0, 3, 0, 0], [0, 0, 3, 0]],
  ['return', { restock: false }, [0, 3, 0, 0], [0, 3, 0, 0]],
  ['return', {}, [0, 2, 1, 1], [0, 0, 3, 1]],
  ['return', {}, [0, 0, 3, 3], [0, 0, 3, 3]],
  ['return-if-asked', {}, [0, 3, 0, 0], [0, 3, 0, 0]],
  ['return-if-asked', { restock: false }, [0, 3, 0, 0], [0, 3, 0, 0]],
  ['return-if-asked', { restock: true }, [0, 2, 1, 2], [0, 0, 3, 2]],
  ['hold-again', {}, [0, 0, 0, 0], [3, 0, 0, 0]],
  ['take-again', {}, [0, 0, 0, 0], [0, 3, 0, 0]],
];

for (const [effect, options, before, after] of MOVES) {
  test(`${effect} with ${JSON.stringify(options)} moves ${before} to ${after}`, () => {
    assert.deepEqual(moveStock([placed(before)], effect, options).map(placesOf), [after]);
  });
}

test('return-lines moves the named lines only, and only the units that go back on sale', () => {
  const lines = [line('confirmed'), line('confirmed', { itemId: 'item1' })];
  const moved = moveStock(lines, 'return-lines', { lines: [{ itemId: 'item1', quantity: 2, restocked: 1 }] });
  assert.deepEqual(moved.map(placesOf), [
    [0, 2, 0, 0],
    [0, 1, 1, 2],
  ]);
});

// What is given back of payments of 10.00, of which so much went back before.
const GIVEN: readonly [string, Parameters<typeof payment>[0], number, number, readonly string[]][] = [
  ['captured money', { status: 'captured' }, 0, 0, ['refund 1000']],
  ['authorized money', { status: 'authorized' }, 0, 0, ['cancel']],
  ['nothing of a refused attempt', { status: 'failed' }, 0, 0, []],
  ['nothing of a cancelled attempt', { status: 'cancelled' }, 0, 0, []],
  ['only what is left', { status: 'captured' }, 300, 0, ['refund 700']],
  ['nothing twice', { status: 'captured' }, 1_000, 0, []],
  ['all but what is kept', { status: 'captured' }, 0, 250, ['refund 750']],
  ['all but what is kept and what went back', { status: 'captured' }, 300, 250, ['refund 450']],
  ['nothing where all is kept', { status: 'captured' }, 300, 700, []],
];

for (const [name, attempt, before, keep, expected] of GIVEN) {
  test(`${name} is given back`, () => {
    const refunds = before === 0 ? [] : [refundOf({ amountMinor: before })];
    const order = orderFacts({ payments: [payment(attempt)], refunds });
    const given = giveBack(order, order.payments, stepContext(), 'cancellation', null, keep);
    const amounts = new Map(given.refunds.map(({ id, amountMinor }) => [id, amountMinor]));
    const told = given.jobs.map(({ kind, refundId }) =>
      kind === 'refund' ? `refund ${amounts.get(refundId ?? '')}` : kind,
    );
    assert.deepEqual(told, expected);
    assert.equal(given.refunds.length, expected.filter((each) => each.startsWith('refund')).length);
  });
}

test('what is kept is kept once over several payments', () => {
  const payments = [payment({ status: 'captured' }), payment({ id: 'payment2', status: 'captured' })];
  const { refunds } = giveBack(orderFacts({ payments }), payments, stepContext(), 'cancellation', null, 1_200);
  assert.deepEqual(
    refunds.map(({ paymentId, amountMinor }) => [paymentId, amountMinor]),
    [['payment2', 800]],
  );
});

test('refundable is what was captured, less what went back or is on its way, of this payment', () => {
  const paid = payment({ status: 'captured' });
  const refunds = [
    refundOf({ amountMinor: 100, status: 'succeeded' }),
    refundOf({ id: 'refund2', amountMinor: 20 }),
    refundOf({ id: 'refund3', amountMinor: 500, status: 'failed' }),
    refundOf({ id: 'refund4', amountMinor: 300, paymentId: 'payment2' }),
  ];
  assert.equal(refundableMinor({ refunds }, paid), 880);
  assert.equal(refundableMinor({ refunds: [] }, payment({ status: 'authorized' })), 0);
});

test('the limit is told before the stock, and every item that is short', () => {
  const expired = orderFacts({ status: 'expired' });
  const at = (changes: object) => shortageOf(expired, stepContext({ stock: stockFacts(changes) }));
  assert.equal(at({}), undefined);
  assert.equal(at({ available: 0, limitPerCustomer: 2, units: 1 })?.outcome, 'limit-reached');
  const short = at({ available: 0, limitPerCustomer: null, units: 99 });
  assert.deepEqual(
    short?.items.map(({ itemId }) => itemId),
    ['item0', 'item1'],
  );
});

test('S-01 whatever effects follow each other as statuses allow, no line has less than nothing or more than was bought', () => {
  const effects = fc.array(fc.constantFrom<StockEffect>('claim', 'release', 'return', 'return-if-asked', 'none'), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(effects, fc.boolean(), (sequence, restock) => {
      let lines: readonly LineFacts[] = [placed([3, 0, 0, 0])];
      for (const effect of sequence) {
        lines = moveStock(lines, effect, { restock });
        for (const { held, sold, returned, quantity } of lines) {
          assert.ok(held >= 0 && sold >= 0 && returned >= 0 && held + sold + returned <= quantity);
        }
      }
    }),
    { numRuns: scaled(200, 5_000) },
  );
});
