import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  CAPTURED,
  done,
  entry,
  judgeLife,
  makeLife,
  ONE_UNIT,
  PAID,
  paidAnd,
  REFUNDED,
  UNPAID,
} from './hand-made-life.ts';
import { makeItem, readOrders, readSale, secondsAfterOpening } from './hand-made-run.ts';

const fulfilled = entry(4, 'order.fulfilled', 'completed', { by: 'merchant', cause: 'fulfillment' });
const cancelled = entry(4, 'order.cancelled', 'cancelled', { by: 'customer', cause: 'cancellation' });
const expired = entry(2, 'order.expired', 'expired', { cause: 'hold-expired' });
const inTime = { payBy: secondsAfterOpening(2) };

describe('right lives', () => {
  test('of an order that was paid, and of one that was handed over, are accepted', () => {
    assert.deepEqual(judgeLife({ life: makeLife(PAID) }), []);
    assert.deepEqual(
      judgeLife({ life: makeLife(paidAnd(fulfilled)), steps: [done('fulfillment', 20, fulfilled)] }),
      [],
    );
  });

  test('of an order that was cancelled, with its money and its stock given back, is accepted', () => {
    const life = makeLife(paidAnd(cancelled), { refunds: [REFUNDED] });
    assert.deepEqual(judgeLife({ life, steps: [done('cancellation', 20, cancelled)], sold: 0 }), []);
  });

  test('of an order that expired and was reinstated, with the stock that it took again, is accepted', () => {
    const reinstated = entry(3, 'order.reinstated', 'pending_payment', { by: 'operator', cause: 'reinstatement' });
    const life = makeLife([...UNPAID, expired, reinstated]);
    const steps = [done('reinstatement', 20, reinstated, { actorId: 'operator' })];
    assert.deepEqual(judgeLife({ life, steps, held: 1, sold: 0 }), []);
  });
});

describe('S-11', () => {
  const gaps = ['S-11 history-gap'];

  test('rejects a history with a gap, and one that ends before its order', () => {
    const leapt = makeLife([
      ...PAID.slice(0, 2),
      { ...entry(4, 'order.paid', 'confirmed'), cause: 'payment-succeeded' },
    ]);
    assert.ok(judgeLife({ life: leapt }).includes('S-11 history-gap'));
    assert.deepEqual(judgeLife({ life: makeLife(PAID, { version: 4 }) }), gaps);
    assert.deepEqual(judgeLife({ life: makeLife(PAID, { status: 'completed' }) }), gaps);
  });

  test('rejects an order whose history cannot be read', () => {
    assert.ok(judgeLife({ life: makeLife(PAID, { orderId: 'another' }) }).includes('S-11 history-gap'));
  });

  test('rejects what is no published step: a state skipped, the wrong person, the wrong kind of sale', () => {
    const unpublished = 'S-11 unpublished-step';
    const skipped = makeLife([...UNPAID, entry(2, 'order.paid', 'confirmed', { cause: 'payment-succeeded' })]);
    assert.ok(judgeLife({ life: skipped }).includes(unpublished));
    const byCustomer = { ...fulfilled, by: 'customer' };
    const steps = [done('fulfillment', 20, fulfilled)];
    assert.deepEqual(judgeLife({ life: makeLife(paidAnd(byCustomer)), steps }), [unpublished]);
    assert.ok(judgeLife({ life: makeLife(PAID), terms: { fulfillment: 'kitchen' } }).includes(unpublished));
    const moved = makeLife(paidAnd(entry(4, 'refund.succeeded', 'cancelled', { cause: 'refund-report' })));
    assert.ok(judgeLife({ life: moved }).includes(unpublished));
  });

  test('rejects an order that does not begin by waiting for its money', () => {
    const life = makeLife([entry(1, 'order.placed', 'confirmed', { by: 'customer' })]);
    assert.ok(judgeLife({ life, sold: 1 }).includes('S-11 unpublished-step'));
  });

  test('rejects an entry that is older than the one before', () => {
    const life = makeLife(paidAnd({ ...fulfilled, occurredAt: secondsAfterOpening(2) }));
    assert.deepEqual(judgeLife({ life, steps: [done('fulfillment', 20, fulfilled)] }), ['S-11 history-clock']);
  });

  test('rejects a version that falls: of an order that is read, at rest, and of an item', () => {
    const seen = { id: 'order-1', status: 'confirmed' };
    const read = (atMs: number, version: number) => ({
      ...readOrders(atMs, atMs + 1),
      orders: [{ ...seen, version }],
    });
    const life = makeLife(PAID);
    assert.deepEqual(judgeLife({ life, orderReads: [read(30, 3), read(40, 3)] }), []);
    assert.deepEqual(judgeLife({ life, orderReads: [read(30, 3), read(40, 2)] }), ['S-11 version-fell']);
    assert.deepEqual(judgeLife({ life, orderReads: [read(30, 4)] }), ['S-11 version-fell']);
    const items = [readSale(5, makeItem(5, 0, { version: 7 })), readSale(6, makeItem(5, 0, { version: 6 }))];
    assert.deepEqual(judgeLife({ life, saleReads: items }), ['S-11 version-fell']);
  });
});

