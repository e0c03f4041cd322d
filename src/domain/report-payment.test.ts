import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  later,
  mustStep,
  NOW,
  orderFacts,
  payment,
  refundOf,
  SITUATIONS,
  stepContext,
  stockFacts,
  TERMS,
  unitsOf,
} from '../../test/support/order-facts.ts';
import { ORDER_STATUSES, type OrderStatus, paidStatus } from './order.ts';
import type { OrderFacts, StepContext } from './order-facts.ts';
import { PAYMENT_STATUSES, type Payment, type PaymentStatus } from './payment.ts';
import { abandonPayment, type PaymentReport, reportPayment, reportRefund } from './report-payment.ts';
import type { Fulfillment } from './sale.ts';

const report = (status: PaymentReport['status'], changes: Partial<PaymentReport> = {}): PaymentReport => ({
  paymentId: 'payment1',
  providerRef: 'ref1',
  status,
  amountMinor: 1_000,
  currency: 'EUR',
  nextActionUrl: status === 'requires_action' ? 'https://pay.example/3ds' : null,
  declineCode: status === 'failed' ? 'insufficient_funds' : null,
  ...changes,
});

const PAID: readonly OrderStatus[] = [
  'confirmed',
  'pending_acceptance',
  'preparing',
  'ready_for_pickup',
  'in_transit',
  'completed',
];
const ENDED: readonly OrderStatus[] = ['cancelled', 'rejected'];

/**
 * What a report comes to.
 * - same: nothing is written
 * - noted: the payment takes the status; neither order nor stock nor other money moves
 * - paid: it pays the order
 * - back: it pays nothing and is given back
 * - refused: the order waits for another attempt
 * - lost: the order is cancelled, its money was never taken
 */
type Effect = 'same' | 'noted' | 'paid' | 'back' | 'refused' | 'lost';

// The payment's status and the report; then what it comes to where the order is in payment_processing,
// pending_payment, a paid status, expired (with stock left), and cancelled or rejected. In a paid status the order is
// paid by this payment where it is authorized or captured, else by another.
const MATRIX: readonly [PaymentStatus, PaymentReport['status'], Effect, Effect, Effect, Effect, Effect][] = [
  ['processing', 'processing', 'same', 'same', 'same', 'same', 'same'],
  ['processing', 'requires_action', 'noted', 'noted', 'noted', 'noted', 'noted'],
  ['processing', 'authorized', 'paid', 'paid', 'back', 'paid', 'back'],
  ['processing', 'captured', 'paid', 'paid', 'back', 'paid', 'back'],
  ['processing', 'failed', 'refused', 'noted', 'noted', 'noted', 'noted'],
  ['processing', 'cancelled', 'refused', 'noted', 'noted', 'noted', 'noted'],
  ['requires_action', 'processing', 'same', 'same', 'same', 'same', 'same'],
  ['requires_action', 'requires_action', 'same', 'same', 'same', 'same', 'same'],
  ['requires_action', 'authorized', 'paid', 'paid', 'back', 'paid', 'back'],
  ['requires_action', 'captured', 'paid', 'paid', 'back', 'paid', 'back'],
  ['requires_action', 'failed', 'refused', 'noted', 'noted', 'noted', 'noted'],
  ['requires_action', 'cancelled', 'refused', 'noted', 'noted', 'noted', 'noted'],
  // A payment that failed may be tried again at the provider by the customer until it is cancelled there.
  ['failed', 'processing', 'same', 'same', 'same', 'same', 'same'],
  ['failed', 'requires_action', 'same', 'same', 'same', 'same', 'same'],
  ['failed', 'authorized', 'back', 'paid', 'back', 'paid', 'back'],
  ['failed', 'captured', 'back', 'paid', 'back', 'paid', 'back'],
  ['failed', 'failed', 'same', 'same', 'same', 'same', 'same'],
  ['failed', 'cancelled', 'same', 'same', 'same', 'same', 'same'],
  // What is cancelled is never authorized again: that report is an old one. Captured money is money, whatever was said.
  ['cancelled', 'processing', 'same', 'same', 'same', 'same', 'same'],
  ['cancelled', 'requires_action', 'same', 'same', 'same', 'same', 'same'],
  ['cancelled', 'authorized', 'same', 'same', 'same', 'same', 'same'],
  ['cancelled', 'captured', 'back', 'paid', 'back', 'paid', 'back'],
  ['cancelled', 'failed', 'same', 'same', 'same', 'same', 'same'],
  ['cancelled', 'cancelled', 'same', 'same', 'same', 'same', 'same'],
  // In an unpaid or ended order authorized money is on its way back; captured after all, it is refunded.
  ['authorized', 'processing', 'same', 'same', 'same', 'same', 'same'],
  ['authorized', 'requires_action', 'same', 'same', 'same', 'same', 'same'],
  ['authorized', 'authorized', 'same', 'same', 'same', 'same', 'same'],
  ['authorized', 'captured', 'back', 'back', 'noted', 'back', 'back'],
  ['authorized', 'failed', 'same', 'same', 'same', 'same', 'same'],
  ['authorized', 'cancelled', 'noted', 'noted', 'lost', 'noted', 'noted'],
  ['captured', 'processing', 'same', 'same', 'same', 'same', 'same'],
  ['captured', 'requires_action', 'same', 'same', 'same', 'same', 'same'],
  ['captured', 'authorized', 'same', 'same', 'same', 'same', 'same'],
  ['captured', 'captured', 'same', 'same', 'same', 'same', 'same'],
  ['captured', 'failed', 'same', 'same', 'same', 'same', 'same'],
  ['captured', 'cancelled', 'same', 'same', 'same', 'same', 'same'],
];

