import { ALERTS, type AlertName, type Condition } from './alert-rules.ts';

/** An incident that is not over. */
export interface OpenIncident {
  readonly id: string;
  /** Of this version of the engine, or of the one before. */
  readonly alert: string;
  readonly subject: string;
}

/** What does not count yet: a condition without its incident, or an incident without its condition. */
export interface PendingChange {
  readonly alert: string;
  readonly subject: string;
  readonly since: Date;
}

/** What becomes of incidents. */
export interface IncidentChanges {
  readonly opened: readonly Condition[];
  readonly resolved: readonly OpenIncident[];
  /** All that is pending from now on. */
  readonly pending: readonly PendingChange[];
}

/** The key of a condition and its incident. */
export const keyOf = ({ alert, subject }: { readonly alert: string; readonly subject: string }) =>
  `${alert} ${subject}`;

/** Opens what has lasted and resolves what has been over for long enough. Pure. */
export function decideIncidents(seen: {
  readonly now: Date;
  readonly conditions: readonly Condition[];
  readonly open: readonly OpenIncident[];
  readonly pending: readonly PendingChange[];
}): IncidentChanges {
  const { now, conditions, open } = seen;
  const openKeys = new Set(open.map(keyOf));
  const metKeys = new Set(conditions.map(keyOf));
  const sinceByKey = new Map(seen.pending.map((change) => [keyOf(change), change.since]));
  const opened: Condition[] = [];
  const resolved: OpenIncident[] = [];
  const pending: PendingChange[] = [];

  /** Whether it has lasted; else it stays pending. */
  function counts(change: { readonly alert: string; readonly subject: string }, afterMs: number): boolean {
    const since = sinceByKey.get(keyOf(change)) ?? now;
    if (now.getTime() - since.getTime() >= afterMs) return true;
    pending.push({ alert: change.alert, subject: change.subject, since });
    return false;
  }

  for (const condition of conditions) {
    if (openKeys.has(keyOf(condition))) continue;
    if (counts(condition, ALERTS[condition.alert].openAfterMs)) opened.push(condition);
  }
  for (const incident of open) {
    if (metKeys.has(keyOf(incident))) continue;
    if (counts(incident, resolveAfterMs(incident.alert))) resolved.push(incident);
  }
  return { opened, resolved, pending };
}

/** An alert that this version knows no more is over. */
function resolveAfterMs(alert: string): number {
  return alert in ALERTS ? ALERTS[alert as AlertName].resolveAfterMs : 0;
}
