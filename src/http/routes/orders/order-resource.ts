import { type Static, Type } from 'typebox';
import { ORDER_STATUSES, type Order } from '../../../domain/order.ts';
import { Uuid } from '../../uuid.ts';

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
    payBy: Type.Union([Timestamp, Type.Null()], { description: 'Until then the stock is held for an unpaid order.' }),
  },
  { $id: 'Order', title: 'Order' },
);

export function toOrderResource(order: Omit<Order, 'merchantId'>): Static<typeof OrderResource> {
  return {
    id: order.id,
    saleId: order.saleId,
    userId: order.customerId,
    status: order.status,
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
    payBy: order.payBy?.toISOString() ?? null,
  };
}