test('the matrix has a line for each status of a payment and each report', () => {
  const pairs = PAYMENT_STATUSES.flatMap((status) => PAYMENT_STATUSES.map((said) => `${status} ${said}`));
  assert.deepEqual(MATRIX.map(([status, said]) => `${status} ${said}`).sort(), pairs.sort());
  assert.deepEqual(
    [...PAID, ...ENDED, 'payment_processing', 'pending_payment', 'expired'].sort(),
    [...ORDER_STATUSES].sort(),
  );
});

for (const [status, said, processing, pending, paid, expired, ended] of MATRIX) {
  for (const { fulfillment, status: orderStatus } of SITUATIONS) {
    // Money is authorized for a kitchen only; a drop is charged.
    if (fulfillment === 'direct' && (status === 'authorized' || said === 'authorized')) continue;
    const effect = { payment_processing: processing, pending_payment: pending, expired }[String(orderStatus)];
    const expected = effect ?? (ENDED.includes(orderStatus) ? ended : paid);
    test(`${said} about a payment that is ${status}, ${fulfillment} order ${orderStatus}: ${expected}`, () => {
      const order = orderWith(fulfillment, orderStatus, status);
      checkEffect(order, report(said), expected);
    });
  }
}

/** An order in a status with this payment, and with another one where the status needs it. */
function orderWith(fulfillment: Fulfillment, status: OrderStatus, first: PaymentStatus): OrderFacts {
  const capture = fulfillment === 'kitchen' ? 'manual' : 'automatic';
  const open = first === 'processing' || first === 'requires_action';
  const own = PAID.includes(status) ? first === 'authorized' || first === 'captured' : open;
  const [usual] = orderFacts({ fulfillment, status }).payments;
  const another = usual === undefined || own ? [] : [{ ...usual, id: 'payment2', providerRef: 'ref2' }];
  // What pays no order is on its way back: a captured payment has its refund, an authorized one its void.
  const unwanted = !PAID.includes(status) && (first === 'authorized' || first === 'captured');
  const subject = payment({ status: first, capture, ...(unwanted ? { declineCode: 'order_not_payable' } : {}) });
  const refunds = unwanted && first === 'captured' ? [refundOf({ amountMinor: 1_000, cause: 'late_payment' })] : [];
  return orderFacts({ fulfillment, status, payments: [subject, ...another], refunds });
}

