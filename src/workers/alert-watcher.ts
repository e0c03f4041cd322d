import { watchAlerts } from '../actions/watch-alerts.ts';
import { ALERT_NAMES } from '../domain/alert-rules.ts';
import type { Database } from '../ledger/database.ts';
import { countOpenIncidents } from '../ledger/incidents.ts';
import type { Duty } from './loop.ts';

/** How late an incident is seen, besides the time for which its alert waits. */
const WATCH_INTERVAL_MS = 2_000;

/** Judges the alerts. Every worker looks, and one at a time judges. */
export function createAlertWatcher(options: {
  database: Database;
  /** Whether somebody is to be told. */
  notify: boolean;
  /** Open incidents of an alert now, whoever opened them. */
  observe: (alert: string, open: number) => void;
}): Duty {
  const { database, notify, observe } = options;
  return {
    name: 'alert-watcher',
    intervalMs: WATCH_INTERVAL_MS,
    async runOnce() {
      await watchAlerts(database, notify);
      const counts = new Map((await countOpenIncidents(database)).map(({ alert, incidents }) => [alert, incidents]));
      for (const alert of ALERT_NAMES) observe(alert, counts.get(alert) ?? 0);
      return { more: false };
    },
  };
}
