import { ID_MAX } from './id-range.ts';
import { type Queryable, statement } from './statement.ts';

export const DELIVERY_STATUSES = ['due', 'delivered', 'failed', 'discarded'] as const;

export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** A delivery as its merchant sees it. */
export interface WebhookDelivery {
  readonly id: string;
  readonly endpointId: string;
  /** Null for a test event, and so is the version. */
  readonly orderId: string | null;
  readonly version: number | null;
  readonly eventType: string;
  readonly status: DeliveryStatus;
  /** When it is sent next, or sent again if the try under way brings nothing. */
  readonly runAt: Date;
  /** All tries so far. */
  readonly attempts: number;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

interface DeliveryRow {
  id: string;
  endpoint_id: string;
  order_id: string | null;
  version: number | null;
  event_type: string;
  status: DeliveryStatus;
  run_at: Date;
  attempts: number;
  last_status: number | null;
  last_error: string | null;
  created_at: Date;
  ended_at: Date | null;
}

const COLUMNS = `id, endpoint_id, order_id, version, event_type, status, run_at, attempts, last_status, last_error,
  created_at, ended_at`;

const toDelivery = (row: DeliveryRow): WebhookDelivery => ({
  id: row.id,
  endpointId: row.endpoint_id,
  orderId: row.order_id,
  version: row.version,
  eventType: row.event_type,
  status: row.status,
  runAt: row.run_at,
  attempts: row.attempts,
  lastStatus: row.last_status,
  lastError: row.last_error,
  createdAt: row.created_at,
  endedAt: row.ended_at,
});

const read = statement<DeliveryRow>(
  'read_webhook_delivery',
  `SELECT ${COLUMNS} FROM webhook_deliveries WHERE endpoint_id = $1 AND id = $2`,
);

/** A delivery to an endpoint. */
export async function findDelivery(
  db: Queryable,
  endpointId: string,
  deliveryId: string,
): Promise<WebhookDelivery | undefined> {
  const [row] = await db.query(read, [endpointId, deliveryId]);
  return row && toDelivery(row);
}

/** Which deliveries a list shows. Absent filters let everything pass; all that are there must fit. */
export interface DeliveryFilter {
  readonly status?: DeliveryStatus | undefined;
  readonly eventType?: string | undefined;
  readonly orderId?: string | undefined;
}

// Each follows an index whose rows are those of the list: all of the endpoint, those of one order, or those that failed.
const listBy = (name: string, by: string) =>
  statement<DeliveryRow>(
    name,
    `SELECT ${COLUMNS} FROM webhook_deliveries
     WHERE endpoint_id = $1 AND id < $2 AND ($3::text IS NULL OR status = $3) AND ($4::text IS NULL OR event_type = $4)
       AND ($5::uuid IS NULL OR order_id = $5) ${by}
     ORDER BY id DESC LIMIT $6`,
  );

const LISTS = {
  all: listBy('list_webhook_deliveries', ''),
  failed: listBy('list_failed_webhook_deliveries', "AND status = 'failed'"),
  order: listBy('list_webhook_deliveries_of_order', 'AND order_id = $5'),
};

/** An endpoint's deliveries, the newest first, before an id. */
export async function listDeliveries(
  db: Queryable,
  endpointId: string,
  filter: DeliveryFilter,
  beforeId: string | undefined,
  limit: number,
): Promise<WebhookDelivery[]> {
  const { status, eventType, orderId } = filter;
  const by = orderId !== undefined ? 'order' : status === 'failed' ? 'failed' : 'all';
  const values = [endpointId, beforeId ?? ID_MAX, status ?? null, eventType ?? null, orderId ?? null, limit];
  const rows = await db.query(LISTS[by], values);
  return rows.map(toDelivery);
}
