import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NOW, orderFacts, TERMS } from '../../test/support/order-facts.ts';
import { scaled } from '../../test/support/scale.ts';
import type { OrderStatus } from './order.ts';
import type { LineFacts, NewJob, OrderFacts, StepContext, Stepped, StockFacts } from './order-facts.ts';
import { INTENTS, type Intent, type OrderActor } from './order-transitions.ts';
import { passDeadline } from './pass-deadline.ts';
import { isOpen, type Payment, type PaymentStatus } from './payment.ts';
import { abandonPayment, type PaymentReport, reportPayment, reportRefund } from './report-payment.ts';
import type { Fulfillment } from './sale.ts';
import { allowedIntents, type IntentStep, takeIntent } from './take-intent.ts';

// One order lives through random intents, deadlines, answers of the provider (late, twice, out of order, never) and
// jobs (in any order, twice, their answer lost), beside a provider with books of its own.

/** What can happen. `a` and `b` choose among what is there, so that most of it makes sense. */
const EVENTS = {
  /** Somebody asks for what he may. */
  allowedIntent: 6,
  /** Anybody asks for anything. */
  anyIntent: 1,
  /** A charge reaches the provider. */
  charge: 4,
  /** The customer authenticates, or tries a refused card again. */
  customerActs: 3,
  /** An authorization lapses, or somebody captures it in the provider's own console. */
  outside: 1,
  /** The provider's state is read, to be told sooner or later, once or often. */
  observe: 4,
  deliver: 5,
  job: 5,
  abandon: 1,
  sweep: 2,
  clock: 2,
  /** Others buy, or give back. */
  stock: 1,
} as const;

type EventKind = keyof typeof EVENTS;
interface Event {
  readonly kind: EventKind;
  readonly a: number;
  readonly b: number;
}

/** A payment as the provider has it. */
interface Booked {
  readonly capture: Payment['capture'];
  readonly amountMinor: number;
  status: PaymentStatus | 'unconfirmed';
  capturedMinor: number;
  readonly refunds: Map<string, number>;
}

interface World {
  order: OrderFacts;
  now: Date;
  readonly books: Map<string, Booked>;
  readonly observed: PaymentReport[];
  jobs: NewJob[];
  /** The one payment that pays the order. */
  payer: string | null;
  retainedMinor: number;
  available: number;
  ids: number;
}

const ENDED: readonly OrderStatus[] = ['cancelled', 'rejected', 'expired'];
const UNPAID: readonly OrderStatus[] = ['pending_payment', 'payment_processing'];
const ROLES: readonly OrderActor[] = ['owner', 'merchant', 'courier', 'operator'];
const LIMIT = 5;

// The design's table once more, as moves. `=` stands for no change of the status.
const MOVES: Record<string, readonly string[]> = {
  pending_payment: ['=', 'payment_processing', 'expired', 'cancelled', 'confirmed', 'pending_acceptance'],
  payment_processing: ['=', 'confirmed', 'pending_acceptance', 'pending_payment', 'expired'],
  confirmed: ['=', 'completed', 'cancelled'],
  pending_acceptance: ['=', 'preparing', 'rejected', 'cancelled'],
  preparing: ['=', 'ready_for_pickup', 'cancelled'],
  ready_for_pickup: ['=', 'in_transit', 'completed', 'cancelled'],
  in_transit: ['=', 'completed', 'cancelled'],
  completed: ['='],
  cancelled: ['='],
  rejected: ['='],
  expired: ['=', 'confirmed', 'pending_acceptance', 'pending_payment'],
};

/** To what an attempt can go on. What is captured stays so; what is cancelled is never authorized again. */
const PAYMENT_MOVES: Record<PaymentStatus, readonly PaymentStatus[]> = {
  processing: ['requires_action', 'authorized', 'captured', 'failed', 'cancelled'],
  requires_action: ['authorized', 'captured', 'failed', 'cancelled'],
  authorized: ['captured', 'cancelled'],
  failed: ['authorized', 'captured'],
  cancelled: ['captured'],
  captured: [],
};

