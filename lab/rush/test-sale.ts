import type { Body, Sale } from '../../client/src/index.ts';
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

/** Makes the sale that the rehearsal runs on, open now and marked as a test. @throws OperatorError, DoorbusterError */
export async function makeTestSale(operator: Operator, wish: TestSaleWish): Promise<SaleState> {
  const draft =
    wish.copyOf === undefined ? await draftFresh(operator, wish) : await draftCopy(operator, wish.copyOf, wish);
  const now = Date.now();
  const sale = await operator.sales.create({
    ...draft,
    opensAt: new Date(now - HOUR_MS).toISOString(),
    closesAt: new Date(now + 24 * HOUR_MS).toISOString(),
    holdSeconds: HOLD_SECONDS,
    test: true,
  });
  return expectSale(sale);
}

type Draft = Omit<Body<'createSale'>, 'opensAt' | 'closesAt' | 'holdSeconds' | 'test'>;

async function draftFresh(operator: Operator, wish: TestSaleWish): Promise<Draft> {
  const merchant = await operator.merchants.create({ name: 'Rehearsal' }, { idempotencyKey: MERCHANT_KEY });
  const limit = wish.limit ?? LIMIT_DEFAULT;
  const item = { name: 'Rehearsal item', priceMinor: 4900, capacity: wish.stock ?? STOCK_DEFAULT };
  return {
    merchantId: merchant.id,
    name: 'Rehearsal',
    currency: 'EUR',
    fulfillment: 'direct',
    items: [{ ...item, ...(limit > 0 && { limitPerCustomer: limit }) }],
  };
}

async function draftCopy(operator: Operator, named: string, wish: TestSaleWish): Promise<Draft> {
  const original = await findSale(operator, named);
  return {
    merchantId: original.merchantId,
    name: `Rehearsal of ${original.name}`.slice(0, 100),
    currency: original.currency,
    fulfillment: original.fulfillment,
    items: original.items.map(({ name, priceMinor, limitPerCustomer, stock }) => {
      const limit = wish.limit ?? limitPerCustomer ?? 0;
      return {
        name,
        priceMinor,
        capacity: wish.stock ?? stock.capacity,
        ...(limit > 0 && { limitPerCustomer: limit }),
      };
    }),
  };
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

async function findSale(operator: Operator, named: string): Promise<Sale> {
  if (UUID.test(named)) return operator.sales.get(named);
  for await (const { id, name } of operator.sales.list({ limit: 100 })) {
    if (name === named) return operator.sales.get(id);
  }
  throw new OperatorError(`there is no sale with the id or name "${named}"`);
}

function expectSale(content: unknown): SaleState {
  const sale = readSaleState(content);
  if (sale === undefined) throw new OperatorError(`the engine's answer is not a sale: ${JSON.stringify(content)}`);
  return sale;
}

/** The most buyers that one call makes. */
const BUYERS_PER_CALL = 10_000;

/** Makes buyers who may order in this sale only. @throws OperatorError, DoorbusterError */
export async function makeBuyers(operator: Operator, saleId: string, count: number): Promise<Buyer[]> {
  const all: Buyer[] = [];
  while (all.length < count) {
    const wanted = Math.min(count - all.length, BUYERS_PER_CALL);
    const { buyers } = await operator.admin.makeTestBuyers({ saleId, count: wanted });
    // Tokens are shown once: when that answer was lost, its repeat has none, and others are made.
    for (const { userId, accessToken } of buyers) if (accessToken !== null) all.push({ userId, accessToken });
    if (buyers.length !== wanted) throw new OperatorError(`the engine made no ${wanted} test buyers`);
  }
  return all;
}
