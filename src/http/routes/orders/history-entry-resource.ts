import { type Static, Type } from 'typebox';
import { ORDER_STATUSES } from '../../../domain/order.ts';
import type { StepDetails } from '../../../domain/order-facts.ts';
import type { OrderEvent } from '../../../ledger/read-history.ts';
import type { StoredOrder } from '../../../ledger/read-orders.ts';

/** How one row of an order's history is shown. Who it was is told by role only. */
export const HistoryEntryResource = Type.Object(
  {
    version: Type.Integer({ minimum: 1, description: 'The version of the order that it made.' }),
    type: Type.String(),
    status: Type.Enum([...ORDER_STATUSES], { description: "The order's status after it." }),
    occurredAt: Type.String({ format: 'date-time' }),
    by: Type.Enum(['customer', 'merchant', 'courier', 'operator', 'system']),
    cause: Type.Union([Type.String(), Type.Null()], { description: 'The intent, or what made the engine do it.' }),
    details: Type.Union([Type.Object({}, { additionalProperties: true }), Type.Null()], {
      description: 'What it was about (a payment, refunds, a reason), as it was then.',
    }),
  },
  { $id: 'HistoryEntry', title: 'HistoryEntry' },
);

type HistoryEntry = Static<typeof HistoryEntryResource>;

/** `forOwner`: only the owner is shown where to authenticate a payment. */
export function toHistoryEntryResource(event: OrderEvent, order: StoredOrder, forOwner: boolean): HistoryEntry {
  const { version, type, status, occurredAt, cause, details } = event;
  return {
    version,
    type,
    status,
    occurredAt: occurredAt.toISOString(),
    by: roleIn(event, order),
    cause,
    details: details === null || forOwner ? details : withoutNextAction(details),
  };
}

/** A shop's back end acts as the owner of the orders that it placed for its customers; it is shown as the merchant. */
function roleIn({ type, actorRole, actorId }: OrderEvent, { customerId, placedBy }: StoredOrder): HistoryEntry['by'] {
  if (actorRole === null) {
    if (type !== 'order.placed') return 'system';
    return placedBy === customerId ? 'customer' : 'merchant';
  }
  if (actorRole !== 'owner') return actorRole;
  return actorId === customerId ? 'customer' : 'merchant';
}

function withoutNextAction({ payment, ...rest }: StepDetails): StepDetails {
  return payment === undefined ? rest : { ...rest, payment: { ...payment, nextActionUrl: null } };
}
