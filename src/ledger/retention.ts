import { firstIdAt, ID_MIN } from './id-range.ts';
import { type Queryable, type Statement, statement } from './statement.ts';

/** What the ledger need not keep for ever, and is deleted when it has been over for long. */
export type Disposable =
  | 'deliveries'
  | 'kept-back-deliveries'
  | 'dead-letters'
  | 'attempts'
  | 'incidents'
  | 'audit-log';

// Each deletes at most $2 rows that were over before the last $1 seconds. Whatever is under way has another state and is
// not touched. SKIP LOCKED: who holds a row is at it, or sweeps, too; the next round looks again.
const STATEMENTS: Readonly<Record<Disposable, Statement<{ deleted: number }>>> = {
  deliveries: sweep(
    'delete_old_deliveries',
    `SELECT id FROM webhook_deliveries
     WHERE status IN ('delivered', 'discarded') AND ended_at < now() - make_interval(secs => $1)
     ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
    'DELETE FROM webhook_deliveries USING old WHERE webhook_deliveries.id = old.id RETURNING 1',
  ),
  // What waits for an endpoint that nobody resumes. The others are sent, or become dead letters.
  'kept-back-deliveries': sweep(
    'delete_kept_back_deliveries',
    `SELECT webhook_deliveries.id
     FROM webhook_endpoints JOIN webhook_deliveries ON endpoint_id = webhook_endpoints.id
     WHERE (paused_at IS NOT NULL OR disabled_at IS NOT NULL OR deleted_at IS NOT NULL)
       AND status = 'due' AND run_at < now() - make_interval(secs => $1)
     LIMIT $2 FOR UPDATE OF webhook_deliveries SKIP LOCKED`,
    'DELETE FROM webhook_deliveries USING old WHERE webhook_deliveries.id = old.id RETURNING 1',
  ),
  'dead-letters': sweep(
    'delete_old_dead_letters',
    `SELECT id FROM dead_letters
     WHERE status IN ('resolved', 'discarded') AND ended_at < now() - make_interval(secs => $1)
     ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
    'DELETE FROM dead_letters USING old WHERE dead_letters.id = old.id RETURNING 1',
  ),
  // Those of a letter that still waits for somebody are what he wants to read.
  attempts: sweep(
    'delete_old_attempts',
    `SELECT duty_id, number FROM duty_attempts
     WHERE started_at < now() - make_interval(secs => $1)
       AND NOT EXISTS (SELECT FROM dead_letters
                       WHERE dead_letters.duty_id = duty_attempts.duty_id AND status IN ('dead', 'redriving'))
     ORDER BY started_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
    `DELETE FROM duty_attempts USING old
     WHERE duty_attempts.duty_id = old.duty_id AND duty_attempts.number = old.number RETURNING 1`,
  ),
  incidents: statement(
    'delete_old_incidents',
    `WITH old AS MATERIALIZED (
       SELECT id FROM incidents
       WHERE resolved_at < now() - make_interval(secs => $1)
         AND NOT EXISTS (SELECT FROM notifications
                         WHERE incident_id = incidents.id AND status IN ('due', 'failed'))
       ORDER BY resolved_at LIMIT $2 FOR UPDATE SKIP LOCKED
     ), told AS (
       DELETE FROM notifications USING old WHERE notifications.incident_id = old.id
     ), removed AS (
       DELETE FROM incidents USING old WHERE incidents.id = old.id RETURNING 1
     )
     SELECT count(*)::int AS deleted FROM removed`,
  ),
  'audit-log': sweep(
    'delete_old_audit_log',
    `SELECT id FROM audit_log WHERE occurred_at < now() - make_interval(secs => $1)
     ORDER BY occurred_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
    'DELETE FROM audit_log USING old WHERE audit_log.id = old.id RETURNING 1',
  ),
};

function sweep(name: string, old: string, remove: string): Statement<{ deleted: number }> {
  return statement(
    name,
    `WITH old AS MATERIALIZED (${old}), removed AS (${remove}) SELECT count(*)::int AS deleted FROM removed`,
  );
}

/** Deletes at most `limit` of what was over `olderThanSeconds` ago; how many it was. */
export async function deleteOld(
  db: Queryable,
  what: Disposable,
  olderThanSeconds: number,
  limit: number,
): Promise<number> {
  const [row] = await db.query(STATEMENTS[what], [olderThanSeconds, limit]);
  return row?.deleted ?? 0;
}

// The first version makes the answer to a repeated order, the last one is the order's state: both stay. So does what
// somebody is still to be told of. Ids grow with the time of placing, so orders are walked by id.
const thinHistory = statement<{ last_id: string | null; deleted: number }>(
  'thin_order_history',
  `WITH walked AS MATERIALIZED (
     SELECT id, version, status FROM orders WHERE id > $1 AND id < $2 ORDER BY id LIMIT $4
   ), ended AS (
     SELECT walked.id, walked.version FROM walked
     JOIN order_events AS latest ON latest.order_id = walked.id AND latest.version = walked.version
     WHERE walked.status IN ('completed', 'cancelled', 'rejected', 'expired')
       AND latest.occurred_at < now() - make_interval(secs => $3)
       AND NOT EXISTS (SELECT FROM outbox WHERE outbox.order_id = walked.id)
       AND NOT EXISTS (SELECT FROM webhook_deliveries AS told
                       WHERE told.order_id = walked.id AND told.status IN ('due', 'failed'))
   ), removed AS (
     DELETE FROM order_events USING ended
     WHERE order_events.order_id = ended.id AND order_events.version > 1 AND order_events.version < ended.version
     RETURNING 1
   )
   SELECT (SELECT max(id::text)::uuid FROM walked) AS last_id, (SELECT count(*)::int FROM removed) AS deleted`,
);

/**
 * Deletes what lies between the first and the last row of the history of orders that ended long ago, walking at most
 * `limit` orders after the id `after`. Returns the id to go on from, null at the end of what is old enough.
 */
export async function thinOldHistory(
  db: Queryable,
  after: string | null,
  olderThanSeconds: number,
  limit: number,
): Promise<{ deleted: number; next: string | null }> {
  const placedBefore = firstIdAt(new Date(Date.now() - olderThanSeconds * 1_000));
  const [row] = await db.query(thinHistory, [after ?? ID_MIN, placedBefore, olderThanSeconds, limit]);
  return { deleted: row?.deleted ?? 0, next: row?.last_id ?? null };
}
