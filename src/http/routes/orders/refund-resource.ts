import { type Static, Type } from 'typebox';
import { REFUND_STATUSES, type Refund } from '../../../domain/payment.ts';
import { Uuid } from '../../uuid.ts';

const Timestamp = Type.String({ format: 'date-time' });

/** How a refund is shown, everywhere. */
export const RefundResource = Type.Object(
  {
    id: Uuid,
    paymentId: Uuid,
    status: Type.Enum([...REFUND_STATUSES]),
    amountMinor: Type.Integer({ description: 'In minor units (cents).' }),
    cause: Type.Enum(['requested', 'cancellation', 'rejection', 'late_payment', 'duplicate_payment']),
    reason: Type.Union([Type.String(), Type.Null()]),
    lines: Type.Array(
      Type.Object({
        itemId: Uuid,
        quantity: Type.Integer(),
        restocked: Type.Integer({ description: 'Units that went back on sale with it.' }),
      }),
      { description: 'Empty where it is not for certain lines.' },
    ),
    createdAt: Timestamp,
    settledAt: Type.Union([Timestamp, Type.Null()]),
  },
  { $id: 'Refund', title: 'Refund' },
);

export function toRefundResource(refund: Refund): Static<typeof RefundResource> {
  const { id, paymentId, status, amountMinor, cause, reason, lines } = refund;
  return {
    id,
    paymentId,
    status,
    amountMinor,
    cause,
    reason,
    lines: lines.map(({ itemId, quantity, restocked }) => ({ itemId, quantity, restocked })),
    createdAt: refund.createdAt.toISOString(),
    settledAt: refund.settledAt?.toISOString() ?? null,
  };
}
