import type { FastifyRequest } from 'fastify';
import type { SharedReads } from '../../../actions/shared-reads.ts';
import { type Caller, callerId } from '../../../domain/caller.ts';
import type { OrderStatus } from '../../../domain/order.ts';
import type { Intent, OrderActor } from '../../../domain/order-transitions.ts';
import { findCourierMerchants } from '../../../ledger/members.ts';
import { findStepRepeats } from '../../../ledger/order-facts.ts';
import { findOrder, type StoredOrder } from '../../../ledger/read-orders.ts';
import type { Queryable } from '../../../ledger/statement.ts';
import { callerOf } from '../../authentication.ts';
import { isStaffOf } from '../../authorization.ts';
import { findShared } from '../../find-shared.ts';
import { idempotencyKeyOf } from '../../idempotency-key.ts';
import { ProblemError } from '../../problems.ts';

/** The orders that couriers have to do with; all others do not exist for them. */
export const DELIVERABLE: readonly OrderStatus[] = ['ready_for_pickup', 'in_transit'];

/** An order with the roles in which its reader sees it. */
export interface VisibleOrder {
  readonly order: StoredOrder;
  /** Never empty. */
  readonly actors: ReadonlySet<OrderActor>;
}

/** Whether an order is the caller's own: a customer's, or placed by this shop's back end. */
export function ownsOrder(caller: Caller, { customerId, placedBy }: StoredOrder): boolean {
  return caller.kind === 'account' ? caller.accountId === customerId : caller.merchantId === placedBy;
}

/** In which roles a caller may act on an order; none where the order does not exist for it. */
export async function actorsOf(db: Queryable, caller: Caller, order: StoredOrder): Promise<ReadonlySet<OrderActor>> {
  const actors = new Set<OrderActor>();
  if (ownsOrder(caller, order)) actors.add('owner');
  if (caller.kind === 'account' && caller.role === 'operator') actors.add('operator');
  else if (await isStaffOf(db, caller, order.merchantId)) actors.add('merchant');
  if (await deliversFor(db, caller, order)) actors.add('courier');
  return actors;
}

/** A shop's own back end stands in for its couriers, and sees all of its orders anyway. */
async function deliversFor(db: Queryable, caller: Caller, { merchantId, status }: StoredOrder): Promise<boolean> {
  if (caller.kind === 'shop') return caller.merchantId === merchantId;
  if (caller.role !== 'courier' || !DELIVERABLE.includes(status)) return false;
  return isCourierOf(db, caller, merchantId);
}

/** Membership is read each time, so a removed courier is out at once. */
async function isCourierOf(
  db: Queryable,
  caller: Extract<Caller, { kind: 'account' }>,
  merchantId: string,
): Promise<boolean> {
  return (caller.merchantIds ?? (await findCourierMerchants(db, caller.accountId))).includes(merchantId);
}

/** The order of a request and the caller's roles, or the 404 that an unknown id gets as well. */
export async function requireVisibleOrder(
  request: FastifyRequest,
  db: Queryable,
  orderId: string,
): Promise<VisibleOrder> {
  const order = await findOrder(db, orderId);
  const actors = await actorsFor(request, db, order);
  if (order === undefined || actors.size === 0) throw noOrder();
  return { order, actors };
}

/** An order that has been read, if there is one, or that 404, for who only looks at it. */
export async function requireVisible(
  request: FastifyRequest,
  db: Queryable,
  order: StoredOrder | undefined,
): Promise<StoredOrder> {
  const caller = callerOf(request);
  // In whatever further roles its owner sees it.
  if (order !== undefined && (ownsOrder(caller, order) || (await actorsOf(db, caller, order)).size > 0)) return order;
  throw noOrder();
}

/**
 * The same for a request that wants a step made. A courier's delivery ends what the courier sees of the order; the
 * repeat of a request whose answer was lost must still find it, so whoever has made this very step sees it.
 */
export async function requireOrderForIntent(
  request: FastifyRequest,
  { database, orders }: { readonly database: Queryable; readonly orders: SharedReads<StoredOrder> },
  orderId: string,
  intent: Intent,
): Promise<VisibleOrder> {
  const order = await findShared(orders, request, orderId);
  const actors = await actorsFor(request, database, order);
  if (order !== undefined && actors.size > 0) return { order, actors };
  if (order === undefined || !(await hasMadeStep(request, database, order, intent))) throw noOrder();
  return { order, actors: new Set<OrderActor>(['courier']) };
}

const NOBODY: ReadonlySet<OrderActor> = new Set();

async function actorsFor(
  request: FastifyRequest,
  db: Queryable,
  order: StoredOrder | undefined,
): Promise<ReadonlySet<OrderActor>> {
  return order === undefined ? NOBODY : actorsOf(db, callerOf(request), order);
}

async function hasMadeStep(
  request: FastifyRequest,
  db: Queryable,
  { id: orderId, merchantId }: StoredOrder,
  intent: Intent,
): Promise<boolean> {
  const caller = callerOf(request);
  // Without a key, or with a bad one, nothing was ever made: the missing order is told before the missing key.
  if (caller.kind !== 'account' || caller.role !== 'courier' || !hasKey(request)) return false;
  if (!(await isCourierOf(db, caller, merchantId))) return false;
  const key = { orderId, actorId: callerId(caller), operation: intent, idempotencyKey: idempotencyKeyOf(request) };
  return (await findStepRepeats(db, [key])).size > 0;
}

function hasKey(request: FastifyRequest): boolean {
  try {
    idempotencyKeyOf(request);
    return true;
  } catch {
    return false;
  }
}

function noOrder(): ProblemError {
  return new ProblemError('not-found', { detail: 'You have no order with this id.' });
}
