import { hash } from 'node:crypto';
import { insertShopCustomer } from '../ledger/shop-customers.ts';
import type { Queryable } from '../ledger/statement.ts';
import { createBoundedMemory } from '../operations/bounded-memory.ts';

/** Customers whose rows this process knows to be there. One that was forgotten costs a statement, nothing else. */
const REMEMBERED_MAX = 100_000;

/**
 * The id of a merchant's customer, by the shop's own name for it. It is computed, not looked up: a UUID of version 8
 * (RFC 9562 § 5.8) from the SHA-256 of both, so that every process gives one customer one id, and the limits per
 * customer count right, without asking.
 */
export function shopCustomerId(merchantId: string, externalId: string): string {
  const digest = hash('sha256', `shop-customer\n${merchantId}\n${externalId}`, 'hex');
  const variant = ((Number.parseInt(digest.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-');
}

/**
 * Finds the id of a merchant's customer and sees to it that the ledger knows whom it stands for. The row is written
 * when a process first meets a customer; after that the id is given at once.
 */
export function createFindShopCustomer(
  database: Queryable,
): (merchantId: string, externalId: string) => string | Promise<string> {
  const known = createBoundedMemory<true>(REMEMBERED_MAX);

  async function introduce(id: string, merchantId: string, externalId: string): Promise<string> {
    await insertShopCustomer(database, { id, merchantId, externalId });
    known.set(id, true);
    return id;
  }

  return (merchantId, externalId) => {
    const id = shopCustomerId(merchantId, externalId);
    return known.get(id) === true ? id : introduce(id, merchantId, externalId);
  };
}
