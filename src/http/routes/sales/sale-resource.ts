import { type Static, Type } from 'typebox';
import type { CatalogueItem, CatalogueSale } from '../../../ledger/sale-catalogue.ts';
import { Uuid } from '../../uuid.ts';
import { StepTermsFields } from './step-terms.ts';

const Timestamp = Type.String({ format: 'date-time' });

/** An item's units, as they are shown everywhere. */
export const StockResource = Type.Object(
  {
    capacity: Type.Integer({ description: 'available + held + sold, always.' }),
    available: Type.Integer(),
    held: Type.Integer({ description: 'Kept for unpaid orders.' }),
    sold: Type.Integer(),
  },
  { $id: 'Stock', title: 'Stock' },
);

/** How an item is shown, everywhere. */
export const ItemResource = Type.Object(
  {
    id: Uuid,
    name: Type.String(),
    priceMinor: Type.Integer({ description: "In minor units (cents) of the sale's currency." }),
    limitPerCustomer: Type.Union([Type.Integer(), Type.Null()]),
    version: Type.Integer({ minimum: 1, description: 'Raised by every change of the item, its stock included.' }),
    stock: StockResource,
  },
  { $id: 'Item', title: 'Item' },
);

/** How a sale is shown, everywhere. */
export const SaleResource = Type.Object(
  {
    id: Uuid,
    merchantId: Uuid,
    name: Type.String(),
    status: Type.Enum(['scheduled', 'open', 'paused', 'sold_out', 'closed'], {
      description: "By the database's clock and the stock. It takes orders while it is open.",
    }),
    currency: Type.String({ description: 'ISO 4217.' }),
    opensAt: Timestamp,
    closesAt: Timestamp,
    pausedAt: Type.Union([Timestamp, Type.Null()]),
    fulfillment: Type.Enum(['direct', 'kitchen']),
    ...StepTermsFields,
    test: Type.Boolean({ description: 'A rehearsal: left out of the public list, open to test buyers.' }),
    version: Type.Integer({
      minimum: 1,
      description: "Raised by every change of the sale's or its items' definition, not by stock that moves.",
    }),
    items: Type.Array(ItemResource),
  },
  { $id: 'Sale', title: 'Sale' },
);

export function toItemResource(item: CatalogueItem): Static<typeof ItemResource> {
  const { id, name, priceMinor, limitPerCustomer, version, capacity, available, held, sold } = item;
  return { id, name, priceMinor, limitPerCustomer, version, stock: { capacity, available, held, sold } };
}

export function toSaleResource(sale: CatalogueSale): Static<typeof SaleResource> {
  return {
    id: sale.id,
    merchantId: sale.merchantId,
    name: sale.name,
    status: sale.status,
    currency: sale.currency,
    opensAt: sale.opensAt.toISOString(),
    closesAt: sale.closesAt.toISOString(),
    pausedAt: sale.pausedAt?.toISOString() ?? null,
    fulfillment: sale.fulfillment,
    holdSeconds: sale.holdSeconds,
    retrySeconds: sale.retrySeconds,
    pinSeconds: sale.pinSeconds,
    acceptanceSeconds: sale.acceptanceSeconds,
    test: sale.test,
    version: sale.version,
    items: sale.items.map(toItemResource),
  };
}
