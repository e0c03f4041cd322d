import type { Decided } from './order-intents.ts';
import {
  type Attempt,
  attemptAt,
  type Card,
  change,
  ENDED,
  enter,
  isOpen,
  type ModelOrder,
  orderAt,
  paidStatus,
  reject,
  release,
  restock,
  shortage,
  type Terms,
  totalOf,
  versionOf,
  type World,
} from './order-world.ts';

// What the provider does with the attempts to pay, and what the engine does by itself.

/** The charge reaches the provider. */
export function charge(terms: Terms, world: World, at: number, index: number): World {
  return change(world, at, (order) => {
    const attempt = attemptAt(order, index);
    attempt.provider = chargedAs(terms, attempt.card);
    attempt.silent = attempt.card === 'card_silent';
  });
}

function chargedAs(terms: Terms, card: Card): Attempt['provider'] {
  if (card === 'card_declined') return 'failed';
  if (card === 'card_authentication_required') return 'requires_action';
  if (card === 'card_timeout_not_charged') return 'unconfirmed';
  return granted(terms);
}

const granted = (terms: Terms) => (terms.fulfillment === 'direct' ? 'captured' : 'authorized');

/** Cards whose charge is never answered. */
const UNANSWERED: readonly Card[] = ['card_timeout_charged', 'card_timeout_not_charged', 'card_silent'];

/** The charge is answered, or the wait for that is over; and so is the request. */
export function answerCharge(terms: Terms, world: World, at: number, index: number): Decided {
  const next = change(world, at, (order, into) => {
    const attempt = attemptAt(order, index);
    const opened = order.history.findLastIndex(({ event }) => event === 'order.payment_started') + 1;
    if (!UNANSWERED.includes(attempt.card)) report(terms, order, into, index, chargedAs(terms, attempt.card));
    attempt.answer ??= { status: 202, version: opened };
  });
  const order = orderAt(next, at);
  const { answer } = attemptAt(order, index);
  if (answer === null) throw new Error('An attempt was left without an answer.');
  const shown = order.history[answer.version - 1]?.status;
  const told = {
    status: answer.status,
    version: answer.version,
    ...(shown === undefined ? {} : { orderStatus: shown }),
  };
  return { world: next, told: answer.status === 402 ? { ...told, code: 'payment-declined' } : told };
}

/** The engine takes the provider's word in. Nothing happens where it knows that already. */
function report(terms: Terms, order: ModelOrder, world: World, index: number, said: Attempt['provider']): void {
  const attempt = attemptAt(order, index);
  attempt.askAgain = false;
  attempt.unreported = false;
  if (said === 'captured' || said === 'authorized') takeMoney(terms, order, world, index, said);
  else if (said === 'failed' && isOpen(attempt)) refuse(order, world, attempt, 'failed');
  else if (said === 'cancelled' && isOpen(attempt)) refuse(order, world, attempt, 'cancelled');
  else if (said === 'cancelled') loseAuthorization(order, world, attempt);
  else if (said === 'requires_action' && attempt.status === 'processing') {
    attempt.status = 'requires_action';
    enter(order, 'payment.action_required');
    attempt.answer ??= { status: 202, version: versionOf(order) };
  }
}

function takeMoney(
  terms: Terms,
  order: ModelOrder,
  world: World,
  index: number,
  said: 'captured' | 'authorized',
): void {
  const attempt = attemptAt(order, index);
  const before = attempt.status;
  if (before === 'captured' || before === said) return;
  const waited = order.status === 'payment_processing' && isOpen(attempt);
  attempt.status = said;
  if (said === 'captured') {
    attempt.captureDue = false;
    attempt.voidDue = false;
    attempt.voidBegun = false;
  }
  if (before === 'authorized') {
    if (ENDED.includes(order.status) || !attempt.pays) returnMoney(terms, order, index);
    else enter(order, 'payment.captured');
  } else if (waited || order.status === 'pending_payment') {
    order.sold = order.held;
    order.held = 0;
    pay(terms, order, attempt);
  } else if (order.status === 'expired' && shortage(terms, world, order.owner, order.quantity) === undefined) {
    world.available -= order.quantity;
    order.sold = order.quantity;
    pay(terms, order, attempt);
  } else returnMoney(terms, order, index);
}

/** There is nothing that this money could pay. */
function returnMoney(terms: Terms, order: ModelOrder, index: number): void {
  const attempt = attemptAt(order, index);
  const cause = ENDED.includes(order.status) ? 'late_payment' : 'duplicate_payment';
  if (attempt.status === 'authorized') attempt.voidDue = true;
  else order.refunds.push({ attempt: index, amountMinor: totalOf(terms, order), cause, status: 'pending' });
  enter(order, 'payment.late');
  attempt.answer ??= { status: 402, version: versionOf(order) };
}

function pay(terms: Terms, order: ModelOrder, attempt: Attempt): void {
  attempt.pays = true;
  // It is wanted now. But somebody may be about to void it.
  attempt.voidBegun = attempt.voidDue;
  attempt.voidDue = false;
  enter(order, 'order.paid', paidStatus(terms));
  attempt.answer ??= { status: 200, version: versionOf(order) };
}

function refuse(order: ModelOrder, world: World, attempt: Attempt, status: 'failed' | 'cancelled'): void {
  attempt.status = status;
  if (status === 'cancelled') attempt.voidDue = false;
  if (order.status !== 'payment_processing') enter(order, `payment.${status}`);
  else if (status === 'cancelled' && order.pinOver) expire(order, world);
  else enter(order, 'order.payment_refused', 'pending_payment');
  attempt.answer ??= { status: 402, version: versionOf(order) };
}

