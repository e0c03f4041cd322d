import { type Static, Type } from 'typebox';
import type { Merchant } from '../../../ledger/merchants.ts';
import { Uuid } from '../../uuid.ts';

export const MerchantResource = Type.Object(
  { id: Uuid, name: Type.String(), createdAt: Type.String({ format: 'date-time' }) },
  { $id: 'Merchant', title: 'Merchant' },
);

export function toMerchantResource(merchant: Merchant): Static<typeof MerchantResource> {
  return { ...merchant, createdAt: merchant.createdAt.toISOString() };
}