function newWorld(fulfillment: Fulfillment): World {
  return {
    order: orderFacts({ fulfillment }),
    now: NOW,
    books: new Map(),
    observed: [],
    jobs: [],
    payer: null,
    retainedMinor: 0,
    available: 3,
    ids: 0,
  };
}

function contextOf(world: World): StepContext {
  const facts: StockFacts = { available: world.available, limitPerCustomer: LIMIT, units: 0 };
  const stock = new Map(world.order.lines.map(({ itemId }) => [itemId, facts]));
  return { now: world.now, stock, newId: () => `id${++world.ids}` };
}

const pick = <T>(from: readonly T[], index: number): T | undefined => from[index % Math.max(1, from.length)];

/** Takes a decision into the world, or sees that nothing happened. */
function take(world: World, decision: Stepped | { readonly outcome: string }): void {
  if (!('order' in decision)) return;
  const before = world.order;
  world.order = decision.order;
  const ended = (job: NewJob) =>
    decision.endedJobs.some(({ kind, paymentId }) => kind === job.kind && paymentId === job.paymentId);
  world.jobs = [...world.jobs.filter((job) => !ended(job)), ...decision.jobs];
  world.retainedMinor += decision.retained?.amountMinor ?? 0;
  // Only reinstatements and late money take stock; both asked what is left.
  for (const [index, line] of decision.order.lines.entries()) {
    const taken = stockOf(line) - stockOf(before.lines[index]);
    assert.ok(taken <= world.available, 'more was taken than there is');
  }
  for (const payment of decision.order.payments) {
    if (!world.books.has(payment.id)) book(world, payment);
  }
  if (isPaid(decision.order.status) && !isPaid(before.status)) world.payer = decision.details.payment?.id ?? null;
  if (!isPaid(decision.order.status)) world.payer = null;
  checkStep(before, decision);
}

function book(world: World, { id, capture, amountMinor }: Payment): void {
  world.books.set(id, { capture, amountMinor, status: 'unconfirmed', capturedMinor: 0, refunds: new Map() });
}

const stockOf = (line: LineFacts | undefined) => (line?.held ?? 0) + (line?.sold ?? 0);
const isPaid = (status: OrderStatus) => !ENDED.includes(status) && !UNPAID.includes(status);

/** Carries events out. Those that find nothing to do do nothing. */
const ACTS: Record<EventKind, (world: World, a: number, b: number) => void> = {
  allowedIntent: askAllowed,
  anyIntent: (world, a, b) => ask(world, pick(INTENTS, a) ?? 'payment', pick(ROLES, b) ?? 'owner', a + b),
  charge: (world, a, b) => withBooked(world, a, ['unconfirmed'], (booked) => chargeAs(booked, b)),
  customerActs: (world, a, b) => withBooked(world, a, ['requires_action', 'failed'], (booked) => chargeAs(booked, b)),
  outside: (world, a, b) => withBooked(world, a, ['authorized'], (booked) => endOutside(booked, b)),
  observe: (world, a) => observe(world, pick([...world.books.keys()], a)),
  deliver: (world, a) => deliver(world, a),
  job: runJob,
  abandon: (world, a) =>
    take(world, abandonPayment(world.order, pick([...world.books.keys()], a) ?? '', contextOf(world))),
  sweep: (world, a) =>
    take(world, passDeadline(world.order, a % 2 ? 'hold-expired' : 'acceptance-overdue', contextOf(world))),
  clock: (world, a) => {
    world.now = new Date(world.now.getTime() + (pick([1, 60, 200, 400, 700], a) ?? 1) * 1_000);
  },
  stock: (world, a) => {
    world.available = a % 4;
  },
};

function withBooked(
  world: World,
  index: number,
  statuses: readonly Booked['status'][],
  change: (booked: Booked) => void,
): void {
  const booked = pick([...world.books.values()], index);
  if (booked !== undefined && statuses.includes(booked.status)) change(booked);
}

function chargeAs(booked: Booked, chance: number): void {
  const outcome = chance % 8;
  if (outcome === 7) booked.status = 'requires_action';
  else if (outcome >= 5) booked.status = 'failed';
  else if (booked.capture === 'manual') booked.status = 'authorized';
  else captureBooked(booked);
}

function captureBooked(booked: Booked): void {
  booked.status = 'captured';
  booked.capturedMinor = booked.amountMinor;
}

