import { randomUUIDv7 } from 'node:crypto';
import { arrayLiteral } from './array-literal.ts';
import type { PublishedEvent } from './outbox.ts';
import { type Queryable, statement } from './statement.ts';

/** A delivery that is ours until its lease is over, with what is needed to send it. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly endpointId: string;
  readonly merchantId: string;
  readonly url: string;
  /** What the message is signed with: the endpoint's secret, and the one before while it is good. */
  readonly secrets: readonly string[];
  /** Null for a test event. */
  readonly order: {
    readonly orderId: string;
    readonly version: number;
    /** Of a test sale. */
    readonly test: boolean;
  } | null;
  readonly eventType: string;
  /** When the event happened, or the test event was asked for. */
  readonly occurredAt: Date;
  /** The W3C traceparent of the request that made the step, where it was sampled. */
  readonly traceParent: string | null;
  /** Fences: whoever takes the delivery over after the lease has a higher one. */
  readonly token: number;
  /** The number of this try, over all tries. */
  readonly attempts: number;
  /** Tries that failed since it was made or last redriven. */
  readonly tries: number;
}

interface ClaimedRow {
  id: string;
  endpoint_id: string;
  merchant_id: string;
  url: string;
  secret: string;
  previous_secret: string | null;
  order_id: string | null;
  version: number | null;
  event_type: string;
  occurred_at: Date;
  trace_parent: string | null;
  test: boolean | null;
  token: number;
  attempts: number;
  tries: number;
}

// FOR SHARE: an endpoint that is deleted or changed at the same moment is waited for, and read as it is then. So none
// gets a delivery after the one who deleted it has discarded them all. Sorted, like all locks of several rows.
const findListening = statement<{ id: string; merchant_id: string; event_types: string[] | null }>(
  'find_listening_endpoints',
  `SELECT id, merchant_id, event_types FROM webhook_endpoints
   WHERE merchant_id = ANY ($1::uuid[]) AND deleted_at IS NULL ORDER BY id FOR SHARE`,
);

// An event that was made a delivery before stays one: the unique constraint.
const insert = statement(
  'insert_webhook_deliveries',
  `INSERT INTO webhook_deliveries (id, endpoint_id, order_id, version, event_type, run_at, created_at)
   SELECT id, endpoint_id, order_id, version, event_type, clock_timestamp(), clock_timestamp()
   FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::text[])
     AS delivery (id, endpoint_id, order_id, version, event_type)
   ON CONFLICT ON CONSTRAINT webhook_deliveries_once DO NOTHING`,
);

/**
 * Makes a delivery of each event for each endpoint of its merchant that wants to hear of it, within the transaction
 * that publishes them. Paused and disabled endpoints get theirs when they are resumed.
 */
export async function insertDeliveries(db: Queryable, events: readonly PublishedEvent[]): Promise<void> {
  if (events.length === 0) return;
  const merchantIds = [...new Set(events.map(({ merchantId }) => merchantId))];
  const endpoints = await db.query(findListening, [arrayLiteral(merchantIds)]);
  const deliveries = events.flatMap((event) =>
    endpoints
      .filter(({ merchant_id }) => merchant_id === event.merchantId)
      .filter(({ event_types }) => event_types === null || event_types.includes(event.type))
      .map(({ id }) => ({ ...event, endpointId: id })),
  );
  if (deliveries.length === 0) return;
  // Those of one millisecond come in any order: sorted, the log shows the versions of an order in turn.
  const ids = deliveries.map(() => randomUUIDv7()).sort();
  await db.query(insert, [
    arrayLiteral(ids),
    arrayLiteral(deliveries.map(({ endpointId }) => endpointId)),
    arrayLiteral(deliveries.map(({ orderId }) => orderId)),
    arrayLiteral(deliveries.map(({ version }) => version)),
    deliveries.map(({ type }) => type),
  ]);
}

const insertTest = statement(
  'insert_test_delivery',
  `INSERT INTO webhook_deliveries (id, endpoint_id, event_type, run_at, created_at)
   VALUES ($1, $2, $3, clock_timestamp(), clock_timestamp())`,
);

/** Makes a delivery that tells of no order; its id. */
export async function insertTestDelivery(db: Queryable, endpointId: string, eventType: string): Promise<string> {
  const id = randomUUIDv7();
  await db.query(insertTest, [id, endpointId, eventType]);
  return id;
}

