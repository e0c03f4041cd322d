import { createHmac } from 'node:crypto';
import { getCollectionSecret } from '../ledger/collection-secret.ts';
import type { Queryable } from '../ledger/statement.ts';

const DIGITS = 6;
/** Bytes that are read as one number: far more than the digits tell, so that every code is as likely as any other. */
const NUMBER_BYTES = 6;

/**
 * The code by which an order's owner collects it: six digits of HMAC-SHA256 over the order's id. Who knows the id but
 * not the secret can only guess, and it is the same in every process and after every restart.
 */
export function collectionCodeOf(secret: Buffer, orderId: string): string {
  const number = createHmac('sha256', secret).update(orderId.toLowerCase()).digest().readUIntBE(0, NUMBER_BYTES);
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0');
}

/** Tells the code of an order. */
export type CollectionCodes = (orderId: string) => Promise<string>;

/** Codes by the ledger's own secret, which is read once. A failed reading is not remembered. */
export function createCollectionCodes(database: Queryable): CollectionCodes {
  let secret: Promise<Buffer> | undefined;
  return async (orderId) => {
    secret ??= getCollectionSecret(database).catch((error: unknown) => {
      secret = undefined;
      throw error;
    });
    return collectionCodeOf(await secret, orderId);
  };
}