function expire(order: ModelOrder, world: World): void {
  release(order, world);
  enter(order, 'order.expired', 'expired');
}

function loseAuthorization(order: ModelOrder, world: World, attempt: Attempt): void {
  if (attempt.status !== 'authorized') return;
  attempt.status = 'cancelled';
  attempt.captureDue = false;
  attempt.voidDue = false;
  const lost = attempt.pays && ['pending_acceptance', 'preparing', 'ready_for_pickup'].includes(order.status);
  if (!lost) enter(order, 'payment.cancelled');
  else {
    if (order.status === 'pending_acceptance') restock(order, world);
    enter(order, 'order.cancelled', 'cancelled');
  }
}

/** The customer approves or refuses a payment at the provider. Whoever comes too late changes nothing. */
export function authenticate(terms: Terms, world: World, at: number, index: number, approved: boolean): World {
  return change(world, at, (order) => {
    const attempt = attemptAt(order, index);
    if (attempt.provider === 'requires_action') attempt.provider = approved ? granted(terms) : 'failed';
  });
}

/** A silent provider answers again. */
export function unsilence(world: World, at: number): World {
  return change(world, at, (order) => {
    for (const attempt of order.attempts) attempt.silent = false;
  });
}

/** What was refused is paid at the provider after all, and the engine hears of it. */
export function payAfterAll(terms: Terms, world: World, at: number, index: number): World {
  return change(world, at, (order) => {
    const attempt = attemptAt(order, index);
    attempt.provider = granted(terms);
    attempt.askAgain = true;
  });
}

/** Something that the engine does without being asked. */
interface OwnStep {
  readonly world: World;
  /** False: it may as well never happen. */
  readonly due: boolean;
}

type Alter = (draft: ModelOrder, into: World) => void;

/** What the engine may do next by itself: the sweepers, and the jobs of the payments, in any sequence. */
export function ownSteps(terms: Terms, world: World): OwnStep[] {
  return world.orders.flatMap((order, at) => {
    if (!order) return [];
    const steps: OwnStep[] = [];
    const may = (condition: boolean, alter: Alter, due = true) => {
      if (condition) steps.push({ world: change(world, at, alter), due });
    };
    may(order.overdue && order.status === 'pending_payment', expire);
    may(order.overdue && order.status === 'pending_acceptance', (draft, into) => reject(terms, draft, into, true));
    for (const [index, attempt] of order.attempts.entries()) {
      const { captureDue, voidDue, voidBegun, unreported, askAgain, silent, card } = attempt;
      const take: Alter = (draft, into) => report(terms, draft, into, index, attemptAt(draft, index).provider);
      may(unreported, take);
      may(hasNews(order, attempt), isClosing(order, attempt) ? (draft) => close(draft, index) : take);
      // The provider may have been asked when the time was not over yet.
      may(isNews(attempt) || askAgain, take, false);
      may(captureDue && !silent, (draft) => capture(draft, index));
      may(voidDue && !silent, (draft) => close(draft, index));
      may(voidBegun, (draft) => close(draft, index), false);
      // What the provider did not answer, it did not answer, though it may speak again by the time that the engine
      // concludes from it.
      const concludes = card === 'card_silent' && isWaitedForTooLong(order, index);
      may(concludes, (draft, into) => abandon(draft, into, index), silent);
    }
    for (const [index, { status }] of order.refunds.entries()) {
      may(status === 'pending', (draft) => {
        const due = draft.refunds[index];
        if (due) due.status = 'succeeded';
        enter(draft, 'refund.succeeded');
      });
    }
    return steps;
  });
}

/** Nobody knows how it will end: the stock waits no longer. The attempt is closed when that can be told, or asked on. */
function abandon(order: ModelOrder, world: World, index: number): void {
  expire(order, world);
  attemptAt(order, index).voidDue = true;
}

/** Whether the provider knows something of an open attempt that the engine does not know, and would say it. */
function isNews({ status, provider, silent, answer }: Attempt): boolean {
  const open = status === 'processing' || status === 'requires_action';
  if (!open || silent || provider === 'unheard') return false;
  return provider === 'unconfirmed' ? answer !== null : provider !== status;
}

/** Whether asking the provider about an attempt now would change anything. */
function hasNews(order: ModelOrder, attempt: Attempt): boolean {
  const closable = order.pinOver && isOpen(attempt) && attempt.provider !== 'unheard' && !attempt.silent;
  return attempt.askAgain || closable || isNews(attempt);
}

/** Past the time of a payment the provider is told to cancel whatever it is asked about, and so is what was not charged. */
function isClosing(order: ModelOrder, { provider }: Attempt): boolean {
  return provider === 'unconfirmed' || (order.status === 'payment_processing' && order.pinOver);
}

const isWaitedForTooLong = (order: ModelOrder, index: number): boolean =>
  order.status === 'payment_processing' && order.pinOver && isOpen(attemptAt(order, index));

/** The provider cancels what took no money yet. The engine hears of it a moment later. */
function close(order: ModelOrder, index: number): void {
  const attempt = attemptAt(order, index);
  attempt.voidDue = false;
  attempt.voidBegun = false;
  attempt.askAgain = false;
  attempt.unreported = true;
  if (['unconfirmed', 'requires_action', 'authorized'].includes(attempt.provider)) attempt.provider = 'cancelled';
}

function capture(order: ModelOrder, index: number): void {
  const attempt = attemptAt(order, index);
  attempt.captureDue = false;
  attempt.unreported = true;
  if (attempt.provider !== 'authorized') return;
  attempt.provider = attempt.card === 'card_capture_declined' ? 'cancelled' : 'captured';
}
