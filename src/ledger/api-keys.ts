import { ID_MIN } from './id-range.ts';
import { type Queryable, statement } from './statement.ts';

/** A key of a shop's own back end, without its secret, which is nowhere kept. */
export interface ApiKey {
  readonly id: string;
  readonly merchantId: string;
  readonly name: string;
  readonly createdAt: Date;
  /** Null while the key is good. */
  readonly revokedAt: Date | null;
}

interface ApiKeyRow {
  id: string;
  merchant_id: string;
  name: string;
  created_at: Date;
  revoked_at: Date | null;
}

const COLUMNS = 'id, merchant_id, name, created_at, revoked_at';

const toApiKey = (row: ApiKeyRow): ApiKey => ({
  id: row.id,
  merchantId: row.merchant_id,
  name: row.name,
  createdAt: row.created_at,
  revokedAt: row.revoked_at,
});

const insert = statement<ApiKeyRow>(
  'insert_api_key',
  `INSERT INTO api_keys (id, merchant_id, name, secret_hash, created_by)
   VALUES ($1, $2, $3, decode($4, 'hex'), $5)
   RETURNING ${COLUMNS}`,
);

/** Makes a key for a merchant that exists. `secretHash` is the SHA-256 of its secret, hex. */
export async function insertApiKey(
  db: Queryable,
  key: {
    readonly id: string;
    readonly merchantId: string;
    readonly name: string;
    readonly secretHash: string;
    readonly createdBy: string;
  },
): Promise<ApiKey> {
  const { id, merchantId, name, secretHash, createdBy } = key;
  const [row] = await db.query(insert, [id, merchantId, name, secretHash, createdBy]);
  if (row === undefined) throw new Error('An API key was inserted and not returned.');
  return toApiKey(row);
}

const readGood = statement<ApiKeyRow>(
  'read_good_api_key',
  `SELECT ${COLUMNS} FROM api_keys WHERE secret_hash = decode($1, 'hex') AND revoked_at IS NULL`,
);

/** The key of a secret, by its SHA-256 in hex, unless it was revoked. */
export async function findGoodApiKey(db: Queryable, secretHash: string): Promise<ApiKey | undefined> {
  const [row] = await db.query(readGood, [secretHash]);
  return row && toApiKey(row);
}

const list = statement<ApiKeyRow>(
  'list_api_keys',
  `SELECT ${COLUMNS} FROM api_keys WHERE merchant_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
);

/** A merchant's keys in the order they were made, revoked ones too, after an id. */
export async function listApiKeys(
  db: Queryable,
  merchantId: string,
  afterId: string | undefined,
  limit: number,
): Promise<ApiKey[]> {
  const rows = await db.query(list, [merchantId, afterId ?? ID_MIN, limit]);
  return rows.map(toApiKey);
}

// The first revocation is the one that counts: a repeat leaves its time alone.
const revoke = statement<{ id: string }>(
  'revoke_api_key',
  `UPDATE api_keys SET revoked_at = coalesce(revoked_at, clock_timestamp())
   WHERE merchant_id = $1 AND id = $2 RETURNING id`,
);

/** Revokes a merchant's key, once or again. False when the merchant has no such key. */
export async function revokeApiKey(db: Queryable, merchantId: string, apiKeyId: string): Promise<boolean> {
  const rows = await db.query(revoke, [merchantId, apiKeyId]);
  return rows.length > 0;
}
