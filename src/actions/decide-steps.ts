import type { OrderFacts, StepContext, Stepped, StockFacts } from '../domain/order-facts.ts';
import type { Intent, OrderActor } from '../domain/order-transitions.ts';
import { type Deadline, passDeadline } from '../domain/pass-deadline.ts';
import {
  abandonPayment,
  type PaymentReport,
  type RefundReport,
  type ReportRefusal,
  reportPayment,
  reportRefund,
} from '../domain/report-payment.ts';
import { type RefundRetry, type RetryRefusal, retryRefund } from '../domain/retry-refund.ts';
import { allowedIntents, type IntentRefusal, type IntentStep, takeIntent } from '../domain/take-intent.ts';
import {
  findStepRepeats,
  lockItemsOf,
  lockOrders,
  type RepeatedStep,
  readOrderFacts,
  readStockFacts,
  stepKeyText,
} from '../ledger/order-facts.ts';
import type { WrittenStep } from '../ledger/order-steps.ts';
import type { Queryable } from '../ledger/statement.ts';

/** Whether the caller means a version of the order, by its If-Match; undefined where it sent none. */
export type ExpectedVersion = ((version: number) => boolean) | 'malformed' | undefined;

/** What somebody asks of an order. */
export interface IntentRequest {
  readonly kind: 'intent';
  readonly orderId: string;
  readonly step: IntentStep;
  readonly actorId: string;
  readonly roles: ReadonlySet<OrderActor>;
  readonly expected: ExpectedVersion;
  readonly idempotencyKey: string;
  /** SHA-256 of the canonical request, hex. */
  readonly fingerprint: string;
  readonly requestId: string;
  /** The W3C traceparent of the request, where it is sampled. */
  readonly traceParent: string | null;
}

/** What the engine itself does with an order. */
export type SystemRequest = {
  /** The W3C traceparent of what brought it about, where it is sampled. */
  readonly traceParent?: string | null;
} & (
  | { readonly kind: 'deadline'; readonly orderId: string; readonly deadline: Deadline }
  | {
      readonly kind: 'payment-report';
      readonly orderId: string;
      readonly report: PaymentReport;
      readonly requestId?: string;
    }
  | { readonly kind: 'refund-report'; readonly orderId: string; readonly report: RefundReport }
  | { readonly kind: 'refund-retry'; readonly orderId: string; readonly retry: RefundRetry }
  | { readonly kind: 'payment-abandoned'; readonly orderId: string; readonly paymentId: string }
);

export type StepRequest = IntentRequest | SystemRequest;

/** A step with the time at which it was made, by the database's clock. */
export interface MadeStep extends Stepped {
  readonly occurredAt: Date;
}

/** How one step was decided. Only `stepped` has an effect. */
export type StepOutcome =
  | MadeStep
  /** The key has opened a step already. */
  | ({ readonly outcome: 'repeat'; readonly sameRequest: boolean } & RepeatedStep)
  | { readonly outcome: 'unknown-order' }
  | { readonly outcome: 'precondition-required' }
  | { readonly outcome: 'precondition-invalid' }
  | ({ readonly outcome: 'stale'; readonly allowed: readonly Intent[] } & OrderState)
  | (IntentRefusal & OrderState)
  | ReportRefusal
  | RetryRefusal;

/** What the order was when it was decided. */
export interface OrderState {
  readonly status: OrderFacts['status'];
  readonly version: number;
}

/**
 * Decides steps one after the other under their orders' row locks, each on the order as the one before left it. Gives
 * what is to be written beside the outcomes. The locks last until the transaction of `db` ends.
 */
export async function decideSteps(
  db: Queryable,
  requests: readonly StepRequest[],
  newId: () => string,
): Promise<{ outcomes: StepOutcome[]; steps: WrittenStep[] }> {
  const orderIds = [...new Set(requests.map(({ orderId }) => orderId))];
  const intents = requests.filter((request) => request.kind === 'intent');
  // Orders first. What follows is read by new statements, so that it is what the locks' last holders committed. All are
  // sent together: one round trip where the connection pipelines.
  const [, facts, repeats] = await Promise.all([
    lockOrders(db, orderIds),
    readOrderFacts(db, orderIds),
    findStepRepeats(db, intents.map(keyOf)),
  ]);
  const takers = ordersThatMayTakeAgain(requests, facts.orders);
  // The items of all orders at once and sorted, or the locks of the takers and of the others would cross.
  if (takers.length > 0) await lockItemsOf(db, orderIds);
  const stock = await readStockFacts(db, takers);
  return decideInTurn(requests, { now: facts.now, orders: facts.orders, stock, repeats, newId });
}

const keyOf = ({ orderId, actorId, step, idempotencyKey }: IntentRequest) => ({
  orderId,
  actorId,
  operation: step.intent,
  idempotencyKey,
});

/** Orders whose decision may need stock that they do not hold: expired ones, or such as may expire within this batch. */
function ordersThatMayTakeAgain(
  requests: readonly StepRequest[],
  orders: ReadonlyMap<string, OrderFacts>,
): readonly string[] {
  const counts = new Map<string, number>();
  for (const { orderId } of requests) counts.set(orderId, (counts.get(orderId) ?? 0) + 1);
  const takers = requests.filter(
    (request) =>
      request.kind === 'payment-report' || (request.kind === 'intent' && request.step.intent === 'reinstatement'),
  );
  const ids = takers
    .map(({ orderId }) => orderId)
    .filter((id) => orders.get(id)?.status === 'expired' || (counts.get(id) ?? 0) > 1);
  return [...new Set(ids)];
}

