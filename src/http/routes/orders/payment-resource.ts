import { type Static, Type } from 'typebox';
import { PAYMENT_STATUSES, type Payment } from '../../../domain/payment.ts';
import { Uuid } from '../../uuid.ts';

const Timestamp = Type.String({ format: 'date-time' });

/** How an attempt to pay is shown, everywhere. */
export const PaymentResource = Type.Object(
  {
    id: Uuid,
    status: Type.Enum([...PAYMENT_STATUSES]),
    amountMinor: Type.Integer({ description: 'In minor units (cents).' }),
    capturedMinor: Type.Integer({ description: 'Nothing or all of it. Refunds are not deducted.' }),
    currency: Type.String(),
    provider: Type.String(),
    nextAction: Type.Union([Type.Object({ type: Type.Enum(['redirect']), url: Type.String() }), Type.Null()], {
      description: 'What the customer must do at the provider. Shown to the owner of the order only.',
    }),
    declineCode: Type.Union([Type.String(), Type.Null()]),
    createdAt: Timestamp,
    settledAt: Type.Union([Timestamp, Type.Null()]),
  },
  { $id: 'Payment', title: 'Payment' },
);

/** As its owner sees it. Others get it without `nextActionUrl`. */
export function toPaymentResource(payment: Payment): Static<typeof PaymentResource> {
  const { id, status, amountMinor, capturedMinor, currency, provider, nextActionUrl, declineCode } = payment;
  return {
    id,
    status,
    amountMinor,
    capturedMinor,
    currency,
    provider,
    nextAction: nextActionUrl === null ? null : { type: 'redirect', url: nextActionUrl },
    declineCode,
    createdAt: payment.createdAt.toISOString(),
    settledAt: payment.settledAt?.toISOString() ?? null,
  };
}