function checkEffect(order: OrderFacts, said: PaymentReport, expected: Effect, context = stepContext()): void {
  const decision = reportPayment(order, said, context);
  if (expected === 'same') {
    assert.deepEqual(decision, { outcome: 'unchanged' });
    return;
  }
  const { order: next, jobs } = mustStep(decision);
  assert.equal(next.version, order.version + 1);
  const [before, after] = [order.payments[0], next.payments[0]];
  assert.equal(after?.status, said.status);
  assert.deepEqual(next.payments.slice(1), order.payments.slice(1), 'another payment was touched');
  assert.equal(after?.capturedMinor, said.status === 'captured' ? 1_000 : 0);
  const going = jobs.filter(({ kind }) => kind !== 'cancel' || said.status !== 'failed');
  const { held, sold, returned } = unitsOf(next);
  switch (expected) {
    case 'noted':
      assert.deepEqual([next.status, next.lines, next.refunds, going], [order.status, order.lines, order.refunds, []]);
      return;
    case 'paid':
      assert.equal(next.status, paidStatus(order.fulfillment));
      assert.deepEqual([held, sold, returned, going, next.refunds], [0, 3, 0, [], []]);
      return;
    case 'back':
      assert.deepEqual([next.status, next.lines], [order.status, order.lines]);
      checkGivenBack(next, jobs, said.status);
      return;
    case 'refused':
      assert.deepEqual([next.status, next.lines, going, next.refunds], ['pending_payment', order.lines, [], []]);
      assert.equal(after?.answer?.status ?? null, before?.answer?.status ?? 402);
      return;
    case 'lost':
      checkLost(order, next, going);
      return;
  }
}

function checkGivenBack(
  next: OrderFacts,
  jobs: ReturnType<typeof mustStep>['jobs'],
  said: PaymentReport['status'],
): void {
  if (said === 'authorized') {
    assert.deepEqual(jobs, [{ kind: 'cancel', paymentId: 'payment1', refundId: null, delayMs: 0 }]);
    assert.deepEqual(next.refunds, []);
    return;
  }
  assert.deepEqual(
    next.refunds.map(({ amountMinor, paymentId }) => [amountMinor, paymentId]),
    [[1_000, 'payment1']],
  );
  assert.deepEqual(jobs, [{ kind: 'refund', paymentId: 'payment1', refundId: next.refunds[0]?.id, delayMs: 0 }]);
}

/** PAY-10: goods that were handed over stay so; everything else whose money can never be had is cancelled. */
function checkLost(order: OrderFacts, next: OrderFacts, jobs: readonly object[]): void {
  const gone = order.status === 'in_transit' || order.status === 'completed';
  assert.equal(next.status, gone ? order.status : 'cancelled');
  assert.deepEqual(jobs, []);
  assert.equal(unitsOf(next).returned, order.status === 'pending_acceptance' ? 3 : 0);
}

// Late money on an expired order when its stock or the customer's limit does not allow it any more.
const SHORT: readonly [string, StepContext['stock']][] = [
  ['one unit is missing', stockFacts({ available: 1 })],
  ['the limit is used up', stockFacts({ limitPerCustomer: 2, units: 1 })],
  ['nothing is left', stockFacts({ available: 0 })],
];

for (const [name, stock] of SHORT) {
  for (const [fulfillment, said] of [
    ['direct', 'captured'],
    ['kitchen', 'captured'],
    ['kitchen', 'authorized'],
  ] as const) {
    for (const first of ['processing', 'failed'] as const) {
      test(`PAY-08 late money (${said}, ${fulfillment}, was ${first}) when ${name}: given back, and once however often it is told`, () => {
        const order = orderWith(fulfillment, 'expired', first);
        checkEffect(order, report(said), 'back', stepContext({ stock }));
        const { order: next } = mustStep(reportPayment(order, report(said), stepContext({ stock })));
        // Told again when stock is back: it is on its way back all the same.
        for (const again of [stock, stockFacts()]) {
          assert.deepEqual(reportPayment(next, report(said), stepContext({ stock: again })), { outcome: 'unchanged' });
        }
      });
    }
  }
}

test('PAY-08 late money that pays an expired order again takes all its units, and starts the time to accept it', () => {
  const order = orderWith('kitchen', 'expired', 'processing');
  const now = later(5_000);
  const { order: next } = mustStep(reportPayment(order, report('authorized'), stepContext({ now })));
  assert.deepEqual(next.acceptBy, later(5_000 + TERMS.acceptanceSeconds));
  assert.deepEqual([next.payBy, next.settleBy], [null, null]);
});

