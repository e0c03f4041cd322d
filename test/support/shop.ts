import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Answer, newCustomer, type RequestOptions, send } from './client.ts';

export interface ItemTerms {
  name?: string;
  priceMinor?: number;
  capacity?: number;
  limitPerCustomer?: number | null;
}

export interface SaleTerms {
  name?: string;
  currency?: string;
  opensAt?: string;
  closesAt?: string;
  fulfillment?: 'direct' | 'kitchen';
  holdSeconds?: number;
  retrySeconds?: number;
  pinSeconds?: number;
  acceptanceSeconds?: number;
  test?: boolean;
  items?: ItemTerms[];
}

export interface Sale {
  id: string;
  items: { id: string; version: number; stock: { capacity: number; available: number; held: number; sold: number } }[];
}

/** A signed-in operator with a merchant, and short ways to do what most tests need. */
export interface Shop {
  readonly url: string;
  readonly operatorToken: string;
  readonly merchantId: string;
  /** Makes a sale that is open now, unless told otherwise. */
  createSale(terms?: SaleTerms): Promise<Sale>;
  readSale(saleId: string): Promise<Sale>;
  /** Orders one unit of the sale's first item, as a new customer with a new key, unless told otherwise. */
  order(sale: Sale, options?: RequestOptions & { lines?: unknown; quantity?: number }): Promise<Answer>;
}

const HOUR_MS = 3_600_000;

/** Signs the first operator in and makes a merchant. `url` may change when an engine is started again. */
export async function createShop(url: string): Promise<Shop> {
  const session = await send('POST', `${url}/api/v1/sessions`, {
    body: { email: 'operator@example.com', password: 'doorbuster-development' },
  });
  assert.equal(session.status, 201, session.text);
  const operatorToken = session.json.accessToken as string;
  const merchant = await send('POST', `${url}/api/v1/merchants`, {
    token: operatorToken,
    key: 'auto',
    body: { name: 'Test shop' },
  });
  assert.equal(merchant.status, 201, merchant.text);
  const merchantId = merchant.json.id as string;

  return {
    url,
    operatorToken,
    merchantId,
    async createSale(terms = {}) {
      const answer = await send('POST', `${url}/api/v1/sales`, {
        token: operatorToken,
        key: 'auto',
        body: saleBody(merchantId, terms),
      });
      assert.equal(answer.status, 201, answer.text);
      return answer.json;
    },
    async readSale(saleId) {
      const answer = await send('GET', `${url}/api/v1/sales/${saleId}`);
      assert.equal(answer.status, 200, answer.text);
      return answer.json;
    },
    order(sale, { lines, quantity = 1, ...options } = {}) {
      return send('POST', `${url}/api/v1/orders`, {
        token: options.token ?? newCustomer().token,
        key: randomUUID(),
        body: { saleId: sale.id, lines: lines ?? [{ itemId: sale.items[0]?.id, quantity }] },
        ...options,
      });
    },
  };
}

/** What POST /api/v1/sales takes. */
export function saleBody(merchantId: string, terms: SaleTerms = {}): Record<string, unknown> {
  const { items = [{}], ...rest } = terms;
  return {
    merchantId,
    name: 'Drop',
    currency: 'EUR',
    opensAt: new Date(Date.now() - HOUR_MS).toISOString(),
    closesAt: new Date(Date.now() + HOUR_MS).toISOString(),
    fulfillment: 'direct',
    ...rest,
    items: items.map((item) => ({ name: 'Poster', priceMinor: 1_500, capacity: 10, ...item })),
  };
}
