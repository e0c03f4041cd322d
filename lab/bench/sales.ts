import type { Engine } from './engine.ts';
import { CUSTOMERS } from './subject.ts';

/** An open test sale with buyers who may order in it. */
export interface OpenSale {
  id: string;
  itemIds: string[];
  /** With ids, in the same order. */
  tokens: string[];
  buyerIds: string[];
}

/** What a row's sales are like. */
export interface SaleTerms {
  items?: number;
  /** Of each item; more than the longest round can sell if nothing is said. */
  capacity?: number;
  limitPerCustomer?: number;
  buyers?: number;
}

const HOUR_MS = 3_600_000;

/** The most that an item may have. */
const CAPACITY_MAX = 10_000_000;

/** How many calls of the preparation are under way at once. */
const CALLS_AT_ONCE = 8;

/** Makes a merchant and opens so many sales, each with its own share of the customers. */
export async function openSales(engine: Engine, count: number, terms: SaleTerms = {}): Promise<OpenSale[]> {
  const merchant = await engine.call<{ id: string }>('merchants', { name: 'Benchmark' });
  const buyers = Math.ceil(CUSTOMERS / count);
  const sales: OpenSale[] = [];
  while (sales.length < count) {
    const length = Math.min(CALLS_AT_ONCE, count - sales.length);
    const opening = Array.from({ length }, () => openSale(engine, merchant.id, { buyers, ...terms }));
    sales.push(...(await Promise.all(opening)));
  }
  return sales;
}

async function openSale(engine: Engine, merchantId: string, terms: SaleTerms): Promise<OpenSale> {
  const { items = 1, capacity = CAPACITY_MAX, limitPerCustomer, buyers: count = CUSTOMERS } = terms;
  const sale = await engine.call<{ id: string; items: { id: string }[] }>('sales', {
    merchantId,
    name: 'Benchmark',
    currency: 'EUR',
    opensAt: new Date(Date.now() - HOUR_MS).toISOString(),
    closesAt: new Date(Date.now() + 24 * HOUR_MS).toISOString(),
    fulfillment: 'direct',
    // No hold may run out during the round: expiring is another row's business.
    holdSeconds: (12 * HOUR_MS) / 1000,
    test: true,
    items: Array.from({ length: items }, (_, index) => ({
      name: `Hot item ${index + 1}`,
      priceMinor: 4900,
      capacity,
      ...(limitPerCustomer === undefined ? {} : { limitPerCustomer }),
    })),
  });
  const { buyers } = await engine.call<{ buyers: { userId: string; accessToken: string }[] }>('admin/test-buyers', {
    saleId: sale.id,
    count,
  });
  return {
    id: sale.id,
    itemIds: sale.items.map((item) => item.id),
    tokens: buyers.map((buyer) => buyer.accessToken),
    buyerIds: buyers.map((buyer) => buyer.userId),
  };
}

/** The body of an order of one of each item. */
export function orderBody(sale: OpenSale) {
  return { saleId: sale.id, lines: sale.itemIds.map((itemId) => ({ itemId, quantity: 1 })) };
}
