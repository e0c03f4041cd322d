import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  mustStep,
  NOW,
  orderFacts,
  payment,
  SITUATIONS,
  stepContext,
  unitsOf,
} from '../../test/support/order-facts.ts';
import { type Deadline, passDeadline } from './pass-deadline.ts';

const STATUS_OF = {
  'hold-expired': 'pending_payment',
  'settle-overdue': 'payment_processing',
  'acceptance-overdue': 'pending_acceptance',
} as const satisfies Record<Deadline, string>;
const DEADLINES = Object.keys(STATUS_OF) as Deadline[];
const unchanged = { outcome: 'unchanged' };

for (const { fulfillment, status } of SITUATIONS) {
  for (const deadline of DEADLINES) {
    const due = STATUS_OF[deadline] === status;
    test(`${deadline} of a ${fulfillment} order in ${status} ${due ? 'ends it from its deadline on' : 'changes nothing'}`, () => {
      const open = status === 'payment_processing' ? [payment({ status: 'processing' })] : [];
      const order = orderFacts({ fulfillment, status, payments: open });
      const { payBy, settleBy, acceptBy } = order;
      const until =
        { 'hold-expired': payBy, 'settle-overdue': settleBy, 'acceptance-overdue': acceptBy }[deadline] ?? NOW;
      const at = (ms: number) => passDeadline(order, deadline, stepContext({ now: new Date(until.getTime() + ms) }));
      assert.deepEqual(at(-1), unchanged);
      if (!due) return assert.deepEqual(at(1_000_000), unchanged);
      for (const ms of [0, 1]) {
        const { order: next } = mustStep(at(ms));
        assert.equal(next.status, deadline === 'acceptance-overdue' ? 'rejected' : 'expired');
        assert.equal(next.version, order.version + 1);
      }
    });
  }
}

test('an expired hold releases its stock, tells still when it ended, and moves no money', () => {
  const order = orderFacts({ payments: [payment({ status: 'failed' })] });
  const now = order.payBy ?? NOW;
  const { order: next, jobs } = mustStep(passDeadline(order, 'hold-expired', stepContext({ now })));
  assert.deepEqual(unitsOf(next), { held: 0, sold: 0, returned: 0, refunded: 0 });
  assert.deepEqual([next.payBy, jobs, next.refunds], [order.payBy, [], []]);
});

for (const [status, job, refunds] of [
  ['authorized', 'cancel', 0],
  ['captured', 'refund', 1],
] as const) {
  test(`an order that is accepted too late is rejected: units back on sale, ${status} money given back`, () => {
    const payments = [payment({ status, capture: 'manual' })];
    const order = orderFacts({ fulfillment: 'kitchen', status: 'pending_acceptance', payments });
    const now = order.acceptBy ?? NOW;
    const { order: next, jobs } = mustStep(passDeadline(order, 'acceptance-overdue', stepContext({ now })));
    assert.deepEqual(unitsOf(next), { held: 0, sold: 0, returned: 3, refunded: 0 });
    assert.deepEqual(
      jobs.map(({ kind }) => kind),
      [job],
    );
    assert.equal(next.refunds.length, refunds);
    assert.equal(next.acceptBy, null);
    assert.deepEqual(passDeadline(next, 'acceptance-overdue', stepContext({ now })), unchanged);
  });
}
