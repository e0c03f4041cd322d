import { type AlertFacts, findConditions } from '../domain/alert-rules.ts';
import { decideIncidents, keyOf } from '../domain/incident-changes.ts';
import { countPaymentDiscrepancies, listLowItems, listSaleDemand, listSilentProcesses } from '../ledger/alert-facts.ts';
import type { Database } from '../ledger/database.ts';
import { countDeadLetters } from '../ledger/dead-letters.ts';
import {
  keepPendingChanges,
  listOpenIncidents,
  listPendingChanges,
  lockAlertWatch,
  openIncidents,
  resolveIncidents,
} from '../ledger/incidents.ts';
import { insertNotifications } from '../ledger/notifications.ts';
import { readOutboxLag } from '../ledger/outbox.ts';
import { listProcesses } from '../ledger/processes.ts';
import type { Queryable } from '../ledger/statement.ts';

/**
 * Judges the alerts once, unless another process is at it: opens and resolves incidents, and writes with them what is
 * to be told, if anybody is.
 */
export async function watchAlerts(database: Database, notify: boolean): Promise<void> {
  await database.transaction(async (transaction) => {
    const now = await lockAlertWatch(transaction);
    if (now === undefined) return;
    const open = await listOpenIncidents(transaction);
    const openKeys = new Set(open.map(keyOf));
    const conditions = findConditions(await readFacts(transaction, now), (alert, subject) =>
      openKeys.has(keyOf({ alert, subject })),
    );
    const pending = await listPendingChanges(transaction);
    const changes = decideIncidents({ now, conditions, open, pending });

    const openedIds = await openIncidents(transaction, changes.opened, now);
    const resolvedIds = changes.resolved.map(({ id }) => id);
    await resolveIncidents(transaction, resolvedIds, now);
    if (pending.length > 0 || changes.pending.length > 0) await keepPendingChanges(transaction, changes.pending);
    if (!notify) return;
    await insertNotifications(transaction, 'opened', openedIds);
    await insertNotifications(transaction, 'resolved', resolvedIds);
  });
}

async function readFacts(db: Queryable, now: Date): Promise<AlertFacts> {
  return {
    now,
    items: await listLowItems(db),
    demand: await listSaleDemand(db),
    outbox: await readOutboxLag(db),
    deadLetters: await countDeadLetters(db),
    living: await listProcesses(db),
    silent: await listSilentProcesses(db),
    discrepancies: await countPaymentDiscrepancies(db),
  };
}
