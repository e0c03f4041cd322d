import { randomUUIDv7 } from 'node:crypto';
import type { Queryable } from '../ledger/statement.ts';
import { insertTestBuyers } from '../ledger/test-buyers.ts';

/** The most buyers one call makes. */
export const TEST_BUYERS_MAX = 10_000;

/** Makes buyers for a rehearsal, without passwords. Their ids. The caller knows that the sale is a test. */
export async function makeTestBuyers(transaction: Queryable, saleId: string, count: number): Promise<string[]> {
  const accountIds = Array.from({ length: count }, () => randomUUIDv7());
  await insertTestBuyers(transaction, saleId, accountIds);
  return accountIds;
}