test('PAY-08 an authorization that was being voided and was captured after all is refunded once', () => {
  const order = orderWith('kitchen', 'expired', 'processing');
  const short = stepContext({ stock: stockFacts({ available: 0 }) });
  const { order: voiding } = mustStep(reportPayment(order, report('authorized'), short));
  checkEffect(voiding, report('captured'), 'back');
  const { order: refunding } = mustStep(reportPayment(voiding, report('captured'), stepContext()));
  checkEffect(refunding, report('captured'), 'same');
});

const MISMATCHES: readonly [string, Partial<PaymentReport>][] = [
  ['a lower amount', { amountMinor: 999 }],
  ['a higher amount', { amountMinor: 1_001 }],
  ['no amount', { amountMinor: 0 }],
  ['a negative amount', { amountMinor: -1_000 }],
  ['another currency', { currency: 'USD' }],
];

for (const [name, changes] of MISMATCHES) {
  test(`a report of ${name} moves nothing, whatever it says and whenever it comes`, () => {
    for (const { fulfillment, status } of SITUATIONS) {
      for (const said of PAYMENT_STATUSES) {
        const order = orderWith(fulfillment, status, 'processing');
        assert.deepEqual(reportPayment(order, report(said, changes), stepContext()), { outcome: 'mismatch' });
      }
    }
  });
}

test('a report about a payment that the order does not have changes nothing', () => {
  const order = orderFacts({ status: 'payment_processing' });
  const said = report('captured', { paymentId: 'payment9' });
  assert.deepEqual(reportPayment(order, said, stepContext()), { outcome: 'unchanged' });
});

test('PAY-05 every report told twice changes nothing the second time', () => {
  for (const { fulfillment, status } of SITUATIONS) {
    for (const first of PAYMENT_STATUSES) {
      for (const said of PAYMENT_STATUSES) {
        const step = reportPayment(orderWith(fulfillment, status, first), report(said), stepContext());
        if (step.outcome !== 'stepped') continue;
        const again = reportPayment(step.order, report(said), stepContext());
        assert.deepEqual(again, { outcome: 'unchanged' }, `${fulfillment} ${status} ${first} ${said}`);
      }
    }
  }
});

// The hold after a refusal: seconds left of it, extended before, seconds left then, extended then.
const HOLDS: readonly [number, boolean, number, boolean][] = [
  [300, false, 300, false],
  [TERMS.retrySeconds, false, TERMS.retrySeconds, false],
  [TERMS.retrySeconds - 1, false, TERMS.retrySeconds, true],
  [0, false, TERMS.retrySeconds, true],
  [-200, false, TERMS.retrySeconds, true],
  [TERMS.retrySeconds - 1, true, TERMS.retrySeconds - 1, true],
  [-200, true, -200, true],
];

for (const [left, extended, expected, extendedThen] of HOLDS) {
  test(`PAY-06 a refusal with ${left} s of hold left, ${extended ? 'lengthened before' : 'never lengthened'}: ${expected} s are left`, () => {
    for (const said of ['failed', 'cancelled'] as const) {
      const order = orderFacts({ status: 'payment_processing', payBy: later(left), holdExtended: extended });
      const { order: next } = mustStep(reportPayment(order, report(said), stepContext()));
      assert.deepEqual([next.payBy, next.holdExtended], [later(expected), extendedThen]);
      assert.equal(next.settleBy, null);
    }
  });
}

// The pin's limit: seconds after it, what the provider says, where the order goes.
const PINS: readonly [number, PaymentReport['status'], OrderStatus][] = [
  [-1, 'cancelled', 'pending_payment'],
  [0, 'cancelled', 'expired'],
  [1, 'cancelled', 'expired'],
  [-1, 'captured', 'confirmed'],
  [0, 'captured', 'confirmed'],
  [1, 'captured', 'confirmed'],
];

