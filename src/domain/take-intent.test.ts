import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  later,
  line,
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
import type { OrderStatus } from './order.ts';
import type { OrderFacts, StepContext } from './order-facts.ts';
import { INTENTS, type Intent, type OrderActor } from './order-transitions.ts';
import type { Fulfillment } from './sale.ts';
import { allowedIntents, type IntentStep, takeIntent } from './take-intent.ts';

const ACTORS: readonly OrderActor[] = ['owner', 'merchant', 'courier', 'operator', 'system'];
const BOTH = ['direct', 'kitchen'] as const;
const STAFF = ['merchant', 'operator'] as const;

type Cancellation = Extract<IntentStep, { intent: 'cancellation' }>;
type Refunds = Extract<IntentStep, { intent: 'refunds' }>;

const PAYMENT: IntentStep = { intent: 'payment', paymentId: 'payment2', provider: 'live', testProvider: 'sandbox' };
const CANCELLATION: Cancellation = { intent: 'cancellation', reason: null, restock: null, retainMinor: null };
const REFUND: Refunds = { intent: 'refunds', reason: null, amountMinor: 100, lines: [] };

/** One step of every kind; the pickup has two. */
const STEPS: readonly (readonly [string, IntentStep])[] = [
  ['payment', PAYMENT],
  ['acceptance', { intent: 'acceptance' }],
  ['rejection', { intent: 'rejection', reason: null, restock: true }],
  ['preparation', { intent: 'preparation' }],
  ['pickup by courier', { intent: 'pickup', handover: 'courier', codeMatches: true }],
  ['pickup by customer', { intent: 'pickup', handover: 'customer', codeMatches: true }],
  ['delivery', { intent: 'delivery', handover: 'courier', codeMatches: true }],
  ['fulfillment', { intent: 'fulfillment', handover: 'courier', codeMatches: true }],
  ['cancellation', CANCELLATION],
  ['refunds', REFUND],
  ['reinstatement', { intent: 'reinstatement' }],
];

// The design's table, by hand: what is asked, from which status, by whom; where it leads, where the three units are
// then, and which jobs are due. Everybody else, and everything else, is refused.
const TABLE: readonly [
  step: string,
  from: OrderStatus,
  fulfillments: readonly Fulfillment[],
  who: readonly OrderActor[],
  to: OrderStatus,
  units: 'held' | 'sold' | 'returned' | 'free',
  job?: string,
][] = [
  ['payment', 'pending_payment', BOTH, ['owner'], 'payment_processing', 'held', 'settle'],
  ['acceptance', 'pending_acceptance', ['kitchen'], ['merchant'], 'preparing', 'sold', 'capture'],
  ['rejection', 'pending_acceptance', ['kitchen'], ['merchant'], 'rejected', 'returned', 'cancel'],
  ['preparation', 'preparing', ['kitchen'], ['merchant'], 'ready_for_pickup', 'sold'],
  ['pickup by courier', 'ready_for_pickup', ['kitchen'], ['courier'], 'in_transit', 'sold'],
  ['pickup by customer', 'ready_for_pickup', ['kitchen'], ['merchant'], 'completed', 'sold'],
  ['delivery', 'in_transit', ['kitchen'], ['courier'], 'completed', 'sold'],
  ['fulfillment', 'confirmed', ['direct'], ['merchant'], 'completed', 'sold'],
  ['cancellation', 'pending_payment', BOTH, ['owner', ...STAFF], 'cancelled', 'free'],
  ['cancellation', 'confirmed', ['direct'], ['owner', ...STAFF], 'cancelled', 'returned', 'refund'],
  ['cancellation', 'pending_acceptance', ['kitchen'], ['owner', ...STAFF], 'cancelled', 'returned', 'cancel'],
  ['cancellation', 'preparing', ['kitchen'], STAFF, 'cancelled', 'sold', 'refund'],
  ['cancellation', 'ready_for_pickup', ['kitchen'], STAFF, 'cancelled', 'sold', 'refund'],
  ['cancellation', 'in_transit', ['kitchen'], ['operator'], 'cancelled', 'sold', 'refund'],
  ['refunds', 'confirmed', ['direct'], STAFF, 'confirmed', 'sold', 'refund'],
  ['refunds', 'preparing', ['kitchen'], STAFF, 'preparing', 'sold', 'refund'],
  ['refunds', 'ready_for_pickup', ['kitchen'], STAFF, 'ready_for_pickup', 'sold', 'refund'],
  ['refunds', 'in_transit', ['kitchen'], STAFF, 'in_transit', 'sold', 'refund'],
  ['refunds', 'completed', BOTH, STAFF, 'completed', 'sold', 'refund'],
  ['reinstatement', 'expired', BOTH, ['operator'], 'pending_payment', 'held'],
];

