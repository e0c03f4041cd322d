import { randomUUIDv7 } from 'node:crypto';
import type { Condition } from '../domain/alert-rules.ts';
import type { OpenIncident, PendingChange } from '../domain/incident-changes.ts';
import { arrayLiteral } from './array-literal.ts';
import { ID_MAX } from './id-range.ts';
import { type Queryable, statement } from './statement.ts';

/** Something an operator should know of, from when it was seen until it was over. */
export interface Incident extends OpenIncident {
  readonly summary: string;
  readonly details: Readonly<Record<string, string | number>>;
  readonly openedAt: Date;
  readonly resolvedAt: Date | null;
}

/** The advisory lock of whoever judges the alerts ("Door", 2). */
const WATCH_LOCK = [0x446f6f72, 2];

// Ends with the transaction, however that ends. One judges at a time, so what it read of the incidents stays true until
// it has written; a second one would open or resolve the same.
const lock = statement<{ locked: boolean; now: Date }>(
  'lock_alert_watch',
  'SELECT pg_try_advisory_xact_lock($1::int, $2::int) AS locked, clock_timestamp() AS now',
);

/** The right to judge the alerts in this transaction: the database's clock, or undefined while another has it. */
export async function lockAlertWatch(db: Queryable): Promise<Date | undefined> {
  const [row] = await db.query(lock, WATCH_LOCK);
  return row?.locked ? row.now : undefined;
}

interface IncidentRow {
  id: string;
  alert: string;
  subject: string;
  summary: string;
  details: Incident['details'];
  opened_at: Date;
  resolved_at: Date | null;
}

const listOpen = statement<OpenIncident>(
  'list_open_incidents',
  'SELECT id, alert, subject FROM incidents WHERE resolved_at IS NULL ORDER BY id',
);

/** All that are not over; bounded by what there is to alert of. */
export function listOpenIncidents(db: Queryable): Promise<OpenIncident[]> {
  return db.query(listOpen);
}

const open = statement(
  'open_incidents',
  `INSERT INTO incidents (id, alert, subject, summary, details, opened_at)
   SELECT new.id, new.alert, new.subject, new.summary, new.details, $6
   FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::json[]) AS new (id, alert, subject, summary, details)`,
);

/** Opens incidents and gives their ids. The caller has the right to judge and knows that none of them is open. */
export async function openIncidents(db: Queryable, conditions: readonly Condition[], at: Date): Promise<string[]> {
  if (conditions.length === 0) return [];
  const ids = conditions.map(() => randomUUIDv7());
  await db.query(open, [
    arrayLiteral(ids),
    conditions.map(({ alert }) => alert),
    conditions.map(({ subject }) => subject),
    conditions.map(({ summary }) => summary.replaceAll('\0', '\u{fffd}')),
    conditions.map(({ details }) => JSON.stringify(details)),
    at,
  ]);
  return ids;
}

const resolve = statement(
  'resolve_incidents',
  'UPDATE incidents SET resolved_at = $2 WHERE id = ANY ($1::uuid[]) AND resolved_at IS NULL',
);

/** Resolves incidents. The caller has the right to judge. */
export async function resolveIncidents(db: Queryable, ids: readonly string[], at: Date): Promise<void> {
  if (ids.length > 0) await db.query(resolve, [arrayLiteral(ids), at]);
}

const listPending = statement<PendingChange>('list_alert_changes', 'SELECT alert, subject, since FROM alert_changes');

/** What was seen and does not count yet. */
export function listPendingChanges(db: Queryable): Promise<PendingChange[]> {
  return db.query(listPending);
}

// Only whoever has the right to judge writes here. What stays is not written again.
const keepPending = statement(
  'keep_alert_changes',
  `WITH kept AS (SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS kept (alert, subject, since)),
     gone AS (
       DELETE FROM alert_changes
       WHERE NOT EXISTS (SELECT FROM kept WHERE kept.alert = alert_changes.alert AND kept.subject = alert_changes.subject)
     )
   INSERT INTO alert_changes (alert, subject, since) SELECT alert, subject, since FROM kept
   ON CONFLICT (alert, subject) DO NOTHING`,
);

/** Keeps these changes with the moment since when, and forgets all others. */
export async function keepPendingChanges(db: Queryable, changes: readonly PendingChange[]): Promise<void> {
  await db.query(keepPending, [
    changes.map(({ alert }) => alert),
    changes.map(({ subject }) => subject),
    changes.map(({ since }) => since),
  ]);
}

const count = statement<{ alert: string; incidents: number }>(
  'count_open_incidents',
  'SELECT alert, count(*)::int AS incidents FROM incidents WHERE resolved_at IS NULL GROUP BY alert',
);

/** Open incidents by alert; alerts without any are left out. */
export function countOpenIncidents(db: Queryable): Promise<{ alert: string; incidents: number }[]> {
  return db.query(count);
}

// Ids are in the order of their making. What is resolved while somebody turns the pages keeps its place.
const listOf = (name: string, which: string) =>
  statement<IncidentRow>(name, `SELECT * FROM incidents WHERE ${which} AND id < $1 ORDER BY id DESC LIMIT $2`);
const lists = {
  all: listOf('list_incidents', 'true'),
  open: listOf('list_incidents_open', 'resolved_at IS NULL'),
  resolved: listOf('list_incidents_resolved', 'resolved_at IS NOT NULL'),
};

/** One page of incidents, newest first, at most `limit` of those after `afterId`. */
export async function listIncidents(
  db: Queryable,
  status: keyof typeof lists,
  afterId: string | undefined,
  limit: number,
): Promise<Incident[]> {
  const rows = await db.query(lists[status], [afterId ?? ID_MAX, limit]);
  return rows.map(({ opened_at, resolved_at, ...rest }) => ({ ...rest, openedAt: opened_at, resolvedAt: resolved_at }));
}