function endOutside(booked: Booked, chance: number): void {
  if (chance % 2) captureBooked(booked);
  else booked.status = 'cancelled';
}

function askAllowed(world: World, a: number, b: number): void {
  const choices = ROLES.flatMap((role) =>
    allowedIntents(world.order, new Set([role]), world.now).map((intent) => ({ intent, role })),
  );
  // Most lives are let go on.
  const going =
    b % 8 === 0 ? choices : choices.filter(({ intent }) => intent !== 'cancellation' && intent !== 'rejection');
  const choice = pick(going, a);
  if (choice !== undefined) ask(world, choice.intent, choice.role, b);
}

function ask(world: World, intent: Intent, role: OrderActor, chance: number): void {
  const step = stepOf(world, intent, role, chance);
  const prepared = ['preparing', 'ready_for_pickup', 'in_transit'].includes(world.order.status);
  const plain = step.intent === 'cancellation' && !prepared ? { ...step, restock: null, retainMinor: null } : step;
  take(world, takeIntent(world.order, plain, new Set([role]), contextOf(world)));
}

function stepOf(world: World, intent: Intent, role: OrderActor, chance: number): IntentStep {
  switch (intent) {
    case 'payment':
      return { intent, paymentId: `payment${world.books.size + 1}`, provider: 'fake', testProvider: 'fake' };
    case 'pickup':
    case 'delivery':
    case 'fulfillment':
      return { intent, handover: role === 'courier' ? 'courier' : 'customer', codeMatches: chance % 9 !== 0 };
    case 'rejection':
      return { intent, reason: null, restock: chance % 2 === 0 };
    case 'cancellation':
      return {
        intent,
        reason: null,
        restock: chance % 2 === 0,
        retainMinor: pick([null, 0, 300, 1_000], chance) ?? null,
      };
    case 'refunds':
      return refundStep(chance);
    default:
      return { intent };
  }
}

function refundStep(chance: number): IntentStep {
  const base = { intent: 'refunds', reason: null } as const;
  if (chance % 2) return { ...base, amountMinor: pick([1, 250, 600, 1_001], chance) ?? 1, lines: [] };
  const itemId = chance % 3 ? 'item0' : 'item1';
  return { ...base, amountMinor: null, lines: [{ itemId, quantity: 1 + (chance % 2), restock: chance % 5 > 2 }] };
}

/** What the provider says of a payment now; undefined where it says that nothing is decided. */
function reportNow(world: World, paymentId: string): PaymentReport | undefined {
  const booked = world.books.get(paymentId);
  if (booked === undefined || booked.status === 'unconfirmed') return undefined;
  const { status, amountMinor } = booked;
  const nextActionUrl = status === 'requires_action' ? 'https://pay.example/3ds' : null;
  const declineCode = status === 'failed' ? 'card_declined' : null;
  return {
    paymentId,
    providerRef: `ref-${paymentId}`,
    status,
    amountMinor,
    currency: 'EUR',
    nextActionUrl,
    declineCode,
  };
}

function observe(world: World, paymentId: string | undefined): void {
  const said = paymentId === undefined ? undefined : reportNow(world, paymentId);
  if (said !== undefined) world.observed.push(said);
}

/** A report that was read at some time arrives now; it may arrive again. */
function deliver(world: World, index: number): void {
  const said = pick(world.observed, index);
  if (said !== undefined) take(world, reportPayment(world.order, said, contextOf(world)));
}

/** What a job makes the provider do, as the worker asks for it. Gives what the job waits for. */
function tellProvider(world: World, job: NewJob): readonly Booked['status'][] {
  const booked = bookedOf(world, job.paymentId);
  switch (job.kind) {
    case 'settle': {
      const { status, settleBy } = world.order;
      const waitedFor = status === 'payment_processing' && settleBy !== null && world.now < settleBy;
      const money = booked.status === 'authorized' || booked.status === 'captured';
      if (!money && (!waitedFor || booked.status === 'unconfirmed')) closeBooked(booked);
      return ['authorized', 'captured', 'failed', 'cancelled'];
    }
    case 'capture':
      if (booked.status === 'authorized') captureBooked(booked);
      return ['captured', 'cancelled'];
    case 'cancel':
      closeBooked(booked);
      return ['captured', 'cancelled', 'failed'];
    case 'refund':
      return refundBooked(world, booked, job.refundId ?? '');
  }
}