const as = (...actors: OrderActor[]) => new Set(actors);
const rowFor = (name: string, from: OrderStatus, fulfillment: Fulfillment, actor: OrderActor) =>
  TABLE.find((row) => row[0] === name && row[1] === from && row[2].includes(fulfillment) && row[3].includes(actor));

for (const { fulfillment, status } of SITUATIONS) {
  test(`a ${fulfillment} order in ${status}: each intent by each role does what the design says, or nothing`, () => {
    for (const [name, step] of STEPS) {
      for (const actor of ACTORS) {
        const order = orderFacts({ fulfillment, status });
        const decision = takeIntent(order, step, as(actor), stepContext());
        const found =
          decision.outcome === 'stepped'
            ? [
                decision.order.status,
                unitsOf(decision.order),
                decision.jobs.map(({ kind }) => kind),
                decision.order.version,
              ]
            : decision.outcome;
        assert.deepEqual(found, expectedOf(name, status, fulfillment, actor), `${name} by ${actor}`);
      }
    }
  });
}

function expectedOf(name: string, status: OrderStatus, fulfillment: Fulfillment, actor: OrderActor) {
  const row = rowFor(name, status, fulfillment, actor);
  if (row === undefined) return 'not-allowed';
  const [, , , , to, units, job] = row;
  const places = { held: 0, sold: 0, returned: 0, refunded: 0, ...(units === 'free' ? {} : { [units]: 3 }) };
  return [to, places, job === undefined ? [] : [job], 8];
}

test('CR-05 a refusal names what this caller may ask for instead, and allowedIntents says the same', () => {
  for (const { fulfillment, status } of SITUATIONS) {
    for (const actor of ACTORS) {
      const order = orderFacts({ fulfillment, status });
      const expected = INTENTS.filter((intent) =>
        TABLE.some((row) => intentOf(row[0]) === intent && row === rowFor(row[0], status, fulfillment, actor)),
      );
      assert.deepEqual(allowedIntents(order, as(actor), NOW), expected, `${fulfillment} ${status} ${actor}`);
      for (const [name, step] of STEPS.filter(([each]) => rowFor(each, status, fulfillment, actor) === undefined)) {
        assert.deepEqual(
          takeIntent(order, step, as(actor), stepContext()),
          { outcome: 'not-allowed', allowed: expected },
          name,
        );
      }
    }
  }
});

const intentOf = (name: string): Intent | undefined => INTENTS.find((intent) => name.startsWith(intent));

test('somebody with several roles may do what any of them may; nobody without a role may do anything', () => {
  const ready = orderFacts({ fulfillment: 'kitchen', status: 'ready_for_pickup' });
  assert.deepEqual(allowedIntents(ready, as('merchant', 'courier'), NOW), ['pickup', 'cancellation', 'refunds']);
  for (const [handover, to] of [
    ['courier', 'in_transit'],
    ['customer', 'completed'],
  ] as const) {
    const step = { intent: 'pickup', handover, codeMatches: true } as const;
    assert.equal(mustStep(takeIntent(ready, step, as('merchant', 'courier'), stepContext())).order.status, to);
  }
  assert.deepEqual(allowedIntents(ready, as(), NOW), []);
});

