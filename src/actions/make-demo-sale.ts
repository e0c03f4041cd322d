import { randomUUIDv7 } from 'node:crypto';
import type { Fulfillment } from '../domain/sale.ts';
import { STEP_TERMS_DEFAULT } from '../domain/sale-terms.ts';
import type { Database } from '../ledger/database.ts';
import { claimFirstUse, insertMerchant } from '../ledger/merchants.ts';
import type { NewItem } from '../ledger/sale-catalogue.ts';
import { createSale } from './create-sale.ts';

const DAY_MS = 86_400_000;

/** One sale of each kind of fulfillment. */
const DEMO_SALES: readonly { name: string; fulfillment: Fulfillment; items: readonly Omit<NewItem, 'id'>[] }[] = [
  {
    name: 'Demo drop',
    fulfillment: 'direct',
    items: [
      { name: 'Signed print', priceMinor: 4_900, limitPerCustomer: 2, capacity: 100 },
      { name: 'Poster', priceMinor: 1_500, limitPerCustomer: null, capacity: 1_000 },
    ],
  },
  {
    name: 'Demo lunch',
    fulfillment: 'kitchen',
    items: [
      { name: 'Lentil soup', priceMinor: 690, limitPerCustomer: null, capacity: 80 },
      { name: 'Mushroom risotto', priceMinor: 1_290, limitPerCustomer: null, capacity: 40 },
      { name: 'Lemon tart', priceMinor: 450, limitPerCustomer: 2, capacity: 25 },
    ],
  },
];

/** Fills a ledger that was never used with sales to try things on. False when it was used before. */
export async function makeDemoSale(database: Database): Promise<boolean> {
  return database.transaction(async (transaction) => {
    if (!(await claimFirstUse(transaction))) return false;
    const merchant = await insertMerchant(transaction, { id: randomUUIDv7(), name: 'Demo shop' });
    const now = Date.now();
    for (const { items, ...sale } of DEMO_SALES) {
      await createSale(
        transaction,
        {
          ...sale,
          ...STEP_TERMS_DEFAULT,
          id: randomUUIDv7(),
          merchantId: merchant.id,
          currency: 'EUR',
          opensAt: new Date(now),
          closesAt: new Date(now + 30 * DAY_MS),
          test: false,
        },
        items.map((item) => ({ ...item, id: randomUUIDv7() })),
      );
    }
    return true;
  });
}
