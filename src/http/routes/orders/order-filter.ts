import { type Static, Type } from 'typebox';
import type { Caller } from '../../../domain/caller.ts';
import { ORDER_STATUSES, type OrderStatus } from '../../../domain/order.ts';
import { findCourierMerchants } from '../../../ledger/members.ts';
import type { OrderFilter } from '../../../ledger/read-orders.ts';
import type { Queryable } from '../../../ledger/statement.ts';
import { staffMerchantIds } from '../../authorization.ts';
import { invalidRequest } from '../../invalid-request.ts';
import { ProblemError } from '../../problems.ts';
import { Uuid } from '../../uuid.ts';
import { Moment } from '../sales/sale-fields.ts';
import { DELIVERABLE } from './order-access.ts';

/** The query members by which orders are chosen. */
export const ORDER_FILTER_QUERY = {
  userId: Type.Optional(Uuid),
  saleId: Type.Optional(Uuid),
  merchantId: Type.Optional(Uuid),
  status: Type.Optional(
    Type.String({ maxLength: 200, description: `One or several, separated by commas: ${ORDER_STATUSES.join(', ')}.` }),
  ),
  reference: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      pattern: '^[^\\u0000]*$',
      description: "Exactly the shop's own number.",
    }),
  ),
  placedFrom: Type.Optional(Moment),
  placedUntil: Type.Optional(Moment),
};

const OrderFilterQuery = Type.Object(ORDER_FILTER_QUERY);

type Query = Static<typeof OrderFilterQuery>;

/** What a query asks for, within what its caller may see. */
export async function orderFilterOf(db: Queryable, caller: Caller, query: Query): Promise<OrderFilter> {
  const asked: OrderFilter = {
    customerId: query.userId?.toLowerCase(),
    saleId: query.saleId?.toLowerCase(),
    merchantIds: query.merchantId === undefined ? undefined : [query.merchantId.toLowerCase()],
    statuses: statusesOf(query.status),
    reference: query.reference,
    placedFrom: query.placedFrom === undefined ? undefined : new Date(query.placedFrom),
    placedUntil: query.placedUntil === undefined ? undefined : new Date(query.placedUntil),
  };
  return within(asked, await rangeOf(db, caller, asked.customerId));
}

const isStatus = (text: string): text is OrderStatus => ORDER_STATUSES.some((status) => status === text);

function statusesOf(text: string | undefined): readonly OrderStatus[] | undefined {
  if (text === undefined) return undefined;
  const names = [...new Set(text.split(','))];
  const unknown = names.filter((name) => !isStatus(name));
  if (unknown.length === 0) return names.filter(isStatus);
  const detail = `${unknown.map((name) => JSON.stringify(name)).join(', ')} is no status; these are: ${ORDER_STATUSES.join(', ')}`;
  throw invalidRequest([{ in: 'query', pointer: '/status', detail }]);
}

type Range = Pick<OrderFilter, 'customerId' | 'merchantIds' | 'statuses'>;

/** Which orders a caller may list. Everybody may list their own, whatever else they do. */
async function rangeOf(db: Queryable, caller: Caller, userId: string | undefined): Promise<Range> {
  if (caller.kind === 'account' && userId === caller.accountId) return { customerId: userId };
  const merchantIds = await staffMerchantIds(db, caller);
  if (merchantIds === 'all') return {};
  if (caller.kind === 'shop' || merchantIds.length > 0) return { merchantIds };
  const deliversFor =
    caller.role === 'courier' ? (caller.merchantIds ?? (await findCourierMerchants(db, caller.accountId))) : [];
  if (deliversFor.length > 0) return { merchantIds: deliversFor, statuses: DELIVERABLE };
  if (userId === undefined) return { customerId: caller.accountId };
  throw new ProblemError('forbidden', { detail: 'You may list your own orders only.' });
}

/** What is outside of the range is as if it were not there. */
function within(asked: OrderFilter, range: Range): OrderFilter {
  return {
    ...asked,
    customerId: range.customerId ?? asked.customerId,
    merchantIds: inBoth(asked.merchantIds, range.merchantIds),
    statuses: inBoth(asked.statuses, range.statuses),
  };
}

function inBoth<Value>(
  asked: readonly Value[] | undefined,
  allowed: readonly Value[] | undefined,
): readonly Value[] | undefined {
  if (asked === undefined || allowed === undefined) return asked ?? allowed;
  return asked.filter((value) => allowed.includes(value));
}