for (const intent of ['pickup', 'delivery', 'fulfillment'] as const) {
  test(`${intent} with the collection code of another order changes nothing`, () => {
    const status = { pickup: 'ready_for_pickup', delivery: 'in_transit', fulfillment: 'confirmed' } as const;
    const fulfillment = intent === 'fulfillment' ? 'direct' : 'kitchen';
    const order = orderFacts({ fulfillment, status: status[intent] });
    const step = { intent, handover: 'customer', codeMatches: false } as const;
    assert.deepEqual(takeIntent(order, step, as('merchant', 'courier'), stepContext()), { outcome: 'wrong-code' });
  });
}

// Deadlines: in seconds from the deadline.
const AT_DEADLINES = [
  ['payment', 'pending_payment', 'owner', -1, 'stepped'],
  ['payment', 'pending_payment', 'owner', 0, 'not-allowed'],
  ['payment', 'pending_payment', 'owner', 1, 'not-allowed'],
  ['acceptance', 'pending_acceptance', 'merchant', -1, 'stepped'],
  ['acceptance', 'pending_acceptance', 'merchant', 0, 'not-allowed'],
  ['acceptance', 'pending_acceptance', 'merchant', 1, 'not-allowed'],
  ['rejection', 'pending_acceptance', 'merchant', 1, 'stepped'],
  ['cancellation', 'pending_payment', 'owner', 1, 'stepped'],
  ['cancellation', 'pending_acceptance', 'owner', 1, 'stepped'],
] as const;

for (const [name, status, actor, seconds, outcome] of AT_DEADLINES) {
  test(`${name} of an order in ${status} ${seconds} s after its deadline, not swept yet: ${outcome}`, () => {
    const order = orderFacts({ fulfillment: 'kitchen', status });
    const deadline = order.payBy ?? order.acceptBy ?? NOW;
    const context = stepContext({ now: new Date(deadline.getTime() + seconds * 1_000) });
    const step = STEPS.find(([each]) => each === name)?.[1] ?? CANCELLATION;
    assert.equal(takeIntent(order, step, as(actor), context).outcome, outcome);
    const allowed = allowedIntents(order, as(actor), context.now);
    assert.equal(allowed.includes(step.intent), outcome === 'stepped');
  });
}

for (const fulfillment of BOTH) {
  test(`a payment of a ${fulfillment} order pins its stock until the pin's limit and is recorded before the provider is called`, () => {
    const order = orderFacts({ fulfillment });
    const { order: next, jobs } = mustStep(takeIntent(order, PAYMENT, as('owner'), stepContext()));
    assert.deepEqual(next.settleBy, later(TERMS.pinSeconds));
    assert.deepEqual(next.payBy, order.payBy);
    assert.equal(next.acceptBy, null);
    const [made] = next.payments;
    assert.deepEqual(
      [made?.id, made?.status, made?.amountMinor, made?.currency, made?.capturedMinor, made?.provider],
      ['payment2', 'processing', 1_000, 'EUR', 0, 'live'],
    );
    assert.equal(made?.capture, fulfillment === 'direct' ? 'automatic' : 'manual');
    assert.deepEqual(
      jobs.map(({ kind, paymentId }) => [kind, paymentId]),
      [['settle', 'payment2']],
    );
  });
}

test('an order of a rehearsal is paid at the test provider', () => {
  const { order } = mustStep(takeIntent(orderFacts({ test: true }), PAYMENT, as('owner'), stepContext()));
  assert.equal(order.payments[0]?.provider, 'sandbox');
});

for (const status of ['processing', 'requires_action'] as const) {
  test(`PAY-02 no second attempt while one is ${status}`, () => {
    const order = orderFacts({ payments: [payment({ status })] });
    assert.deepEqual(takeIntent(order, PAYMENT, as('owner'), stepContext()), { outcome: 'payment-open' });
  });
}