interface Situation {
  readonly now: Date;
  readonly orders: Map<string, OrderFacts>;
  readonly stock: Map<string, Map<string, StockFacts>>;
  readonly repeats: ReadonlyMap<string, RepeatedStep>;
  readonly newId: () => string;
}

function decideInTurn(
  requests: readonly StepRequest[],
  situation: Situation,
): { outcomes: StepOutcome[]; steps: WrittenStep[] } {
  const { now, orders, stock, newId } = situation;
  const steps: WrittenStep[] = [];
  const opened = new Map(situation.repeats);
  const outcomes = requests.map((request): StepOutcome => {
    const order = orders.get(request.orderId);
    if (order === undefined) return { outcome: 'unknown-order' };
    const context = { now, newId, stock: stock.get(order.id) ?? new Map() };
    const decision = decideStep(order, request, context, opened);
    if (decision.outcome !== 'stepped') return decision;
    orders.set(order.id, decision.order);
    moveStockFacts(situation, order, decision.order);
    const written = writtenStep(order, decision, request, now);
    if (written.key !== null && request.kind === 'intent') {
      const { fingerprint, requestId } = request;
      opened.set(stepKeyText(keyOf(request)), { version: decision.order.version, fingerprint, requestId });
    }
    steps.push(written);
    return { ...decision, occurredAt: now };
  });
  return { outcomes, steps };
}

type Decision = Stepped | Exclude<StepOutcome, MadeStep>;

function decideStep(
  order: OrderFacts,
  request: StepRequest,
  context: StepContext,
  opened: ReadonlyMap<string, RepeatedStep>,
): Decision {
  switch (request.kind) {
    case 'intent':
      return decideIntent(order, request, context, opened.get(stepKeyText(keyOf(request))));
    case 'deadline':
      return passDeadline(order, request.deadline, context);
    case 'payment-report':
      return reportPayment(order, request.report, context);
    case 'refund-report':
      return reportRefund(order, request.report, context);
    case 'refund-retry':
      return retryRefund(order, request.retry, context);
    case 'payment-abandoned':
      return abandonPayment(order, request.paymentId, context);
  }
}

/** A repeat comes before the precondition, or a lost answer would turn into a false 412. */
function decideIntent(
  order: OrderFacts,
  { step, roles, expected, fingerprint }: IntentRequest,
  context: StepContext,
  repeated: RepeatedStep | undefined,
): Decision {
  if (repeated !== undefined) {
    return { outcome: 'repeat', sameRequest: repeated.fingerprint === fingerprint, ...repeated };
  }
  if (expected === undefined) return { outcome: 'precondition-required' };
  if (expected === 'malformed') return { outcome: 'precondition-invalid' };
  const { status, version } = order;
  if (!expected(version)) {
    return { outcome: 'stale', status, version, allowed: allowedIntents(order, roles, context.now) };
  }
  const decision = takeIntent(order, step, roles, context);
  return decision.outcome === 'stepped' ? decision : { ...decision, status, version };
}

/** What one step takes or gives back, the next one of the batch sees. */
function moveStockFacts({ stock, orders }: Situation, before: OrderFacts, after: OrderFacts): void {
  if (stock.size === 0) return;
  for (const [index, line] of after.lines.entries()) {
    const was = before.lines[index];
    if (was === undefined) continue;
    const taken = line.held + line.sold - was.held - was.sold;
    if (taken === 0) continue;
    for (const [orderId, items] of stock) {
      const facts = items.get(line.itemId);
      if (facts === undefined) continue;
      const sameCustomer = orders.get(orderId)?.customerId === before.customerId;
      items.set(line.itemId, {
        ...facts,
        available: facts.available - taken,
        units: sameCustomer ? facts.units + taken : facts.units,
      });
    }
  }
}

function writtenStep(before: OrderFacts, step: Stepped, request: StepRequest, occurredAt: Date): WrittenStep {
  if (request.kind !== 'intent') {
    const { requestId = null } = request.kind === 'payment-report' ? request : {};
    const { traceParent = null } = request;
    return { before, step, occurredAt, actorId: null, actorRole: 'system', requestId, traceParent, key: null };
  }
  const { actorId, roles, requestId, traceParent, idempotencyKey, fingerprint } = request;
  const key = { operation: request.step.intent, idempotencyKey, fingerprint };
  return { before, step, occurredAt, actorId, actorRole: roleOf(step, roles), requestId, traceParent, key };
}

/** The role in which somebody with several made a step. */
function roleOf(step: Stepped, roles: ReadonlySet<OrderActor>): OrderActor | null {
  const order: readonly OrderActor[] =
    step.cause === 'payment' || step.cause === 'cancellation'
      ? ['owner', 'operator', 'merchant', 'courier']
      : ['operator', 'merchant', 'courier', 'owner'];
  return order.find((role) => roles.has(role)) ?? null;
}
