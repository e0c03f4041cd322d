import { randomUUIDv7 } from 'node:crypto';
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { Type } from 'typebox';
import type { PlaceOrder, PlaceOrderOutcome } from '../../../actions/place-order.ts';
import { type Caller, callerId } from '../../../domain/caller.ts';
import { LINES_MAX, QUANTITY_MAX } from '../../../domain/money.ts';
import type { App } from '../../app.ts';
import { callerOf } from '../../authentication.ts';
import { versionTag } from '../../conditional-request.ts';
import { failureProblem } from '../../failure-problem.ts';
import { fingerprintOf, idempotencyKeyOf } from '../../idempotency-key.ts';
import { invalidRequest } from '../../invalid-request.ts';
import { requireShallow } from '../../json-depth.ts';
import { ProblemError } from '../../problems.ts';
import { replyProblem } from '../../reply-problem.ts';
import { Uuid } from '../../uuid.ts';
import { requireNoItemTwice } from './no-item-twice.ts';
import { OrderResource, toOrderResource } from './order-resource.ts';

/** Text that PostgreSQL can store: all of Unicode but NUL. */
const NO_NUL = '^[^\\u0000]*$';

const PlaceOrderBody = Type.Object(
  {
    saleId: Uuid,
    lines: Type.Array(
      Type.Object(
        {
          itemId: Uuid,
          quantity: Type.Integer({ minimum: 1, maximum: QUANTITY_MAX }),
        },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: LINES_MAX, description: 'All of them or none. No item twice.' },
    ),
    reference: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, pattern: NO_NUL, description: "The shop's own number." }),
    ),
    metadata: Type.Optional(
      Type.Object({}, { additionalProperties: true, maxProperties: 50, description: 'Anything the shop wants kept.' }),
    ),
    onBehalfOf: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        pattern: NO_NUL,
        description: "With an API key, and only then: the shop's own id of the customer.",
      }),
    ),
  },
  { additionalProperties: false },
);

/** `POST /api/v1/orders` */
export function placeOrderRoute(
  app: App,
  options: {
    authenticated: onRequestHookHandler;
    placeOrder: PlaceOrder;
    /** The id of the customer that a shop's back end orders for. */
    findShopCustomer: (merchantId: string, externalId: string) => string | Promise<string>;
    /** `placed`, `replayed`, or why not, and the seconds it took. */
    observe: (outcome: string, seconds: number) => void;
    /** Called with each outcome but `placed`. */
    countRefusal: (saleId: string, outcome: string) => void;
  },
): void {
  app.post(
    '/api/v1/orders',
    {
      onRequest: options.authenticated,
      config: { idempotent: true },
      schema: {
        operationId: 'placeOrder',
        tags: ['orders'],
        summary: 'Place an order',
        description: 'The first to come get the stock. The answer comes after the order is durable.',
        body: PlaceOrderBody,
        response: { 201: OrderResource },
      },
    },
    async (request, reply) => {
      const startedAt = performance.now();
      const caller = callerOf(request);
      const { reference, metadata, onBehalfOf } = request.body;
      // PostgreSQL gives ids back in lower case; what is compared with them must be, too.
      const saleId = request.body.saleId.toLowerCase();
      const lines = request.body.lines.map(({ itemId, quantity }) => ({ itemId: itemId.toLowerCase(), quantity }));
      mayOrder(caller, saleId);
      requireNoItemTwice(lines);
      if (metadata !== undefined) requireShallow(metadata, '/metadata');
      const idempotencyKey = idempotencyKeyOf(request);
      const customer =
        caller.kind === 'account'
          ? ownOrder(caller.accountId, onBehalfOf)
          : options.findShopCustomer(caller.merchantId, required(onBehalfOf));

      const outcome = await options.placeOrder({
        orderId: randomUUIDv7(),
        saleId,
        onlyMerchantId: caller.kind === 'shop' ? caller.merchantId : null,
        customerId: customer instanceof Promise ? await customer : customer,
        placedBy: callerId(caller),
        idempotencyKey,
        fingerprint: fingerprintOf(request),
        lines,
        reference: reference ?? null,
        metadata: metadata === undefined ? null : JSON.stringify(metadata),
        requestId: request.id,
        traceParent: request.traceParent,
      });
      // Observing costs more than deciding a refusal: each request is counted once.
      request.observed = true;
      if (outcome.outcome !== 'placed') options.countRefusal(saleId, outcome.outcome);
      const replayed = outcome.outcome === 'placed' && outcome.replayed;
      options.observe(replayed ? 'replayed' : outcome.outcome, (performance.now() - startedAt) / 1_000);
      answer(request, reply, outcome);
      return reply;
    },
  );
}