for (const status of ['failed', 'cancelled'] as const) {
  test(`PAY-06 after an attempt that ${status} a new one is opened beside it`, () => {
    const order = orderFacts({ payments: [payment({ status })] });
    const { order: next } = mustStep(takeIntent(order, PAYMENT, as('owner'), stepContext()));
    assert.deepEqual(
      next.payments.map((each) => each.status),
      [status, 'processing'],
    );
  });
}

test('acceptance has no deadline after it, and captures the authorized money of the order', () => {
  const order = orderFacts({ fulfillment: 'kitchen', status: 'pending_acceptance' });
  const { order: next, jobs } = mustStep(takeIntent(order, { intent: 'acceptance' }, as('merchant'), stepContext()));
  assert.deepEqual([next.payBy, next.settleBy, next.acceptBy], [null, null, null]);
  assert.deepEqual(
    jobs.map(({ kind, paymentId }) => [kind, paymentId]),
    [['capture', 'payment1']],
  );
});

test('acceptance of an order that costs nothing, or is captured already, has nothing to capture', () => {
  for (const payments of [[], [payment({ status: 'captured', capture: 'manual' })]]) {
    const order = orderFacts({ fulfillment: 'kitchen', status: 'pending_acceptance', payments });
    assert.deepEqual(mustStep(takeIntent(order, { intent: 'acceptance' }, as('merchant'), stepContext())).jobs, []);
  }
});

test('acceptance captures the money that pays the order, never that of an attempt which is being voided', () => {
  const order = withDuplicate('pending_acceptance', 'authorized');
  const { jobs } = mustStep(takeIntent(order, { intent: 'acceptance' }, as('merchant'), stepContext()));
  assert.deepEqual(
    jobs.map(({ kind, paymentId }) => [kind, paymentId]),
    [['capture', 'payment2']],
  );
});

test('an attempt that is being voided does not hold up the cancellation or the refund of an order paid by another', () => {
  const order = withDuplicate('preparing', 'captured');
  assert.equal(takeIntent(order, CANCELLATION, as('merchant'), stepContext()).outcome, 'stepped');
  assert.equal(takeIntent(order, REFUND, as('merchant'), stepContext()).outcome, 'stepped');
});

/** A kitchen order paid by payment2, while the late authorization of its first attempt is being voided. */
function withDuplicate(status: OrderStatus, paid: 'authorized' | 'captured'): OrderFacts {
  const payments = [
    payment({
      status: 'authorized',
      capture: 'manual',
      declineCode: 'order_not_payable',
      answer: { status: 402, version: 3 },
    }),
    payment({ id: 'payment2', status: paid, capture: 'manual', answer: { status: 200, version: 5 } }),
  ];
  return orderFacts({ fulfillment: 'kitchen', status, payments });
}

test('a rejection puts the units back on sale unless they are marked sold out, and voids the authorization', () => {
  const order = orderFacts({ fulfillment: 'kitchen', status: 'pending_acceptance' });
  for (const [restock, returned] of [
    [true, 3],
    [false, 0],
  ] as const) {
    const step = { intent: 'rejection', reason: 'out of dough', restock } as const;
    const { order: next, jobs, details } = mustStep(takeIntent(order, step, as('merchant'), stepContext()));
    assert.deepEqual(unitsOf(next), { held: 0, sold: 3 - returned, returned, refunded: 0 });
    assert.deepEqual(
      jobs.map(({ kind }) => kind),
      ['cancel'],
    );
    assert.equal(details.reason, 'out of dough');
  }
});