/** Whatever is not captured never will be. */
function closeBooked(booked: Booked): void {
  if (booked.status !== 'captured') booked.status = 'cancelled';
}

function refundBooked(world: World, booked: Booked, refundId: string): readonly Booked['status'][] {
  const refund = world.order.refunds.find(({ id }) => id === refundId);
  assert.ok(refund, 'a refund job without a refund');
  booked.refunds.set(refundId, refund.amountMinor);
  assert.ok(refundedAt(booked) <= booked.capturedMinor, 'the provider would give back more than it took');
  return ['captured'];
}

const refundedAt = ({ refunds }: Booked) => [...refunds.values()].reduce((sum, each) => sum + each, 0);

function bookedOf(world: World, paymentId: string): Booked {
  const booked = world.books.get(paymentId);
  assert.ok(booked, `a job about ${paymentId}, which the provider was never to hear of`);
  return booked;
}

/** Does one job. One in four times the worker dies before it tells, and the job is done again. */
function runJob(world: World, index: number, chance: number): void {
  const job = pick(world.jobs, index);
  if (job === undefined) return;
  const finals = tellProvider(world, job);
  const { status } = bookedOf(world, job.paymentId);
  if (chance % 4 === 0) {
    observe(world, job.paymentId);
    return;
  }
  const said = reportNow(world, job.paymentId);
  if (job.kind === 'refund') {
    const refund = { refundId: job.refundId ?? '', providerRef: 're', status: 'succeeded' } as const;
    take(world, reportRefund(world.order, refund, contextOf(world)));
  } else if (said !== undefined) {
    take(world, reportPayment(world.order, said, contextOf(world)));
  }
  // Twice now and then: another worker had taken it as well.
  if (finals.includes(status) && chance % 4 !== 1) world.jobs = world.jobs.filter((each) => each !== job);
}

/** What must be true of every single step. */
function checkStep(before: OrderFacts, { order }: Stepped): void {
  assert.equal(order.version, before.version + 1, 'the version rises by one');
  const move = order.status === before.status ? '=' : order.status;
  assert.ok(MOVES[before.status]?.includes(move), `${before.status} to ${order.status}`);
  for (const was of before.payments) {
    const is = order.payments.find(({ id }) => id === was.id);
    assert.ok(is, 'a payment was lost');
    const moved = is.status !== was.status;
    assert.ok(!moved || PAYMENT_MOVES[was.status].includes(is.status), `${was.status} to ${is.status}`);
  }
  assert.deepEqual(
    before.refunds.map(({ id, amountMinor }) => [id, amountMinor]),
    order.refunds.slice(0, before.refunds.length).map(({ id, amountMinor }) => [id, amountMinor]),
  );
}

/** What must be true at every moment. */
function checkWorld(world: World): void {
  const { order } = world;
  for (const { held, sold, returned, refunded, quantity } of order.lines) {
    assert.ok(Math.min(held, sold, returned, refunded) >= 0, 'less than nothing');
    assert.ok(held + sold + returned <= quantity && refunded <= quantity, 'more than was bought');
    assert.equal(held, UNPAID.includes(order.status) ? quantity : 0, 'held while unpaid, and only then');
    if (isPaid(order.status)) assert.equal(sold + returned, quantity, 'an order is paid without its units');
    if (order.status === 'expired') assert.equal(sold, 0, 'an expired order keeps units');
  }
  assert.ok(order.payments.filter(isOpen).length <= 1, 'two attempts are open');
  assert.equal(order.settleBy !== null, order.status === 'payment_processing');
  assert.equal(order.acceptBy !== null, order.status === 'pending_acceptance');
  for (const payment of order.payments) checkMoney(world, payment);
}

