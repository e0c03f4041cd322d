import { ID_MIN } from './id-range.ts';
import { type Queryable, statement } from './statement.ts';

/** Where a merchant wants to hear of its orders. Without its secrets: those are read by who signs with them only. */
export interface WebhookEndpoint {
  readonly id: string;
  readonly merchantId: string;
  readonly url: string;
  readonly description: string | null;
  /** Null: all types. */
  readonly eventTypes: readonly string[] | null;
  /** Until when messages are or were signed with the secret before, too; null when there is none. */
  readonly previousSecretUntil: Date | null;
  readonly pausedAt: Date | null;
  /** When its receiver answered that it is gone for good. */
  readonly disabledAt: Date | null;
  /** Raised with every change. */
  readonly version: number;
  readonly createdAt: Date;
}

interface EndpointRow {
  id: string;
  merchant_id: string;
  url: string;
  description: string | null;
  event_types: string[] | null;
  previous_secret_until: Date | null;
  paused_at: Date | null;
  disabled_at: Date | null;
  version: number;
  created_at: Date;
}

const COLUMNS = `id, merchant_id, url, description, event_types, previous_secret_until, paused_at, disabled_at, version,
  created_at`;

const toEndpoint = (row: EndpointRow): WebhookEndpoint => ({
  id: row.id,
  merchantId: row.merchant_id,
  url: row.url,
  description: row.description,
  eventTypes: row.event_types,
  previousSecretUntil: row.previous_secret_until,
  pausedAt: row.paused_at,
  disabledAt: row.disabled_at,
  version: row.version,
  createdAt: row.created_at,
});

// The merchant's row is the lock: two that are made at the same moment are counted one after the other.
const lockMerchant = statement(
  'lock_merchant_of_endpoints',
  'SELECT id FROM merchants WHERE id = $1 FOR NO KEY UPDATE',
);

const count = statement<{ endpoints: number }>(
  'count_webhook_endpoints',
  'SELECT count(*)::int AS endpoints FROM webhook_endpoints WHERE merchant_id = $1 AND deleted_at IS NULL',
);

/** How many endpoints a merchant has. Nobody can add one until the transaction ends. */
export async function countEndpointsLocked(db: Queryable, merchantId: string): Promise<number> {
  await db.query(lockMerchant, [merchantId]);
  const [row] = await db.query(count, [merchantId]);
  return row?.endpoints ?? 0;
}

const insert = statement<EndpointRow>(
  'insert_webhook_endpoint',
  `INSERT INTO webhook_endpoints (id, merchant_id, url, description, event_types, secret, created_by)
   VALUES ($1, $2, $3, $4, $5, $6, $7)
   RETURNING ${COLUMNS}`,
);

/** What a merchant says of an endpoint. */
export type EndpointTerms = Pick<WebhookEndpoint, 'url' | 'description' | 'eventTypes'>;

/** Makes an endpoint for a merchant that exists. */
export async function insertEndpoint(
  db: Queryable,
  endpoint: EndpointTerms & {
    readonly id: string;
    readonly merchantId: string;
    readonly secret: string;
    readonly createdBy: string;
  },
): Promise<WebhookEndpoint> {
  const { id, merchantId, url, description, eventTypes, secret, createdBy } = endpoint;
  const [row] = await db.query(insert, [id, merchantId, url, description, eventTypes, secret, createdBy]);
  if (row === undefined) throw new Error('A webhook endpoint was inserted and not returned.');
  return toEndpoint(row);
}

const READ = `SELECT ${COLUMNS} FROM webhook_endpoints WHERE merchant_id = $1 AND id = $2 AND deleted_at IS NULL`;
const read = statement<EndpointRow>('read_webhook_endpoint', READ);
const readLocked = statement<EndpointRow>('lock_webhook_endpoint', `${READ} FOR NO KEY UPDATE`);

/** An endpoint of a merchant, unless it is deleted. */
export async function findEndpoint(
  db: Queryable,
  merchantId: string,
  endpointId: string,
): Promise<WebhookEndpoint | undefined> {
  const [row] = await db.query(read, [merchantId, endpointId]);
  return row && toEndpoint(row);
}

