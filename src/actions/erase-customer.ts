import { eraseAccount, lockAccountToErase } from '../ledger/accounts.ts';
import { deleteMemberships } from '../ledger/members.ts';
import { clearOrderNotes } from '../ledger/order-notes.ts';
import { eraseShopCustomer } from '../ledger/shop-customers.ts';
import type { Queryable } from '../ledger/statement.ts';
import { deleteAnswersAbout } from '../ledger/stored-answers.ts';
import { shopCustomerId } from './find-shop-customer.ts';

export type EraseAccountOutcome =
  | { readonly outcome: 'erased'; readonly erasedAt: Date }
  | { readonly outcome: 'unknown-account' }
  /** Operators answer for what they did. */
  | { readonly outcome: 'is-operator' };

/**
 * Erases what is personal of an account: e-mail, name, password, memberships, and what shops noted on its orders. The
 * id stays, so orders, money and history are whole. Tokens that it has are good until they expire; to erase again
 * clears what came since.
 */
export async function eraseAccountHolder(transaction: Queryable, accountId: string): Promise<EraseAccountOutcome> {
  const role = await lockAccountToErase(transaction, accountId);
  if (role === undefined) return { outcome: 'unknown-account' };
  if (role === 'operator') return { outcome: 'is-operator' };
  await deleteMemberships(transaction, accountId);
  const erasedAt = await eraseAccount(transaction, accountId);
  await eraseTraces(transaction, accountId);
  return { outcome: 'erased', erasedAt };
}

/** Erases a merchant's customer, by the shop's own name for it; undefined when it has never ordered. */
export async function eraseMerchantCustomer(
  transaction: Queryable,
  merchantId: string,
  externalId: string,
): Promise<{ readonly customerId: string; readonly erasedAt: Date } | undefined> {
  const customerId = shopCustomerId(merchantId, externalId);
  const erasedAt = await eraseShopCustomer(transaction, customerId);
  if (erasedAt === undefined) return undefined;
  await eraseTraces(transaction, customerId);
  return { customerId, erasedAt };
}

async function eraseTraces(transaction: Queryable, customerId: string): Promise<void> {
  await clearOrderNotes(transaction, customerId);
  await deleteAnswersAbout(transaction, customerId);
}
