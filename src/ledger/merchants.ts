import { ID_MIN } from './id-range.ts';
import { type Queryable, statement } from './statement.ts';

/** A shop that owns sales. */
export interface Merchant {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
}

interface MerchantRow {
  id: string;
  name: string;
  created_at: Date;
}

const toMerchant = (row: MerchantRow): Merchant => ({ id: row.id, name: row.name, createdAt: row.created_at });

const insert = statement<MerchantRow>(
  'insert_merchant',
  'INSERT INTO merchants (id, name) VALUES ($1, $2) RETURNING id, name, created_at',
);

export async function insertMerchant(db: Queryable, merchant: Pick<Merchant, 'id' | 'name'>): Promise<Merchant> {
  const [row] = await db.query(insert, [merchant.id, merchant.name]);
  if (row === undefined) throw new Error('A merchant was inserted and not returned.');
  return toMerchant(row);
}

const read = statement<MerchantRow>('read_merchant', 'SELECT id, name, created_at FROM merchants WHERE id = $1');

export async function findMerchant(db: Queryable, merchantId: string): Promise<Merchant | undefined> {
  const [row] = await db.query(read, [merchantId]);
  return row && toMerchant(row);
}

const list = statement<MerchantRow>(
  'list_merchants',
  `SELECT id, name, created_at FROM merchants
   WHERE ($1::uuid[] IS NULL OR id = ANY ($1)) AND id > $2 ORDER BY id LIMIT $3`,
);

/** Merchants in the order they were made, after an id; of these ids only, or all of them. */
export async function listMerchants(
  db: Queryable,
  among: readonly string[] | 'all',
  afterId: string | undefined,
  limit: number,
): Promise<Merchant[]> {
  const ids = among === 'all' ? null : [...among];
  const rows = await db.query(list, [ids, afterId ?? ID_MIN, limit]);
  return rows.map(toMerchant);
}

// Two engines that start at once on a new ledger: the lock on the ledger's own row lets one look at a time.
const lockLedger = statement('lock_ledger', 'SELECT FROM ledger FOR UPDATE');
const anyMerchant = statement<{ found: boolean }>('find_any_merchant', 'SELECT true AS found FROM merchants LIMIT 1');

/** Whether this ledger has never had a merchant. Until the transaction ends nobody else finds it so. */
export async function claimFirstUse(transaction: Queryable): Promise<boolean> {
  await transaction.query(lockLedger);
  const [merchant] = await transaction.query(anyMerchant);
  return merchant === undefined;
}