function mayOrder(caller: Caller, saleId: string): void {
  if (caller.kind === 'shop') return;
  if (caller.role !== 'customer') throw new ProblemError('forbidden', { detail: 'Only customers place orders.' });
  if (caller.onlySaleId !== null && caller.onlySaleId !== saleId) {
    throw new ProblemError('forbidden', { detail: 'A test buyer may order in its own test sale only.' });
  }
}

function ownOrder(accountId: string, onBehalfOf: string | undefined): string {
  if (onBehalfOf === undefined) return accountId;
  throw invalidRequest([{ pointer: '/onBehalfOf', detail: 'is for API keys only; a customer orders for itself' }]);
}

function required(onBehalfOf: string | undefined): string {
  if (onBehalfOf !== undefined) return onBehalfOf;
  throw invalidRequest([{ pointer: '/onBehalfOf', detail: 'is required with an API key: which customer orders' }]);
}

/** Maps each outcome to its status. The refusals of a rush pass here, so nothing is thrown. */
function answer(request: FastifyRequest, reply: FastifyReply, outcome: PlaceOrderOutcome): FastifyReply {
  switch (outcome.outcome) {
    case 'placed':
      reply.code(201).header('Location', `/api/v1/orders/${outcome.order.id}`);
      reply.header('ETag', versionTag(outcome.order.version));
      if (outcome.replayed) reply.header('Idempotent-Replayed', 'true');
      return reply.send(toOrderResource(outcome.order));
    case 'sold-out':
      return replyProblem(reply, 'sold-out', {
        detail: 'Nothing was taken. What is left stands in items.',
        extras: { items: outcome.items },
      });
    case 'limit-reached':
      return replyProblem(reply, 'limit-reached', {
        detail: 'Nothing was taken. Unpaid orders count until they expire.',
        extras: { items: outcome.items },
      });
    case 'sale-not-open': {
      const { saleStatus, opensAt, closesAt, decidedAt } = outcome;
      const opensInSeconds = (opensAt.getTime() - decidedAt.getTime()) / 1_000;
      return replyProblem(reply, 'sale-not-open', {
        detail: `The sale is ${saleStatus}.`,
        extras: { saleStatus, opensAt: opensAt.toISOString(), closesAt: closesAt.toISOString() },
        ...(saleStatus === 'scheduled' ? { retryAfterSeconds: opensInSeconds } : {}),
      });
    }
    case 'unknown-sale':
      return replyError(reply, invalidRequest([{ pointer: '/saleId', detail: 'is not a sale' }]));
    case 'unknown-item':
      return replyError(
        reply,
        invalidRequest(
          outcome.lineIndexes.map((index) => ({
            pointer: `/lines/${index}/itemId`,
            detail: 'is not an item of this sale',
          })),
        ),
      );
    case 'key-reused':
      return replyProblem(reply, 'idempotency-key-reused', { detail: 'Take a new key for a new order.' });
    case 'in-progress':
      return replyProblem(reply, 'request-in-progress', { retryAfterSeconds: 1 });
    default: {
      const { code, details } = failureProblem(request, outcome);
      return replyProblem(reply, code, details);
    }
  }
}

function replyError(reply: FastifyReply, problem: ProblemError): FastifyReply {
  return replyProblem(reply, problem.code, problem.details);
}
