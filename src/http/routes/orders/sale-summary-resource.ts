import { type Static, Type } from 'typebox';
import type { SaleSummary } from '../../../ledger/read-sale-summaries.ts';
import { Uuid } from '../../uuid.ts';

const Timestamp = Type.String({ format: 'date-time' });

/** How an order shows its sale, as it is now. */
export const SaleSummaryResource = Type.Object(
  {
    id: Uuid,
    merchantId: Uuid,
    name: Type.String(),
    currency: Type.String(),
    fulfillment: Type.Enum(['direct', 'kitchen']),
    opensAt: Timestamp,
    closesAt: Timestamp,
  },
  { $id: 'SaleSummary', title: 'SaleSummary' },
);

export function toSaleSummaryResource(sale: SaleSummary): Static<typeof SaleSummaryResource> {
  const { id, merchantId, name, currency, fulfillment, opensAt, closesAt } = sale;
  return {
    id,
    merchantId,
    name,
    currency,
    fulfillment,
    opensAt: opensAt.toISOString(),
    closesAt: closesAt.toISOString(),
  };
}