/** No money is forgotten: whatever an order may not keep has a job that gives it back. */
function checkMoney(world: World, payment: Payment): void {
  const { order } = world;
  const due = (kind: NewJob['kind']) => world.jobs.some((job) => job.kind === kind && job.paymentId === payment.id);
  const pays = payment.id === world.payer;
  const refunds = order.refunds.filter(({ paymentId }) => paymentId === payment.id);
  const left = payment.capturedMinor - refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  assert.ok(left >= 0, 'more is given back than was taken');
  if (!pays && order.status !== 'cancelled') assert.equal(left, 0, 'money is kept that pays nothing');
  if (isOpen(payment)) assert.ok(due('settle'), 'nobody asks how an attempt ended');
  if (payment.status === 'authorized') {
    assert.equal(due('cancel'), !pays, pays ? 'money that pays the order is voided' : 'an authorization is forgotten');
    const accepted = isPaid(order.status) && order.status !== 'pending_acceptance';
    assert.equal(due('capture'), pays && accepted, 'a capture is due once the order is accepted');
  }
  for (const refund of refunds.filter(({ status }) => status === 'pending')) {
    assert.ok(
      world.jobs.some(({ refundId }) => refundId === refund.id),
      'a refund is forgotten',
    );
  }
}

/** All that is still under way comes to its end: time passes, every report arrives, every job is done. */
function comeToRest(world: World, seed: number): void {
  world.now = new Date(world.now.getTime() + 100_000_000);
  for (let round = 0; round < 60; round += 1) {
    for (const id of world.books.keys()) {
      const said = reportNow(world, id);
      if (said !== undefined) take(world, reportPayment(world.order, said, contextOf(world)));
      checkWorld(world);
    }
    if (world.jobs.length === 0) return;
    runJob(world, seed + round * 7, 2);
    checkWorld(world);
  }
  assert.fail(`jobs that never end: ${JSON.stringify(world.jobs)}`);
}

/** PAY-10: what the provider has is what the order may keep, and nothing stays reserved. */
function checkBooks(world: World): void {
  const { order, books } = world;
  for (const [id, { status, capturedMinor }] of books) {
    const known = order.payments.find((each) => each.id === id);
    assert.equal(capturedMinor, known?.capturedMinor, 'provider and ledger differ');
    assert.ok(status !== 'unconfirmed' && status !== 'requires_action', `a payment is ${status} for ever`);
    if (status === 'authorized') assert.equal(id, world.payer, 'an authorization that pays nothing stays reserved');
  }
  const reserved = [...books.values()].filter(({ status }) => status === 'authorized').length * order.totalMinor;
  const net = [...books.values()].reduce((sum, each) => sum + each.capturedMinor - refundedAt(each), 0);
  const requested = order.refunds
    .filter(({ cause }) => cause === 'requested')
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const lost = order.payments.some(({ id, status }) => id === world.payer && status === 'cancelled');
  if (isPaid(order.status) && !lost) assert.equal(net + reserved, order.totalMinor - requested);
  else assert.equal(net, order.status === 'cancelled' ? world.retainedMinor : 0);
  if (order.status !== 'pending_acceptance') assert.equal(reserved, 0);
  // Only what was handed over already can stay unpaid.
  if (lost) assert.ok(['in_transit', 'completed'].includes(order.status), `${order.status} without its money`);
}

const event: fc.Arbitrary<Event> = fc.record({
  kind: fc.oneof(
    ...Object.entries(EVENTS).map(([kind, weight]) => ({ arbitrary: fc.constant(kind as EventKind), weight })),
  ),
  a: fc.nat(999),
  b: fc.nat(999),
});

for (const fulfillment of ['direct', 'kitchen'] as const) {
  test(`PAY-10 S-11 whatever happens to a ${fulfillment} order in whatever sequence: no money and no unit is lost or taken twice`, () => {
    const life = fc.array(event, { maxLength: 60, size: 'max' });
    fc.assert(
      fc.property(life, fc.nat(999), (events, seed) => {
        const world = newWorld(fulfillment);
        for (const each of events) {
          ACTS[each.kind](world, each.a, each.b);
          checkWorld(world);
        }
        comeToRest(world, seed);
        checkBooks(world);
      }),
      { numRuns: scaled(10_000, 200_000) },
    );
  });
}

test('the terms of the orders here are short enough for the clock of the sequences to pass each', () => {
  assert.ok(Object.values(TERMS).every((seconds) => seconds <= 700));
});