for (const [seconds, said, to] of PINS) {
  test(`PAY-02 ${said} ${seconds} s after the pin's limit leads to ${to}`, () => {
    const order = orderFacts({ status: 'payment_processing' });
    const context = stepContext({ now: later(TERMS.pinSeconds + seconds) });
    const { order: next } = mustStep(reportPayment(order, report(said), context));
    assert.equal(next.status, to);
    const held = to === 'pending_payment' ? 3 : 0;
    assert.deepEqual(unitsOf(next), { held, sold: to === 'confirmed' ? 3 : 0, returned: 0, refunded: 0 });
  });
}

test("a payment is abandoned from the pin's limit on, not before, and its outcome stays open", () => {
  const order = orderFacts({ status: 'payment_processing' });
  const at = (seconds: number) =>
    abandonPayment(order, 'payment1', stepContext({ now: later(TERMS.pinSeconds + seconds) }));
  assert.deepEqual(at(-1), { outcome: 'unchanged' });
  for (const seconds of [0, 1]) {
    const { order: next, endedJobs } = mustStep(at(seconds));
    assert.equal(next.status, 'expired');
    assert.deepEqual(unitsOf(next), { held: 0, sold: 0, returned: 0, refunded: 0 });
    assert.equal(next.payments[0]?.status, 'processing');
    assert.deepEqual(endedJobs, [], 'it is asked on');
  }
});

test('PAY-08 an abandoned payment is not told to be cancelled: money that is there by then has its own rules', () => {
  const order = orderFacts({ status: 'payment_processing' });
  const { jobs } = mustStep(abandonPayment(order, 'payment1', stepContext({ now: later(TERMS.pinSeconds) })));
  assert.deepEqual(jobs, [], 'its own job goes on asking');
});

test('only the payment that an order waits for is abandoned, and only while it waits', () => {
  const now = later(TERMS.pinSeconds + 1);
  for (const { fulfillment, status } of SITUATIONS) {
    if (status === 'payment_processing') continue;
    const order = orderWith(fulfillment, status, 'processing');
    assert.deepEqual(abandonPayment(order, 'payment1', stepContext({ now })), { outcome: 'unchanged' });
  }
  const waiting = orderWith('direct', 'payment_processing', 'failed');
  assert.deepEqual(abandonPayment(waiting, 'payment1', stepContext({ now })), { outcome: 'unchanged' });
  assert.deepEqual(abandonPayment(waiting, 'payment9', stepContext({ now })), { outcome: 'unchanged' });
});

test('a customer who must authenticate gets the address; the stock stays pinned and the request is answered 202', () => {
  const order = orderFacts({ status: 'payment_processing' });
  const { order: next } = mustStep(reportPayment(order, report('requires_action'), stepContext()));
  assert.deepEqual([next.status, next.settleBy, next.lines], [order.status, order.settleBy, order.lines]);
  assert.equal(next.payments[0]?.nextActionUrl, 'https://pay.example/3ds');
  assert.deepEqual(next.payments[0]?.answer, { status: 202, version: 8 });
  const { order: paid } = mustStep(reportPayment(next, report('captured'), stepContext()));
  assert.equal(paid.payments[0]?.nextActionUrl, null);
  assert.deepEqual(paid.payments[0]?.answer, { status: 202, version: 8 }, 'an answer that was given stays');
});

test('a refused attempt has its code, is answered 402, and is closed at the provider', () => {
  const order = orderFacts({ status: 'payment_processing' });
  const { order: next, jobs, endedJobs } = mustStep(reportPayment(order, report('failed'), stepContext()));
  assert.equal(next.payments[0]?.declineCode, 'insufficient_funds');
  assert.deepEqual(next.payments[0]?.answer, { status: 402, version: 8 });
  assert.deepEqual(next.payments[0]?.settledAt, NOW);
  assert.deepEqual(
    jobs.map(({ kind }) => kind),
    ['cancel'],
  );
  assert.deepEqual(endedJobs, [{ kind: 'settle', paymentId: 'payment1' }]);
});

test('a payment that failed first and pays the order after all is not shown as declined', () => {
  for (const status of ['pending_payment', 'expired'] as const) {
    const { order } = mustStep(reportPayment(orderWith('direct', status, 'failed'), report('captured'), stepContext()));
    assert.deepEqual([order.payments[0]?.status, order.payments[0]?.declineCode], ['captured', null]);
  }
});