// The endpoints that anything is due for, each found by one step along the index; then of each as many deliveries as
// it has room for, so that a long queue of one is not in the way of the others.
//
// SKIP LOCKED: another process takes the others. Moving run_at ahead is the lease: if the taker dies, the delivery is
// due again when the lease is over. A delivery waits for the first try of an earlier one of its order, no longer: so
// the versions of an order arrive in turn as long as nothing fails, and a failure holds up nothing. The correlated minimum
// with its filter can only be found by the index of the order's deliveries: the cost is that of what is taken, however
// much waits and however old the statistics are.
const claim = statement<ClaimedRow>(
  'claim_webhook_deliveries',
  `WITH RECURSIVE waiting AS (
     (SELECT endpoint_id FROM webhook_deliveries WHERE status = 'due' ORDER BY endpoint_id LIMIT 1)
     UNION ALL
     SELECT (SELECT endpoint_id FROM webhook_deliveries
             WHERE status = 'due' AND endpoint_id > waiting.endpoint_id ORDER BY endpoint_id LIMIT 1)
     FROM waiting WHERE waiting.endpoint_id IS NOT NULL
   ), endpoint AS MATERIALIZED (
     SELECT webhook_endpoints.id, coalesce(limited.room, $3) AS room
     FROM waiting
     JOIN webhook_endpoints ON webhook_endpoints.id = waiting.endpoint_id
     LEFT JOIN unnest($4::uuid[], $5::int[]) AS limited (id, room) ON limited.id = webhook_endpoints.id
     WHERE paused_at IS NULL AND disabled_at IS NULL AND deleted_at IS NULL AND coalesce(limited.room, $3) > 0
   ), due AS MATERIALIZED (
     SELECT picked.id
     FROM endpoint CROSS JOIN LATERAL (
       SELECT delivery.id, delivery.run_at FROM webhook_deliveries AS delivery
       WHERE delivery.endpoint_id = endpoint.id AND delivery.status = 'due' AND delivery.run_at <= now()
         AND (SELECT min(earlier.version) FILTER (WHERE earlier.status = 'due' AND earlier.tries = 0)
              FROM webhook_deliveries AS earlier
              WHERE earlier.endpoint_id = delivery.endpoint_id AND earlier.order_id = delivery.order_id
                AND earlier.version < delivery.version) IS NULL
       ORDER BY delivery.run_at LIMIT endpoint.room FOR NO KEY UPDATE SKIP LOCKED
     ) AS picked
     ORDER BY picked.run_at LIMIT $1
   ), taken AS (
     UPDATE webhook_deliveries
     SET run_at = clock_timestamp() + $2 * interval '1 millisecond', attempts = attempts + 1, token = token + 1
     FROM due WHERE webhook_deliveries.id = due.id
     RETURNING webhook_deliveries.*
   )
   SELECT taken.id, taken.endpoint_id, webhook_endpoints.merchant_id, webhook_endpoints.url, webhook_endpoints.secret,
          CASE WHEN previous_secret_until > clock_timestamp() THEN previous_secret END AS previous_secret,
          taken.order_id, taken.version, taken.event_type, sales.test,
          coalesce(order_events.occurred_at, taken.created_at) AS occurred_at, order_events.trace_parent,
          taken.token, taken.attempts, taken.tries
   FROM taken
   JOIN webhook_endpoints ON webhook_endpoints.id = taken.endpoint_id
   LEFT JOIN order_events ON order_events.order_id = taken.order_id AND order_events.version = taken.version
   LEFT JOIN orders ON orders.id = taken.order_id
   LEFT JOIN sales ON sales.id = orders.sale_id
   ORDER BY taken.id`,
);

/** For how many deliveries there is room. */
export interface SendingRoom {
  readonly total: number;
  readonly perEndpoint: number;
  /** Endpoints with less room than that. */
  readonly exceptions: ReadonlyMap<string, number>;
}

/** Takes due deliveries for `leaseMs`, as many as there is room for. */
export async function claimDeliveries(db: Queryable, room: SendingRoom, leaseMs: number): Promise<ClaimedDelivery[]> {
  const rows = await db.query(claim, [
    room.total,
    leaseMs,
    room.perEndpoint,
    arrayLiteral([...room.exceptions.keys()]),
    arrayLiteral([...room.exceptions.values()]),
  ]);
  return rows.map((row) => ({
    id: row.id,
    endpointId: row.endpoint_id,
    merchantId: row.merchant_id,
    url: row.url,
    secrets: row.previous_secret === null ? [row.secret] : [row.secret, row.previous_secret],
    order:
      row.order_id === null || row.version === null
        ? null
        : { orderId: row.order_id, version: row.version, test: row.test === true },
    eventType: row.event_type,
    occurredAt: row.occurred_at,
    traceParent: row.trace_parent,
    token: row.token,
    attempts: row.attempts,
    tries: row.tries,
  }));
}

