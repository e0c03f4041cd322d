import { type Static, Type } from 'typebox';
import { ORDER_STATUSES, type Order, type OrderStatus } from '../../../domain/order.ts';
import { Uuid } from '../../uuid.ts';
import { HistoryEntryResource } from './history-entry-resource.ts';
import { PaymentResource } from './payment-resource.ts';
import { RefundResource } from './refund-resource.ts';
import { SaleSummaryResource } from './sale-summary-resource.ts';

const Timestamp = Type.String({ format: 'date-time' });

/** How an order is shown, everywhere. */
export const OrderResource = Type.Object(
  {
    id: Uuid,
    saleId: Uuid,
    userId: Uuid,
    status: Type.Enum([...ORDER_STATUSES]),
    version: Type.Integer({ minimum: 1, description: 'Raised by one with every change; the ETag carries it.' }),
    arrival: Type.Integer({
      minimum: 1,
      description: "The order's number among the accepted orders of its sale, in the order in which they were decided.",
    }),
    currency: Type.String(),
    totalMinor: Type.Integer({ description: 'In minor units (cents).' }),
    lines: Type.Array(
      Type.Object({
        itemId: Uuid,
        name: Type.String(),
        quantity: Type.Integer(),
        unitPriceMinor: Type.Integer(),
        totalMinor: Type.Integer(),
      }),
    ),
    reference: Type.Union([Type.String(), Type.Null()]),
    metadata: Type.Union([Type.Object({}, { additionalProperties: true }), Type.Null()]),
    placedAt: Timestamp,
    payBy: Type.Union([Timestamp, Type.Null()], {
      description: 'Until then the stock is held for an unpaid order, or was. Null once it is paid or cancelled.',
    }),
    acceptBy: Type.Union([Timestamp, Type.Null()], {
      description: 'Until then the kitchen may accept it. Null while it does not wait for that.',
    }),
    payments: Type.Optional(
      Type.Array(PaymentResource, { description: 'With include=payments: the attempts, the oldest first.' }),
    ),
    refunds: Type.Optional(Type.Array(RefundResource, { description: 'With include=refunds: the oldest first.' })),
    history: Type.Optional(
      Type.Array(HistoryEntryResource, { description: 'With include=history: one entry for each version.' }),
    ),
    sale: Type.Optional(SaleSummaryResource),
  },
  { $id: 'Order', title: 'Order' },
);

type OrderShown = Static<typeof OrderResource>;

const UNPAID: readonly OrderStatus[] = ['pending_payment', 'payment_processing', 'expired'];

/** What an order shows beside itself where it is asked for. */
export type IncludedResources = Pick<OrderShown, 'payments' | 'refunds' | 'history' | 'sale'>;

export function toOrderResource(order: Omit<Order, 'merchantId'>, included?: IncludedResources): OrderShown {
  const { status, payBy, acceptBy } = order;
  const unpaid = UNPAID.includes(status);
  return {
    id: order.id,
    saleId: order.saleId,
    userId: order.customerId,
    status,
    version: order.version,
    arrival: order.arrival,
    currency: order.currency,
    totalMinor: order.totalMinor,
    lines: order.lines.map(({ itemId, name, quantity, unitPriceMinor }) => ({
      itemId,
      name,
      quantity,
      unitPriceMinor,
      totalMinor: unitPriceMinor * quantity,
    })),
    reference: order.reference,
    metadata: order.metadata === null ? null : (JSON.parse(order.metadata) as Record<string, unknown>),
    placedAt: order.placedAt.toISOString(),
    payBy: unpaid ? (payBy?.toISOString() ?? null) : null,
    acceptBy: status === 'pending_acceptance' ? (acceptBy?.toISOString() ?? null) : null,
    ...included,
  };
}