describe('S-06', () => {
  test('rejects an unpaid order that still holds its stock long after payBy, and a payment past the limit of its pin', () => {
    const unpaid = { life: makeLife(UNPAID), held: 1, sold: 0, rest: { observedAt: secondsAfterOpening(60) } };
    assert.deepEqual(judgeLife({ ...unpaid, order: { payBy: secondsAfterOpening(59) } }), []);
    assert.deepEqual(judgeLife({ ...unpaid, order: { payBy: secondsAfterOpening(9) } }), ['S-06 hold-overdue']);
    const paying = judgeLife({
      ...{ life: makeLife(PAID.slice(0, 2)), held: 1, sold: 0, terms: { pinSeconds: 10 } },
      steps: [done('payment', 10, PAID[1] ?? assert.fail(), { status: 202 })],
    });
    assert.deepEqual(paying, ['S-06 hold-overdue']);
  });

  test('rejects an order that expired before payBy', () => {
    const run = { life: makeLife([...UNPAID, expired]), sold: 0 };
    assert.deepEqual(judgeLife({ ...run, order: inTime }), []);
    assert.deepEqual(judgeLife({ ...run, order: { payBy: secondsAfterOpening(3) } }), ['S-06 expired-early']);
  });

  test('rejects stock of an expired order that did not come back, of a refund, and stock that came back uncalled', () => {
    const both = ['S-06 stock-books', 'S-06 wrong-counters'];
    assert.deepEqual(judgeLife({ life: makeLife([...UNPAID, expired]), order: inTime, held: 1, sold: 0 }), both);
    const refund = { by: 'merchant', cause: 'refunds' };
    const asRefund = { refunds: [{ ...REFUNDED, cause: 'requested' }], payments: [CAPTURED] };
    const restocked = entry(4, 'order.refunded', 'confirmed', { ...refund, restockedLines: ONE_UNIT });
    const steps = [done('refunds', 20, restocked, { status: 201 })];
    const back = { life: makeLife(paidAnd(restocked), asRefund), steps };
    assert.deepEqual(judgeLife({ ...back, sold: 0 }), []);
    assert.deepEqual(judgeLife({ ...back, sold: 1 }), both);
    const kept = { life: makeLife(paidAnd(entry(4, 'order.refunded', 'confirmed', refund)), asRefund), steps };
    assert.deepEqual(judgeLife({ ...kept, sold: 1 }), []);
    assert.deepEqual(judgeLife({ ...kept, sold: 0 }), both);
  });

  test('rejects a paid order whose stock is still counted as held', () => {
    assert.deepEqual(judgeLife({ life: makeLife(PAID), held: 1, sold: 0 }), ['S-06 wrong-counters']);
  });
});

describe('S-05', () => {
  test('rejects a gate that differs from the ledger at rest, or keeps a reservation', () => {
    const life = makeLife(PAID);
    for (const gate of [
      { driftUnits: 1, openReservations: 0 },
      { driftUnits: 0, openReservations: 1 },
    ]) {
      assert.deepEqual(judgeLife({ life, rest: { gate } }), ['S-05 gate-drift']);
    }
    assert.deepEqual(judgeLife({ life, rest: { gate: null } }), []);
  });
});