// Cancellations with options: status, what is asked, what it comes to.
const OPTIONS: readonly [OrderStatus, Partial<Cancellation>, object][] = [
  ['pending_payment', { restock: true }, { outcome: 'option-not-allowed', option: 'restock' }],
  ['pending_payment', { retainMinor: 100 }, { outcome: 'option-not-allowed', option: 'retainMinor' }],
  ['pending_acceptance', { restock: false }, { outcome: 'option-not-allowed', option: 'restock' }],
  ['pending_acceptance', { retainMinor: 0 }, { outcome: 'option-not-allowed', option: 'retainMinor' }],
  ['preparing', {}, { returned: 0, refunded: 1_000, retained: null }],
  ['preparing', { restock: false }, { returned: 0, refunded: 1_000, retained: null }],
  ['preparing', { restock: true }, { returned: 3, refunded: 1_000, retained: null }],
  ['preparing', { retainMinor: 0 }, { returned: 0, refunded: 1_000, retained: null }],
  ['preparing', { retainMinor: 400 }, { returned: 0, refunded: 600, retained: 400 }],
  ['ready_for_pickup', { retainMinor: 1_000 }, { returned: 0, refunded: 0, retained: 1_000 }],
  ['ready_for_pickup', { retainMinor: 999, restock: true }, { returned: 3, refunded: 1, retained: 999 }],
  ['in_transit', { retainMinor: 1_000, restock: true }, { returned: 3, refunded: 0, retained: 1_000 }],
  ['in_transit', { retainMinor: 1_001 }, { outcome: 'amount-exceeded', refundableMinor: 1_000 }],
];

for (const [status, options, expected] of OPTIONS) {
  test(`a cancellation from ${status} with ${JSON.stringify(options)}: ${JSON.stringify(expected)}`, () => {
    const order = orderFacts({ fulfillment: 'kitchen', status });
    const decision = takeIntent(order, { ...CANCELLATION, ...options }, as('operator'), stepContext());
    assert.deepEqual(decision.outcome === 'stepped' ? comesTo(decision) : decision, expected);
  });
}

function comesTo({ order, retained, jobs }: ReturnType<typeof mustStep>) {
  assert.deepEqual(
    jobs.map(({ refundId }) => refundId),
    order.refunds.map(({ id }) => id),
  );
  return {
    returned: unitsOf(order).returned,
    refunded: order.refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
    retained: retained?.amountMinor ?? null,
  };
}

test('what was refunded before is not refunded again by a cancellation, nor may it be kept; what was restocked is not put back twice', () => {
  const lines = [line('preparing', { sold: 1, returned: 1, refunded: 1 })];
  const refunds = [refundOf({ amountMinor: 300, status: 'succeeded' }), refundOf({ id: 'refund2', amountMinor: 200 })];
  const order = orderFacts({ fulfillment: 'kitchen', status: 'preparing', refunds, lines });
  const cancel = (retainMinor: number) =>
    takeIntent(order, { ...CANCELLATION, restock: true, retainMinor }, as('operator'), stepContext());
  assert.deepEqual(cancel(501), { outcome: 'amount-exceeded', refundableMinor: 500 });
  const { order: next } = mustStep(cancel(100));
  assert.deepEqual(
    next.refunds.map(({ amountMinor }) => amountMinor),
    [300, 200, 400],
  );
  assert.deepEqual(unitsOf(next), { held: 0, sold: 0, returned: 2, refunded: 1 });
});

for (const status of ['preparing', 'ready_for_pickup', 'in_transit', 'completed'] as const) {
  test(`an order in ${status} whose capture is not known yet is neither cancelled nor refunded`, () => {
    const payments = [payment({ status: 'authorized', capture: 'manual' })];
    const order = orderFacts({ fulfillment: 'kitchen', status, payments });
    const pending = { outcome: 'capture-pending' };
    if (status !== 'completed') {
      assert.deepEqual(takeIntent(order, CANCELLATION, as('operator'), stepContext()), pending);
    }
    assert.deepEqual(takeIntent(order, REFUND, as('operator'), stepContext()), pending);
  });
}

