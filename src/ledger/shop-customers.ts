import { type Queryable, statement } from './statement.ts';

// The id follows from the merchant and the name, so whoever comes second finds the row it would have made.
const insert = statement(
  'insert_shop_customer',
  `INSERT INTO shop_customers (id, merchant_id, external_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
);

/** Writes down which of a merchant's customers an id stands for, unless that is known. */
export async function insertShopCustomer(
  db: Queryable,
  customer: { readonly id: string; readonly merchantId: string; readonly externalId: string },
): Promise<void> {
  await db.query(insert, [customer.id, customer.merchantId, customer.externalId]);
}

// The id stays, so that orders and limits still belong to one customer, should the shop ever name it again.
const erase = statement<{ erased_at: Date }>(
  'erase_shop_customer',
  `UPDATE shop_customers
   SET external_id = NULL, erased_at = coalesce(erased_at, date_trunc('milliseconds', clock_timestamp()))
   WHERE id = $1
   RETURNING erased_at`,
);

/** Forgets whom an id stands for, and gives when that was first done; undefined when the ledger never knew the id. */
export async function eraseShopCustomer(transaction: Queryable, customerId: string): Promise<Date | undefined> {
  const [row] = await transaction.query(erase, [customerId]);
  return row?.erased_at;
}
