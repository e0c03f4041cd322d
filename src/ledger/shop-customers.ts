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