// Refunds of an order of 10.00, of which so much went back already: asked, and what it comes to.
const AMOUNTS: readonly [
  earlier: readonly (readonly [number, 'pending' | 'succeeded' | 'failed'])[],
  number,
  object,
][] = [
  [[], 1, { made: 1 }],
  [[], 1_000, { made: 1_000 }],
  [[], 1_001, { outcome: 'amount-exceeded', refundableMinor: 1_000 }],
  [[], Number.MAX_SAFE_INTEGER, { outcome: 'amount-exceeded', refundableMinor: 1_000 }],
  [[], 0, { outcome: 'amount-exceeded', refundableMinor: 1_000 }],
  [[], -1, { outcome: 'amount-exceeded', refundableMinor: 1_000 }],
  [[[400, 'succeeded']], 600, { made: 600 }],
  [[[400, 'succeeded']], 601, { outcome: 'amount-exceeded', refundableMinor: 600 }],
  [[[400, 'pending']], 601, { outcome: 'amount-exceeded', refundableMinor: 600 }],
  [[[400, 'failed']], 1_000, { made: 1_000 }],
  [
    [
      [400, 'pending'],
      [600, 'succeeded'],
    ],
    1,
    { outcome: 'amount-exceeded', refundableMinor: 0 },
  ],
];

for (const [earlier, amountMinor, expected] of AMOUNTS) {
  test(`a refund of ${amountMinor} after ${JSON.stringify(earlier)}: ${JSON.stringify(expected)}`, () => {
    const refunds = earlier.map(([minor, status], index) =>
      refundOf({ id: `refund${index}`, amountMinor: minor, status }),
    );
    const order = orderFacts({ status: 'confirmed', refunds });
    const decision = takeIntent(order, { ...REFUND, amountMinor }, as('merchant'), stepContext());
    if (decision.outcome !== 'stepped') return assert.deepEqual(decision, expected);
    const made = decision.order.refunds.at(-1);
    assert.deepEqual({ made: made?.amountMinor }, expected);
    assert.deepEqual([made?.status, made?.cause, made?.paymentId], ['pending', 'requested', 'payment1']);
    assert.deepEqual(decision.jobs, [{ kind: 'refund', paymentId: 'payment1', refundId: made?.id, delayMs: 0 }]);
    assert.deepEqual(decision.order.lines, order.lines);
  });
}

test('an order that costs nothing has nothing to refund', () => {
  const order = orderFacts({ status: 'confirmed', totalMinor: 0, payments: [] });
  const decision = takeIntent(order, REFUND, as('merchant'), stepContext());
  assert.deepEqual(decision, { outcome: 'amount-exceeded', refundableMinor: 0 });
});

type AskedLine = Refunds['lines'][number];
const asked = (itemId: string, quantity: number, restock = false): AskedLine => ({ itemId, quantity, restock });

// Refunds by line. The order has two of item0 at 4.00 and one of item1 at 2.00.
const BY_LINE: readonly [string, lines: readonly AskedLine[], expected: object][] = [
  ['one unit', [asked('item0', 1)], { made: 400, sold: 3, returned: 0, refunded: 1 }],
  ['one unit, put back', [asked('item0', 1, true)], { made: 400, sold: 2, returned: 1, refunded: 1 }],
  ['all', [asked('item0', 2, true), asked('item1', 1, true)], { made: 1_000, sold: 0, returned: 3, refunded: 3 }],
  ['some put back', [asked('item0', 2), asked('item1', 1, true)], { made: 1_000, sold: 2, returned: 1, refunded: 3 }],
  ['too many', [asked('item0', 3)], { exceeded: [['item0', 2, 2]] }],
  ['an item of another order', [asked('item9', 1)], { exceeded: [['item9', 0, 0]] }],
  ['one of two too many', [asked('item1', 1), asked('item0', 3)], { exceeded: [['item0', 2, 2]] }],
];