/** The same, and nobody else can change it until the transaction ends. */
export async function lockEndpoint(
  db: Queryable,
  merchantId: string,
  endpointId: string,
): Promise<WebhookEndpoint | undefined> {
  const [row] = await db.query(readLocked, [merchantId, endpointId]);
  return row && toEndpoint(row);
}

const list = statement<EndpointRow>(
  'list_webhook_endpoints',
  `SELECT ${COLUMNS} FROM webhook_endpoints
   WHERE merchant_id = $1 AND deleted_at IS NULL AND id > $2 ORDER BY id LIMIT $3`,
);

/** A merchant's endpoints in the order they were made, after an id. */
export async function listEndpoints(
  db: Queryable,
  merchantId: string,
  afterId: string | undefined,
  limit: number,
): Promise<WebhookEndpoint[]> {
  const rows = await db.query(list, [merchantId, afterId ?? ID_MIN, limit]);
  return rows.map(toEndpoint);
}

// The changes below are for those who hold the endpoint's lock (lockEndpoint).
const update = statement<EndpointRow>(
  'update_webhook_endpoint',
  `UPDATE webhook_endpoints SET url = $2, description = $3, event_types = $4, version = version + 1
   WHERE id = $1 RETURNING ${COLUMNS}`,
);

/** Changes what the merchant says of a locked endpoint. */
export async function updateEndpoint(
  db: Queryable,
  endpointId: string,
  { url, description, eventTypes }: EndpointTerms,
): Promise<WebhookEndpoint> {
  return changed(await db.query(update, [endpointId, url, description, eventTypes]));
}

// Resuming is also what a receiver needs that had said it was gone.
const pause = statement<EndpointRow>(
  'pause_webhook_endpoint',
  `UPDATE webhook_endpoints
   SET paused_at = CASE WHEN $2 THEN clock_timestamp() END, disabled_at = CASE WHEN $2 THEN disabled_at END,
       version = version + 1
   WHERE id = $1 RETURNING ${COLUMNS}`,
);

/** Pauses or resumes a locked endpoint. Resuming takes back that it was disabled, too. */
export async function setEndpointPaused(db: Queryable, endpointId: string, paused: boolean): Promise<WebhookEndpoint> {
  return changed(await db.query(pause, [endpointId, paused]));
}

const rotate = statement<EndpointRow>(
  'rotate_webhook_secret',
  `UPDATE webhook_endpoints
   SET previous_secret = CASE WHEN $3 > 0 THEN secret END,
       previous_secret_until = CASE WHEN $3 > 0 THEN clock_timestamp() + make_interval(secs => $3) END,
       secret = $2, version = version + 1
   WHERE id = $1 RETURNING ${COLUMNS}`,
);

/** Gives a locked endpoint a new secret. The old one signs as well for `overlapSeconds`; one before that no more. */
export async function rotateSecret(
  db: Queryable,
  endpointId: string,
  secret: string,
  overlapSeconds: number,
): Promise<WebhookEndpoint> {
  return changed(await db.query(rotate, [endpointId, secret, overlapSeconds]));
}

function changed([row]: readonly EndpointRow[]): WebhookEndpoint {
  if (row === undefined) throw new Error('A webhook endpoint was changed without being locked.');
  return toEndpoint(row);
}

// Secrets are of no use any more, and are not kept.
const remove = statement(
  'delete_webhook_endpoint',
  `UPDATE webhook_endpoints
   SET deleted_at = clock_timestamp(), secret = '', previous_secret = NULL, previous_secret_until = NULL,
       version = version + 1
   WHERE id = $1`,
);

/** Deletes a locked endpoint. Its log stays. */
export async function deleteEndpoint(db: Queryable, endpointId: string): Promise<void> {
  await db.query(remove, [endpointId]);
}

// Of two tries that are told so, one disables it. Whoever resumed it meanwhile is told again by the next try.
const disable = statement<{ id: string }>(
  'disable_webhook_endpoint',
  `UPDATE webhook_endpoints SET disabled_at = clock_timestamp(), version = version + 1
   WHERE id = $1 AND disabled_at IS NULL AND deleted_at IS NULL RETURNING id`,
);

/** Notes that a receiver is gone for good. False when that is known, or the endpoint is deleted. */
export async function disableEndpoint(db: Queryable, endpointId: string): Promise<boolean> {
  const rows = await db.query(disable, [endpointId]);
  return rows.length > 0;
}
