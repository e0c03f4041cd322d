import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  booked,
  CAPTURED,
  delivered,
  done,
  entry,
  judgeLife,
  makeLife,
  PAID,
  paidAnd,
  REFUNDED,
} from './hand-made-life.ts';
import type { DeliveryRecord } from './history.ts';

const cancelled = entry(4, 'order.cancelled', 'cancelled', { by: 'customer', cause: 'cancellation' });
const steps = [done('cancellation', 20, cancelled)];
const life = makeLife(PAID);
const [charge] = booked(life);

describe('PAY-10', () => {
  test('rejects money that only the provider has, and money that only the ledger has', () => {
    assert.ok(charge);
    for (const providerBooks of [[], [{ ...charge, capturedMinor: 600 }], [{ ...charge, refundedMinor: 100 }]]) {
      assert.deepEqual(judgeLife({ life, rest: { providerBooks } }), ['PAY-10 books-differ']);
    }
    const stranger = { ...charge, paymentId: 'payment-2', orderId: 'unknown' };
    assert.deepEqual(judgeLife({ life, rest: { providerBooks: [charge, stranger] } }), ['PAY-10 books-differ']);
  });

  test('rejects a cancelled order that keeps its money, and a paid one without it', () => {
    const kept = makeLife(paidAnd(cancelled));
    assert.deepEqual(judgeLife({ life: kept, steps, sold: 0 }), ['PAY-10 money-kept']);
    assert.deepEqual(judgeLife({ life: makeLife(PAID, { payments: [] }) }), ['PAY-10 money-kept']);
  });

  test('accepts what a stated row keeps, and rejects a unit less', () => {
    const retaining = (retainedMinor: number) => ({ ...cancelled, retainedMinor });
    const part = { refunds: [{ ...REFUNDED, amountMinor: 400 }] };
    assert.deepEqual(judgeLife({ life: makeLife(paidAnd(retaining(100)), part), steps, sold: 0 }), []);
    assert.deepEqual(judgeLife({ life: makeLife(paidAnd(retaining(99)), part), steps, sold: 0 }), [
      'PAY-10 money-kept',
    ]);
  });

  test('rejects money that is reserved for an order that does not wait for it, and money still under way', () => {
    assert.ok(charge);
    const reserved = { ...charge, paymentId: 'payment-2', status: 'authorized', capturedMinor: 0 };
    const found = judgeLife({ life, rest: { providerBooks: [charge, reserved] } });
    assert.deepEqual(found, ['PAY-01 charged-twice', 'PAY-10 books-differ']);
    const pending = makeLife(PAID, { refunds: [{ ...REFUNDED, cause: 'requested', status: 'pending' }] });
    assert.deepEqual(judgeLife({ life: pending, rest: { providerBooks: [charge] } }), ['PAY-10 money-pending']);
    const open = makeLife(PAID, { payments: [CAPTURED, { ...CAPTURED, status: 'processing', capturedMinor: 0 }] });
    assert.deepEqual(judgeLife({ life: open, rest: { providerBooks: [charge] } }), ['PAY-10 money-pending']);
  });

  test('rejects differences that the engine itself lists', () => {
    assert.deepEqual(judgeLife({ life, rest: { discrepancies: [{ kind: 'captured' }] } }), ['PAY-10 books-differ']);
  });
});

test('PAY-01 rejects two charges for one order', () => {
  assert.ok(charge);
  const providerBooks = [charge, { ...charge, paymentId: 'payment-2' }];
  assert.ok(judgeLife({ life, rest: { providerBooks } }).includes('PAY-01 charged-twice'));
  const givenBack = [charge, { ...charge, paymentId: 'payment-2', refundedMinor: 500 }];
  assert.deepEqual(judgeLife({ life, rest: { providerBooks: givenBack } }), []);
});

describe('WH-01', () => {
  const events = delivered(life);
  const [first, second]: readonly DeliveryRecord[] = events;

  test('accepts events that come more than once and out of order', () => {
    assert.deepEqual(judgeLife({ life, deliveries: [...events, ...events].reverse() }), []);
  });

  test('rejects an event that never came, unless nobody waited for it', () => {
    assert.deepEqual(judgeLife({ life, deliveries: events.slice(1) }), ['WH-01 event-missing']);
    assert.deepEqual(judgeLife({ life, deliveries: events.slice(1), rest: { eventsAwaited: false } }), []);
  });

  test('rejects an event of a version that there is not, or of an order that there is not', () => {
    assert.ok(first);
    for (const changes of [{ version: 9 }, { orderId: 'rolled back' }]) {
      const invented: DeliveryRecord = { ...first, eventId: 'evt_new', ...changes };
      assert.deepEqual(judgeLife({ life, deliveries: [...events, invented] }), ['WH-01 event-invented']);
    }
  });

  test('rejects another type, another status, a second id, and an id of two events', () => {
    assert.ok(first && second);
    for (const changes of [{ type: 'order.paid' }, { status: 'cancelled' }, { eventId: 'evt_second' }]) {
      const found = judgeLife({ life, deliveries: [...events, { ...first, ...changes }] });
      assert.deepEqual(found, ['WH-01 event-differs'], JSON.stringify(changes));
    }
    const shared = [...events.filter((each) => each !== second), { ...second, eventId: first.eventId }];
    assert.deepEqual(judgeLife({ life, deliveries: shared }), ['WH-01 event-differs']);
  });
});
