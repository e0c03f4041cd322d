import { asMembers } from '../checker/order-state.ts';
import type { SaleState } from '../checker/sale-state.ts';
import { readSaleState } from '../checker/sale-state.ts';
import type { Buyer } from './buyer.ts';
import { type Operator, OperatorError } from './operator.ts';

/** What the test sale is to be. Of a copy, what is left out stays as it is in the original. */
export interface TestSaleWish {
  /** Id or exact name of a real sale to copy; a fresh sale of one item without. */
  readonly copyOf?: string | undefined;
  /** Units of each item. */
  readonly stock?: number | undefined;
  /** Units of each item that one customer may have; 0 for no limit. */
  readonly limit?: number | undefined;
}

const HOUR_MS = 3_600_000;

/** No hold may run out during a rehearsal: what is judged at the end is what was promised. The longest sale is a day. */
const HOLD_SECONDS = 12 * 3_600;

export const STOCK_DEFAULT = 500;
export const LIMIT_DEFAULT = 2;

/** One merchant for all rehearsals on an engine: the key makes the same request the same merchant. */
const MERCHANT_KEY = 'doorbuster-rehearsal-merchant';

/** Makes the sale that the rehearsal runs on, open now and marked as a test. @throws OperatorError */
export async function makeTestSale(operator: Operator, wish: TestSaleWish): Promise<SaleState> {
  const draft =
    wish.copyOf === undefined ? await draftFresh(operator, wish) : await draftCopy(operator, wish.copyOf, wish);
  const now = Date.now();
  const { content } = await operator.post('/sales', {
    ...draft,
    opensAt: new Date(now - HOUR_MS).toISOString(),
    closesAt: new Date(now + 24 * HOUR_MS).toISOString(),
    holdSeconds: HOLD_SECONDS,
    test: true,
  });
  return expectSale(content);
}

async function draftFresh(operator: Operator, wish: TestSaleWish): Promise<object> {
  const { content } = await operator.post('/merchants', { name: 'Rehearsal' }, MERCHANT_KEY);
  const limit = wish.limit ?? LIMIT_DEFAULT;
  const item = { name: 'Rehearsal item', priceMinor: 4900, capacity: wish.stock ?? STOCK_DEFAULT };
  return {
    merchantId: asMembers(content)?.['id'],
    name: 'Rehearsal',
    currency: 'EUR',
    fulfillment: 'direct',
    items: [{ ...item, ...(limit > 0 && { limitPerCustomer: limit }) }],
  };
}

async function draftCopy(operator: Operator, named: string, wish: TestSaleWish): Promise<object> {
  const content = await findSale(operator, named);
  const original = expectSale(content);
  const { merchantId, name, fulfillment } = asMembers(content) ?? {};
  return {
    merchantId,
    name: `Rehearsal of ${name}`.slice(0, 100),
    currency: original.currency,
    fulfillment,
    items: original.items.map((item) => {
      const limit = wish.limit ?? item.limitPerCustomer ?? 0;
      const { capacity } = item.stock;
      const stays = { name: item.name, priceMinor: item.priceMinor };
      return { ...stays, capacity: wish.stock ?? capacity, ...(limit > 0 && { limitPerCustomer: limit }) };
    }),
  };
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

async function findSale(operator: Operator, named: string): Promise<unknown> {
  if (UUID.test(named)) return (await operator.get(`/sales/${named}`)).content;
  let cursor = '';
  do {
    const page = asMembers((await operator.get(`/sales?limit=100${cursor}`)).content);
    const sales = Array.isArray(page?.['data']) ? page['data'] : [];
    const match = sales.find((sale: unknown) => asMembers(sale)?.['name'] === named);
    if (match !== undefined) return (await operator.get(`/sales/${asMembers(match)?.['id']}`)).content;
    const next = page?.['nextCursor'];
    cursor = typeof next === 'string' ? `&cursor=${encodeURIComponent(next)}` : '';
  } while (cursor !== '');
  throw new OperatorError(`there is no sale with the id or name "${named}"`);
}

function expectSale(content: unknown): SaleState {
  const sale = readSaleState(content);
  if (sale === undefined) throw new OperatorError(`the engine's answer is not a sale: ${JSON.stringify(content)}`);
  return sale;
}

/** The most buyers that one call makes. */
const BUYERS_PER_CALL = 10_000;

/** Makes buyers who may order in this sale only. @throws OperatorError */
export async function makeBuyers(operator: Operator, saleId: string, count: number): Promise<Buyer[]> {
  const buyers: Buyer[] = [];
  while (buyers.length < count) {
    const wanted = Math.min(count - buyers.length, BUYERS_PER_CALL);
    const { content } = await operator.post('/admin/test-buyers', { saleId, count: wanted });
    const made = asMembers(content)?.['buyers'];
    if (!Array.isArray(made) || made.length !== wanted) {
      throw new OperatorError(`the engine made no ${wanted} test buyers`);
    }
    for (const buyer of made) buyers.push(expectBuyer(buyer));
  }
  return buyers;
}

function expectBuyer(value: unknown): Buyer {
  const { userId, accessToken } = asMembers(value) ?? {};
  if (typeof userId === 'string' && typeof accessToken === 'string') return { userId, accessToken };
  throw new OperatorError("the engine's answer holds no test buyers");
}