type Claimed = Pick<ClaimedDelivery, 'id' | 'token'>;

const end = statement<{ id: string }>(
  'end_webhook_delivery',
  `UPDATE webhook_deliveries
   SET status = $3, tries = tries + 1, last_status = $4, last_error = $5, ended_at = clock_timestamp()
   WHERE id = $1 AND token = $2 AND status = 'due'
   RETURNING id`,
);

/** What a try came to, for the log of the delivery. */
export interface TryOutcome {
  /** The receiver's HTTP status, if there was an answer. */
  readonly status: number | null;
  /** Null where it succeeded. */
  readonly error: string | null;
}

/** Ends a delivery that is still ours. False when it is not: somebody else took it over, or discarded it. */
export async function endDelivery(
  db: Queryable,
  { id, token }: Claimed,
  status: 'delivered' | 'failed' | 'discarded',
  outcome: TryOutcome,
): Promise<boolean> {
  const rows = await db.query(end, [id, token, status, outcome.status, outcome.error]);
  return rows.length > 0;
}

const postpone = statement(
  'postpone_webhook_delivery',
  `UPDATE webhook_deliveries
   SET run_at = clock_timestamp() + $3 * interval '1 millisecond', tries = tries + $4, last_status = $5,
       last_error = $6
   WHERE id = $1 AND token = $2 AND status = 'due'`,
);

/** Puts a delivery that is still ours off after a failed try. One that we cut off ourselves does not count as tried. */
export async function postponeDelivery(
  db: Queryable,
  { id, token }: Claimed,
  delayMs: number,
  outcome: TryOutcome & { readonly counts: boolean },
): Promise<void> {
  await db.query(postpone, [id, token, delayMs, outcome.counts ? 1 : 0, outcome.status, outcome.error]);
}

// Sorted, like all locks of several rows. The token is raised: whoever may still be at work on an earlier try has no say
// any more. Deliveries to an endpoint that is deleted stay as they are.
const revive = statement<{ id: string }>(
  'revive_webhook_deliveries',
  `WITH ended AS MATERIALIZED (
     SELECT id FROM webhook_deliveries
     WHERE id = ANY ($1::uuid[]) AND status <> 'due'
       AND EXISTS (SELECT FROM webhook_endpoints WHERE webhook_endpoints.id = endpoint_id AND deleted_at IS NULL)
     ORDER BY id FOR NO KEY UPDATE
   )
   UPDATE webhook_deliveries
   SET status = 'due', run_at = clock_timestamp(), tries = 0, token = token + 1, ended_at = NULL
   FROM ended WHERE webhook_deliveries.id = ended.id
   RETURNING webhook_deliveries.id`,
);

/**
 * Makes ended deliveries due again, with all their tries; they go out under the same webhook id. Returns which: not
 * those that are due already, nor those whose endpoint is deleted.
 */
export async function reviveDeliveries(db: Queryable, deliveryIds: readonly string[]): Promise<string[]> {
  const rows = await db.query(revive, [arrayLiteral(deliveryIds)]);
  return rows.map(({ id }) => id);
}

const discard = statement<{ id: string }>(
  'discard_webhook_deliveries',
  `WITH waiting AS MATERIALIZED (
     SELECT id FROM webhook_deliveries
     WHERE id = ANY ($1::uuid[]) AND status IN ('due', 'failed') ORDER BY id FOR NO KEY UPDATE
   )
   UPDATE webhook_deliveries SET status = 'discarded', token = token + 1, ended_at = clock_timestamp()
   FROM waiting WHERE webhook_deliveries.id = waiting.id
   RETURNING webhook_deliveries.id`,
);

/** Gives up deliveries that are due or failed: they are not sent any more. Returns which. */
export async function discardDeliveries(db: Queryable, deliveryIds: readonly string[]): Promise<string[]> {
  const rows = await db.query(discard, [arrayLiteral(deliveryIds)]);
  return rows.map(({ id }) => id);
}

const discardAll = statement(
  'discard_deliveries_of_endpoint',
  `UPDATE webhook_deliveries SET status = 'discarded', token = token + 1, ended_at = clock_timestamp()
   WHERE endpoint_id = $1 AND status = 'due'`,
);

/** Gives up what waits for an endpoint. Whoever calls it has changed the endpoint in the same transaction. */
export async function discardDeliveriesOf(db: Queryable, endpointId: string): Promise<void> {
  await db.query(discardAll, [endpointId]);
}
