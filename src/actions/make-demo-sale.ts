import { randomUUIDv7 } from 'node:crypto';
import type { Database } from '../ledger/database.ts';
import { claimFirstUse, insertMerchant } from '../ledger/merchants.ts';
import { createSale } from './create-sale.ts';

const DAY_MS = 86_400_000;

/** Fills a ledger that was never used with a sale to try things on. False when it was used before. */
export async function makeDemoSale(database: Database): Promise<boolean> {
  return database.transaction(async (transaction) => {
    if (!(await claimFirstUse(transaction))) return false;
    const merchant = await insertMerchant(transaction, { id: randomUUIDv7(), name: 'Demo shop' });
    const now = Date.now();
    await createSale(
      transaction,
      {
        id: randomUUIDv7(),
        merchantId: merchant.id,
        name: 'Demo drop',
        currency: 'EUR',
        opensAt: new Date(now),
        closesAt: new Date(now + 30 * DAY_MS),
        fulfillment: 'direct',
        holdSeconds: 300,
        test: false,
      },
      [
        { id: randomUUIDv7(), name: 'Signed print', priceMinor: 4_900, limitPerCustomer: 2, capacity: 100 },
        { id: randomUUIDv7(), name: 'Poster', priceMinor: 1_500, limitPerCustomer: null, capacity: 1_000 },
      ],
    );
    return true;
  });
}
