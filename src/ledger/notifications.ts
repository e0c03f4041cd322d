import { randomUUIDv7 } from 'node:crypto';
import { arrayLiteral } from './array-literal.ts';
import type { Incident } from './incidents.ts';
import { type Queryable, statement } from './statement.ts';

export type NotificationKind = 'opened' | 'resolved';

/** A notification that is ours until its lease is over, with its incident as it is now. */
export interface ClaimedNotification {
  readonly id: string;
  readonly kind: NotificationKind;
  /** Fences: whoever takes it over after the lease has a higher one. */
  readonly token: number;
  /** How often it was taken altogether, this time included. */
  readonly attempts: number;
  /** The same, since it was made or last redriven. */
  readonly tries: number;
  readonly incident: Incident;
}

// A resolution is told only where its opening is. The incidents are the caller's, and no one else writes of them.
const insert = statement(
  'insert_notifications',
  `INSERT INTO notifications (id, incident_id, kind, run_at, created_at)
   SELECT new.id, new.incident_id, $3, clock_timestamp(), clock_timestamp()
   FROM unnest($1::uuid[], $2::uuid[]) AS new (id, incident_id)
   WHERE $3 = 'opened' OR EXISTS (
     SELECT FROM notifications AS opening WHERE opening.incident_id = new.incident_id AND opening.kind = 'opened')`,
);

/** Makes what is to be told of incidents, in the transaction that opens or resolves them. */
export async function insertNotifications(
  db: Queryable,
  kind: NotificationKind,
  incidentIds: readonly string[],
): Promise<void> {
  if (incidentIds.length === 0) return;
  const ids = incidentIds.map(() => randomUUIDv7());
  await db.query(insert, [arrayLiteral(ids), arrayLiteral(incidentIds), kind]);
}

interface ClaimedRow {
  id: string;
  kind: NotificationKind;
  token: number;
  attempts: number;
  tries: number;
  incident_id: string;
  alert: string;
  subject: string;
  summary: string;
  details: Incident['details'];
  opened_at: Date;
  resolved_at: Date | null;
}

// SKIP LOCKED: another process takes the others. Moving run_at ahead is the lease: if the taker dies, it is due again
// when the lease is over. A resolution waits for its opening: for one that is under way, and for one that is a dead
// letter and may yet be redriven. What was told or discarded stays so, so the answer cannot turn.
const claim = statement<ClaimedRow>(
  'claim_notifications',
  `WITH due AS (
     SELECT id FROM notifications
     WHERE status = 'due' AND run_at <= now() AND (kind = 'opened' OR NOT EXISTS (
       SELECT FROM notifications AS opening
       WHERE opening.incident_id = notifications.incident_id AND opening.kind = 'opened'
         AND opening.status IN ('due', 'failed')))
     ORDER BY run_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
   ), taken AS (
     UPDATE notifications
     SET run_at = clock_timestamp() + $2 * interval '1 millisecond', attempts = attempts + 1, tries = tries + 1,
         token = token + 1
     FROM due WHERE notifications.id = due.id
     RETURNING notifications.*
   )
   SELECT taken.id, taken.kind, taken.token, taken.attempts, taken.tries, taken.incident_id, incidents.alert,
          incidents.subject, incidents.summary, incidents.details, incidents.opened_at, incidents.resolved_at
   FROM taken JOIN incidents ON incidents.id = taken.incident_id
   ORDER BY taken.id`,
);

/** Takes at most `limit` due notifications for `leaseMs`. */
export async function claimNotifications(
  db: Queryable,
  limit: number,
  leaseMs: number,
): Promise<ClaimedNotification[]> {
  const rows = await db.query(claim, [limit, leaseMs]);
  return rows.map(({ id, kind, token, attempts, tries, incident_id, opened_at, resolved_at, ...incident }) => ({
    ...{ id, kind, token, attempts, tries },
    incident: { ...incident, id: incident_id, openedAt: opened_at, resolvedAt: resolved_at },
  }));
}

const end = statement<{ id: string }>(
  'end_notification',
  `UPDATE notifications SET status = $3, last_error = $4, ended_at = clock_timestamp()
   WHERE id = $1 AND token = $2 AND status = 'due' RETURNING id`,
);

/** Ends a notification: delivered, or given up. False when it is not ours any more. */
export async function endNotification(
  db: Queryable,
  notification: Pick<ClaimedNotification, 'id' | 'token'>,
  status: 'delivered' | 'failed',
  error: string | null,
): Promise<boolean> {
  const rows = await db.query(end, [notification.id, notification.token, status, error]);
  return rows.length > 0;
}

const postpone = statement<{ id: string }>(
  'postpone_notification',
  `UPDATE notifications SET run_at = clock_timestamp() + $3 * interval '1 millisecond', last_error = $4
   WHERE id = $1 AND token = $2 AND status = 'due' RETURNING id`,
);

/** Puts a notification off. False when it is not ours any more. */
export async function postponeNotification(
  db: Queryable,
  notification: Pick<ClaimedNotification, 'id' | 'token'>,
  delayMs: number,
  error: string,
): Promise<boolean> {
  const rows = await db.query(postpone, [notification.id, notification.token, delayMs, error]);
  return rows.length > 0;
}

// Only what was given up: one that is under way is somebody's.
const revive = statement(
  'revive_notifications',
  `UPDATE notifications SET status = 'due', run_at = clock_timestamp(), tries = 0, ended_at = NULL
   WHERE id = ANY ($1::uuid[]) AND status = 'failed'`,
);

/** Makes dead notifications due again. The caller holds the locks of their letters. */
export async function reviveNotifications(db: Queryable, dutyIds: readonly string[]): Promise<void> {
  await db.query(revive, [arrayLiteral(dutyIds)]);
}

const discard = statement(
  'discard_notifications',
  `UPDATE notifications SET status = 'discarded', ended_at = clock_timestamp()
   WHERE id = ANY ($1::uuid[]) AND status = 'failed'`,
);

/** Gives dead notifications up for good. The caller holds the locks of their letters. */
export async function discardNotifications(db: Queryable, dutyIds: readonly string[]): Promise<void> {
  await db.query(discard, [arrayLiteral(dutyIds)]);
}
