import { Type } from 'typebox';
import type { Caller } from '../../../domain/caller.ts';
import { findPaymentsOf } from '../../../ledger/payments.ts';
import { findHistoryOf } from '../../../ledger/read-history.ts';
import type { StoredOrder } from '../../../ledger/read-orders.ts';
import { findRefundsOf } from '../../../ledger/read-refunds.ts';
import { findSaleSummaries } from '../../../ledger/read-sale-summaries.ts';
import type { Queryable } from '../../../ledger/statement.ts';
import { invalidRequest } from '../../invalid-request.ts';
import { toHistoryEntryResource } from './history-entry-resource.ts';
import { ownsOrder } from './order-access.ts';
import type { IncludedResources } from './order-resource.ts';
import { toPaymentResource } from './payment-resource.ts';
import { toRefundResource } from './refund-resource.ts';
import { toSaleSummaryResource } from './sale-summary-resource.ts';

/** What an order can show of what belongs to it. Its lines are always there, asked for or not. */
const INCLUDES = ['lines', 'payments', 'refunds', 'history', 'sale'] as const;

export type Include = (typeof INCLUDES)[number];

const INCLUDES_TEXT = INCLUDES.join(', ');

/** The query member. */
export const IncludeQuery = Type.String({
  maxLength: 200,
  description: `What to show with each order, separated by commas: ${INCLUDES_TEXT}.`,
});

const isInclude = (name: string): name is Include => INCLUDES.some((include) => include === name);

/** What is to be read beside the orders. Refuses the unknown by name; naming something twice does no harm. */
export function includesOf(text: string | undefined): ReadonlySet<Include> {
  const names = text === undefined ? [] : text.split(',');
  const unknown = names.filter((name) => !isInclude(name));
  if (unknown.length > 0) {
    const detail = `${unknown.map((name) => JSON.stringify(name)).join(', ')} cannot be included; ${INCLUDES_TEXT} can`;
    throw invalidRequest([{ in: 'query', pointer: '/include', detail }]);
  }
  return new Set(names.filter(isInclude).filter((name) => name !== 'lines'));
}

/** A sale changes without its orders' versions, so an answer that shows one may not be kept by anybody. */
export function cacheControlFor(includes: ReadonlySet<Include>): string {
  return includes.has('sale') ? 'no-store' : 'private, no-cache';
}

/**
 * Reads what some orders are to show, by one query for each kind, however many orders there are. The caller may see
 * these orders; what of the included parts is only for owners is left out for others.
 */
export async function readIncluded(
  db: Queryable,
  caller: Caller,
  orders: readonly StoredOrder[],
  includes: ReadonlySet<Include>,
): Promise<(order: StoredOrder) => IncludedResources> {
  const ids = orders.map(({ id }) => id);
  const saleIds = [...new Set(orders.map(({ saleId }) => saleId))];
  const wanted = <Rows>(include: Include, read: () => Promise<Rows>) =>
    includes.has(include) && ids.length > 0 ? read() : undefined;
  const [payments, refunds, history, sales] = await Promise.all([
    wanted('payments', () => findPaymentsOf(db, ids)),
    wanted('refunds', () => findRefundsOf(db, ids)),
    wanted('history', () => findHistoryOf(db, ids)),
    wanted('sale', () => findSaleSummaries(db, saleIds)),
  ]);
  return (order) => {
    const owns = ownsOrder(caller, order);
    const sale = sales?.get(order.saleId);
    return {
      ...(payments && {
        payments: (payments.get(order.id) ?? []).map((payment) =>
          toPaymentResource(owns ? payment : { ...payment, nextActionUrl: null }),
        ),
      }),
      ...(refunds && { refunds: (refunds.get(order.id) ?? []).map(toRefundResource) }),
      ...(history && {
        history: (history.get(order.id) ?? []).map((event) => toHistoryEntryResource(event, order, owns)),
      }),
      ...(sale && { sale: toSaleSummaryResource(sale) }),
    };
  };
}
