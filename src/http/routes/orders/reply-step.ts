import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import type { ExpectedVersion } from '../../../actions/decide-steps.ts';
import type { SharedReads } from '../../../actions/shared-reads.ts';
import type { StepOrders } from '../../../actions/step-orders.ts';
import { type Caller, callerId } from '../../../domain/caller.ts';
import { type Intent, mayEver, type OrderActor } from '../../../domain/order-transitions.ts';
import type { IntentStep } from '../../../domain/take-intent.ts';
import type { IdempotencyStore } from '../../../idempotency/idempotency-store.ts';
import type { Database } from '../../../ledger/database.ts';
import type { StoredOrder } from '../../../ledger/read-orders.ts';
import { callerOf } from '../../authentication.ts';
import { ifMatchOf, versionTag } from '../../conditional-request.ts';
import { ProblemError } from '../../problems.ts';
import { type KeyedAnswer, type KeyedRequest, replyKeyed } from '../../reply-keyed.ts';
import { requireOrderForIntent } from './order-access.ts';
import { madeStepAnswer, stepAnswer } from './step-answer.ts';
import { stepProblem } from './step-problem.ts';

/** What the routes of an order's steps need. */
export interface StepRouteOptions {
  readonly authenticated: onRequestHookHandler;
  readonly database: Database;
  readonly orders: SharedReads<StoredOrder>;
  readonly store: IdempotencyStore;
  readonly stepOrders: StepOrders;
}

/** Somebody who may ask for a step, and what of the request decides about it. */
export interface StepAsked extends KeyedRequest {
  /** As it was when the request came. */
  readonly order: StoredOrder;
  readonly orderId: string;
  readonly actorId: string;
  readonly roles: ReadonlySet<OrderActor>;
  readonly expected: ExpectedVersion;
  readonly requestId: string;
  readonly traceParent: string | null;
}

/**
 * The checks that all steps share, in the order in which they are seen from outside: is the order the caller's to see
 * (404), may he ever do this (403), the key (400, replay, 422, 409). Then `work` decides.
 */
export async function replyAsked(
  request: FastifyRequest,
  reply: FastifyReply,
  { database, orders, store }: Pick<StepRouteOptions, 'database' | 'orders' | 'store'>,
  orderId: string,
  intent: Intent,
  work: (asked: StepAsked) => Promise<KeyedAnswer>,
): Promise<FastifyReply> {
  const { order, actors } = await requireOrderForIntent(request, { database, orders }, orderId, intent);
  if (!mayEver(actors, intent)) throw new ProblemError('forbidden', { detail: WHO[intent] });
  const caller: Caller = callerOf(request);
  return replyKeyed(request, reply, store, (keyed) => {
    return work({
      ...keyed,
      order,
      orderId: order.id,
      actorId: callerId(caller),
      roles: actors,
      expected: expectedBy(request),
      requestId: request.id,
      traceParent: request.traceParent,
    });
  });
}

/** A malformed If-Match is told where a stale one is: after the repeat, which needs none. */
function expectedBy(request: FastifyRequest): ExpectedVersion {
  try {
    const matches = ifMatchOf(request);
    return matches && ((version) => matches(versionTag(version)));
  } catch {
    return 'malformed';
  }
}

const WHO: Readonly<Record<Intent, string>> = {
  payment: 'Only its owner pays an order.',
  acceptance: "Only the merchant's people accept orders.",
  rejection: "Only the merchant's people reject orders.",
  preparation: "Only the merchant's people prepare orders.",
  pickup: "Only couriers and the merchant's people hand orders over.",
  delivery: 'Only couriers deliver orders.',
  fulfillment: "Only the merchant's people fulfill orders.",
  cancellation: "Only the owner, the merchant's people and operators cancel orders.",
  refunds: "Only the merchant's people and operators give money back.",
  reinstatement: 'Only operators reinstate orders.',
};

/** Makes a step that needs nothing from outside the ledger, and answers with the order after it. */
export async function replyStep(
  request: FastifyRequest,
  reply: FastifyReply,
  options: StepRouteOptions,
  orderId: string,
  intent: Intent,
  stepOf: (asked: StepAsked) => IntentStep | Promise<IntentStep>,
  status: 200 | 201 = 200,
): Promise<FastifyReply> {
  const { database, stepOrders } = options;
  return replyAsked(request, reply, options, orderId, intent, async (asked) => {
    const { order, ...intended } = asked;
    const outcome = await stepOrders({ ...intended, kind: 'intent', step: await stepOf(asked) });
    if (outcome.outcome === 'stepped') {
      return { answer: madeStepAnswer(request.server.publicUrl, order, outcome, asked, status), replayed: false };
    }
    if (outcome.outcome !== 'repeat') throw stepProblem(request, outcome);
    if (!outcome.sameRequest) throw stepProblem(request, { outcome: 'key-reused' });
    // The same request id means that this request's own batch was committed though its answer was lost.
    const answer = await stepAnswer(database, request.server.publicUrl, order.id, outcome.version, status);
    return { answer, replayed: outcome.requestId !== request.id };
  });
}
