import type { Logger } from 'pino';
import { createSendNotifications } from './actions/send-notifications.ts';
import type { Config } from './config/config.ts';
import type { Database } from './ledger/database.ts';
import type { Metrics } from './operations/metrics.ts';
import { createHttpSender } from './webhooks/http-sender.ts';
import { createAlertWatcher } from './workers/alert-watcher.ts';
import type { Duty } from './workers/loop.ts';
import { createNotifier } from './workers/notifier.ts';

/** Watching for what an operator should know, and telling of it. */
export interface Alerts {
  readonly duties: readonly Duty[];
  /** Resolves when what was begun is done; the duties are stopped before. */
  settled(): Promise<void>;
}

/** How long the receiver of a notification may take to answer. */
const SEND_TIMEOUT_MS = 10_000;
/** And then the ledger must take in what came of it. */
const LEASE_MS = SEND_TIMEOUT_MS + 15_000;

export function composeAlerts(
  config: Config,
  log: Logger,
  parts: { database: Database; metrics: Pick<Metrics, 'observeIncidents'>; publicUrl: () => string },
): Alerts {
  const { database, metrics } = parts;
  const url = config.NOTIFY_URL;
  const watcher = createAlertWatcher({ database, notify: url !== undefined, observe: metrics.observeIncidents });
  if (url === undefined) return { duties: [watcher], settled: async () => undefined };

  // The operator's own choice may be the operator's own machine.
  const sender = createHttpSender({ allowPrivate: true, timeoutMs: SEND_TIMEOUT_MS });
  const sendNotifications = createSendNotifications({
    database,
    sender,
    target: { url, format: config.NOTIFY_FORMAT, secret: config.NOTIFY_SECRET },
    runbookUrl: (alert) => `${parts.publicUrl()}/runbook/${alert}`,
    leaseMs: LEASE_MS,
    onFailed: ({ id, incident }, error) =>
      log.error({ notificationId: id, alert: incident.alert, reason: error }, 'nobody could be told of an incident'),
    onError: ({ id }, error) =>
      log.error({ err: error, notificationId: id }, 'a notification was interrupted and will be sent again'),
  });
  return {
    duties: [watcher, createNotifier({ sendNotifications })],
    async settled() {
      await sendNotifications.settled();
      await sender.close();
    },
  };
}