// A payment that failed is to be cancelled at the provider. If it pays the order after all, that must not happen.
for (const status of ['pending_payment', 'expired'] as const) {
  test(`a failed payment that pays a kitchen order in ${status} after all is not voided by the job of its failure`, () => {
    const { endedJobs } = mustStep(
      reportPayment(orderWith('kitchen', status, 'failed'), report('authorized'), stepContext()),
    );
    assert.ok(endedJobs.some(({ kind, paymentId }) => kind === 'cancel' && paymentId === 'payment1'));
  });
}

test('a drop is confirmed by captured money only, or the capture is due', () => {
  const order = orderFacts({ status: 'payment_processing' });
  const decision = reportPayment(order, report('authorized'), stepContext());
  if (decision.outcome !== 'stepped' || decision.order.status !== 'confirmed') return;
  assert.deepEqual(
    decision.jobs.map(({ kind }) => kind),
    ['capture'],
  );
});

// Two payments of a kitchen order: the first is authorized late and is being voided, the second pays the order.
const VOIDING: Partial<Payment> = { status: 'authorized', capture: 'manual', declineCode: 'order_not_payable' };

function paidByAnother(status: OrderStatus): OrderFacts {
  const second = status === 'pending_acceptance' ? 'authorized' : 'captured';
  const payments = [
    payment({ ...VOIDING, answer: { status: 402, version: 3 } }),
    payment({
      id: 'payment2',
      providerRef: 'ref2',
      status: second,
      capture: 'manual',
      answer: { status: 200, version: 5 },
    }),
  ];
  return orderFacts({ fulfillment: 'kitchen', status, payments });
}

for (const status of PAID.filter((each) => each !== 'confirmed')) {
  test(`the void of a second payment leaves the order in ${status} that another one pays`, () => {
    checkEffect(paidByAnother(status), report('cancelled'), 'noted');
  });

  test(`a second payment that is captured instead of voided is refunded, order in ${status}`, () => {
    checkEffect(paidByAnother(status), report('captured'), 'back');
  });
}

for (const status of ['pending_payment', 'payment_processing'] as const) {
  test(`an earlier payment that is captured instead of voided is refunded, order reinstated and in ${status}`, () => {
    const usual = orderFacts({ fulfillment: 'kitchen', status }).payments.map((each) => ({ ...each, id: 'payment2' }));
    const order = orderFacts({ fulfillment: 'kitchen', status, payments: [payment(VOIDING), ...usual] });
    checkEffect(order, report('captured'), 'back');
  });
}

test('a refund settles once and never goes back', () => {
  const order = orderFacts({ status: 'confirmed', refunds: [refundOf({ lines: [] })] });
  const say = (of: OrderFacts, status: 'succeeded' | 'failed') =>
    reportRefund(of, { refundId: 'refund1', providerRef: 're1', status }, stepContext());
  for (const status of ['succeeded', 'failed'] as const) {
    const { order: next } = mustStep(say(order, status));
    assert.deepEqual([next.status, next.version, next.lines], [order.status, order.version + 1, order.lines]);
    const [settled] = next.refunds;
    assert.deepEqual([settled?.status, settled?.providerRef, settled?.settledAt], [status, 're1', NOW]);
    for (const again of ['succeeded', 'failed'] as const) assert.deepEqual(say(next, again), { outcome: 'unchanged' });
  }
  const unknown = { refundId: 'refund9', providerRef: null, status: 'succeeded' } as const;
  assert.deepEqual(reportRefund(order, unknown, stepContext()), { outcome: 'unchanged' });
});

test('the units of a refund that failed can be refunded by line again', () => {
  const lines = [{ itemId: 'item0', quantity: 1, restocked: 0 }];
  const order = orderFacts({ status: 'confirmed', refunds: [refundOf({ amountMinor: 400, lines })] });
  const refunding = { ...order, lines: order.lines.map((each, index) => ({ ...each, refunded: index === 0 ? 1 : 0 })) };
  const failed = { refundId: 'refund1', providerRef: null, status: 'failed' } as const;
  assert.equal(unitsOf(mustStep(reportRefund(refunding, failed, stepContext())).order).refunded, 0);
});
