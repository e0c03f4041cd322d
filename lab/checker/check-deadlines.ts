import type { Case } from './case.ts';
import type { RestState } from './history.ts';
import type { OrderLife } from './order-life.ts';
import type { OrderState } from './order-state.ts';
import type { Violation, ViolationKind } from './violation.ts';

/** How long after its deadline an order may still hold its stock: a sweep, and a provider that is slow to answer. */
const GRACE_MS = 8_000;

/**
 * S-06: at rest no order holds stock past `payBy`, nor past the limit of a payment that is still open; and none was
 * taken for expired before `payBy`.
 */
export function checkDeadlines(facts: Case): Violation[] {
  const { rest, sale } = facts.final;
  if (rest === undefined) return [];
  return [...facts.orders.values()].flatMap(({ order, life }) => {
    if (life === undefined) return [];
    const deadlineMs = deadlineOf(order, life, sale.pinSeconds ?? Number.POSITIVE_INFINITY);
    return [...checkOverdue(order, deadlineMs, rest), ...checkEarly(order, life)];
  });
}

function deadlineOf(order: OrderState, life: OrderLife, pinSeconds: number): number {
  if (order.status === 'pending_payment') return Date.parse(order.payBy ?? '');
  if (order.status !== 'payment_processing') return Number.POSITIVE_INFINITY;
  const opened = life.history.findLast(({ type }) => type === 'order.payment_started');
  return Date.parse(opened?.occurredAt ?? '') + pinSeconds * 1_000;
}

function checkOverdue(order: OrderState, deadlineMs: number, { observedAt }: RestState): Violation[] {
  if (!(Date.parse(observedAt) > deadlineMs + GRACE_MS)) return [];
  const deadline = new Date(deadlineMs).toISOString();
  const message = `is still ${order.status}, though its time was over at ${deadline}`;
  return [broken('hold-overdue', order, message, { observedAt, deadline })];
}

function checkEarly(order: OrderState, { history }: OrderLife): Violation[] {
  const last = history.findLast(({ cause }) => cause === 'hold-expired');
  if (order.status !== 'expired' || last === undefined || order.payBy === null) return [];
  if (Date.parse(last.occurredAt) >= Date.parse(order.payBy)) return [];
  const message = `expired at ${last.occurredAt}, before its payBy`;
  return [broken('expired-early', order, message, { expiredAt: last.occurredAt })];
}

function broken(kind: ViolationKind, { id, status, payBy }: OrderState, what: string, more: object): Violation {
  return { promise: 'S-06', kind, message: `order ${id} ${what}`, evidence: { orderId: id, status, payBy, ...more } };
}
