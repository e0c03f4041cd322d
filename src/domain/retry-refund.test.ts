import assert from 'node:assert/strict';
import { test } from 'node:test';
import { later, mustStep, NOW, orderFacts, refundOf, stepContext, unitsOf } from '../../test/support/order-facts.ts';
import type { Refund } from './payment.ts';
import { reportRefund } from './report-payment.ts';
import { retryRefund } from './retry-refund.ts';

const RETRY = { refundId: 'refund1', retryId: 'refund2' };

const paid = (...refunds: Refund[]) => orderFacts({ status: 'confirmed', refunds });

const refused = (overrides: Partial<Refund> = {}) => refundOf({ status: 'failed', settledAt: NOW, ...overrides });

test('a refund that was refused is asked for by a new one, which puts nothing on sale again', () => {
  const lines = [{ itemId: 'item0', quantity: 1, restocked: 1 }];
  const order = paid(refused({ amountMinor: 400, lines, reason: 'Broken.' }));
  const step = mustStep(retryRefund(order, RETRY, { now: later(60) }));
  assert.deepEqual(step.order.refunds, [
    ...order.refunds,
    refundOf({
      id: 'refund2',
      amountMinor: 400,
      reason: 'Broken.',
      lines: [{ itemId: 'item0', quantity: 1, restocked: 0 }],
      createdAt: later(60),
    }),
  ]);
  assert.deepEqual(unitsOf(step.order), { ...unitsOf(order), refunded: 1 });
  assert.deepEqual([step.order.status, step.order.version, step.type], ['confirmed', 8, 'refund.retried']);
  assert.deepEqual(step.jobs, [], 'the job that was redriven carries it');
});

test('one refund has one successor, however often it is asked for', () => {
  const { order } = mustStep(retryRefund(paid(refused()), RETRY, stepContext()));
  assert.deepEqual(retryRefund(order, RETRY, stepContext()), { outcome: 'unchanged' });
  const failed = { refundId: 'refund2', providerRef: null, status: 'failed' } as const;
  const again = mustStep(reportRefund(order, failed, stepContext())).order;
  assert.deepEqual(retryRefund(again, RETRY, stepContext()), { outcome: 'unchanged' });
  const third = retryRefund(again, { refundId: 'refund2', retryId: 'refund3' }, stepContext());
  assert.equal(mustStep(third).order.refunds.length, 3);
});

test('what is on its way or given back, and what is unknown, is not asked for again', () => {
  for (const status of ['pending', 'succeeded'] as const) {
    assert.deepEqual(retryRefund(paid(refundOf({ status })), RETRY, stepContext()), { outcome: 'unchanged' });
  }
  assert.deepEqual(retryRefund(paid(), RETRY, stepContext()), { outcome: 'unchanged' });
});

test('PAY-10 money that was given back otherwise meanwhile, or is on its way, is not given back twice', () => {
  for (const status of ['pending', 'succeeded'] as const) {
    const other = (amountMinor: number) => refundOf({ id: 'refund9', status, amountMinor });
    const exceeded = retryRefund(paid(refused(), other(901)), RETRY, stepContext());
    assert.deepEqual(exceeded, { outcome: 'not-refundable' });
    mustStep(retryRefund(paid(refused(), other(900)), RETRY, stepContext()));
  }
  const lines = [{ itemId: 'item0', quantity: 1, restocked: 0 }];
  const order = paid(refused({ amountMinor: 400, lines }));
  const returned = { ...order, lines: order.lines.map((each) => ({ ...each, refunded: each.quantity })) };
  assert.deepEqual(retryRefund(returned, RETRY, stepContext()), { outcome: 'not-refundable' });
});