for (const [name, lines, expected] of BY_LINE) {
  test(`a refund by line, ${name}: ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(refundLines(orderFacts({ status: 'confirmed' }), lines), expected);
  });
}

function refundLines(order: OrderFacts, lines: readonly AskedLine[]) {
  const decision = takeIntent(order, { ...REFUND, amountMinor: null, lines }, as('merchant'), stepContext());
  if (decision.outcome === 'lines-exceeded') {
    return { exceeded: decision.lines.map((each) => [each.itemId, each.refundable, each.restockable]) };
  }
  const next = mustStep(decision).order;
  const { sold, returned, refunded } = unitsOf(next);
  return { made: next.refunds.at(-1)?.amountMinor, sold, returned, refunded };
}

test('no unit is refunded twice, nor put back twice, over several refunds', () => {
  const first = orderFacts({
    status: 'confirmed',
    lines: [line('confirmed', { sold: 1, returned: 1, refunded: 1 })],
    refunds: [refundOf({ amountMinor: 400 })],
  });
  assert.deepEqual(refundLines(first, [asked('item0', 2)]), { exceeded: [['item0', 1, 1]] });
  assert.deepEqual(refundLines(first, [asked('item0', 1, true)]), { made: 400, sold: 0, returned: 2, refunded: 2 });
});

test('no unit is put back that was put back before, though its price was not given back then', () => {
  const order = orderFacts({ status: 'completed', lines: [line('completed', { sold: 1, returned: 1 })] });
  assert.deepEqual(refundLines(order, [asked('item0', 2, true)]), { exceeded: [['item0', 2, 1]] });
});

test('no unit is refunded twice by naming its line twice', () => {
  const order = orderFacts({ status: 'confirmed' });
  const twice = { ...REFUND, amountMinor: null, lines: [asked('item1', 1), asked('item1', 1)] };
  assert.notEqual(takeIntent(order, twice, as('merchant'), stepContext()).outcome, 'stepped');
});

test('the price of lines is refunded only as far as money is left', () => {
  const order = orderFacts({ status: 'confirmed', refunds: [refundOf({ amountMinor: 700 })] });
  const step = { ...REFUND, amountMinor: null, lines: [asked('item0', 1)] };
  const decision = takeIntent(order, step, as('merchant'), stepContext());
  assert.deepEqual(decision, { outcome: 'amount-exceeded', refundableMinor: 300 });
});

test('a refund is taken from the payment that still has the money, not from one given back already', () => {
  const payments = [payment({ status: 'captured' }), payment({ id: 'payment2', status: 'captured' })];
  const refunds = [refundOf({ amountMinor: 1_000, cause: 'duplicate_payment' })];
  const order = orderFacts({ status: 'confirmed', payments, refunds });
  const { jobs } = mustStep(takeIntent(order, { ...REFUND, amountMinor: 1_000 }, as('operator'), stepContext()));
  assert.deepEqual(
    jobs.map(({ paymentId }) => paymentId),
    ['payment2'],
  );
});

const STOCKS: readonly [string, StepContext['stock'], object | 'stepped'][] = [
  ['enough', stockFacts({ available: 2 }), 'stepped'],
  [
    'one short',
    stockFacts({ available: 1 }),
    { outcome: 'sold-out', items: [{ itemId: 'item0', requested: 2, available: 1 }] },
  ],
  ['the limit exactly', stockFacts({ limitPerCustomer: 2, units: 0 }), 'stepped'],
  [
    'the limit passed',
    stockFacts({ limitPerCustomer: 2, units: 1 }),
    { outcome: 'limit-reached', items: [{ itemId: 'item0', limit: 2, taken: 1 }] },
  ],
];

for (const [name, stock, expected] of STOCKS) {
  test(`a reinstatement with ${name} takes all units again, or none`, () => {
    const order = orderFacts({ status: 'expired', holdExtended: true });
    const context = stepContext({ now: later(5_000), stock });
    const decision = takeIntent(order, { intent: 'reinstatement' }, as('operator'), context);
    if (decision.outcome !== 'stepped') return assert.deepEqual(decision, expected);
    assert.equal('stepped', expected);
    assert.deepEqual(unitsOf(decision.order), { held: 3, sold: 0, returned: 0, refunded: 0 });
    assert.deepEqual(decision.order.payBy, later(5_000 + TERMS.holdSeconds));
    assert.equal(decision.order.holdExtended, false);
    assert.equal(decision.order.settleBy, null);
  });
}
