import type { Database } from '../ledger/database.ts';
import { bury, resolveLetter } from '../ledger/dead-letters.ts';
import { recordAttempt } from '../ledger/duty-attempts.ts';
import {
  type ClaimedNotification,
  claimNotifications,
  endNotification,
  postponeNotification,
} from '../ledger/notifications.ts';
import type { Queryable } from '../ledger/statement.ts';
import { answerOf, type HttpSender, sendErrorOf } from '../webhooks/http-sender.ts';
import { retryDelayMs } from '../webhooks/retry-delay.ts';
import { signWebhook } from '../webhooks/sign-webhook.ts';
import { type NotificationFormat, notificationBody, notificationId } from './notification-message.ts';

/** Sent by one process at a time. They are few, and mostly wait for the receiver. */
const AT_ONCE = 10;

/** Seconds between two tries, sooner at first than webhooks: somebody may have to get up. Together some two days. */
const RETRY_SECONDS: readonly number[] = [
  2, 5, 15, 60, 300, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400,
];

/** Where operators want to be told. */
export interface NotificationTarget {
  readonly url: string;
  readonly format: NotificationFormat;
  /** `whsec_…`; without it nothing is signed. */
  readonly secret: string | undefined;
}

/** Tells of incidents what is due. Any number of processes may do this at once. */
export interface SendNotifications {
  /** Takes as many as there is room for, and begins them. Tells whether more may be due. */
  take(): Promise<{ readonly more: boolean }>;
  /** Resolves when nothing that was begun is under way any more. */
  settled(): Promise<void>;
}

export function createSendNotifications(options: {
  database: Database;
  sender: HttpSender;
  target: NotificationTarget;
  /** The page that tells what to do about an alert. */
  runbookUrl: (alert: string) => string;
  /** Longer than the sender's time-out. */
  leaseMs: number;
  random?: () => number;
  onFailed: (notification: ClaimedNotification, error: string) => void;
  /** The ledger did not take in how it went; it is due again after its lease. */
  onError: (notification: ClaimedNotification, error: unknown) => void;
}): SendNotifications {
  const { database, sender, target, leaseMs, random = Math.random } = options;
  const underWay = new Set<Promise<void>>();

  return {
    async take() {
      const room = AT_ONCE - underWay.size;
      if (room === 0) return { more: false };
      const claimed = await claimNotifications(database, room, leaseMs);
      for (const notification of claimed) begin(notification);
      return { more: claimed.length === room };
    },
    async settled() {
      await Promise.all(underWay);
    },
  };

  function begin(notification: ClaimedNotification): void {
    const running = deliver(notification)
      .catch((error: unknown) => options.onError(notification, error))
      .finally(() => underWay.delete(running));
    underWay.add(running);
  }

  async function deliver(notification: ClaimedNotification): Promise<void> {
    const startedAt = new Date();
    const result = await sender.send(requestOf(notification, startedAt));
    const error = sendErrorOf(result);
    const answer = answerOf(result);
    const delayMs =
      error === null
        ? undefined
        : retryDelayMs(notification.tries, random(), answer?.retryAfterMs ?? null, RETRY_SECONDS);
    const failed = error !== null && delayMs === undefined;

    const ours = await database.transaction(async (transaction) => {
      if (!(await settle(transaction, notification, error, delayMs))) return false;
      await recordAttempt(transaction, {
        dutyId: notification.id,
        number: notification.attempts,
        startedAt,
        durationMs: result.durationMs,
        status: answer?.status ?? null,
        error,
        response: answer?.response ?? null,
      });
      return true;
    });
    if (ours && failed) options.onFailed(notification, error);
  }

  function requestOf(notification: ClaimedNotification, timestamp: Date) {
    const id = notificationId(notification);
    const body = notificationBody(notification, target.format, options.runbookUrl(notification.incident.alert));
    const secrets = target.secret === undefined ? [] : [target.secret];
    const { 'webhook-signature': signature, ...identity } = signWebhook({ id, timestamp, body, secrets });
    const headers = { ...identity, ...(target.secret === undefined ? {} : { 'webhook-signature': signature }) };
    return { url: target.url, body, headers };
  }
}

/** Writes what becomes of it. False when it is not ours any more. */
async function settle(
  transaction: Queryable,
  notification: ClaimedNotification,
  error: string | null,
  delayMs: number | undefined,
): Promise<boolean> {
  if (error === null) {
    const ours = await endNotification(transaction, notification, 'delivered', null);
    if (ours) await resolveLetter(transaction, notification.id);
    return ours;
  }
  if (delayMs !== undefined) return postponeNotification(transaction, notification, delayMs, error);
  const ours = await endNotification(transaction, notification, 'failed', error);
  if (ours) await buryNotification(transaction, notification, error);
  return ours;
}

function buryNotification(transaction: Queryable, { id, attempts }: ClaimedNotification, error: string): Promise<void> {
  return bury(transaction, {
    kind: 'notification',
    dutyId: id,
    ...{ merchantId: null, orderId: null, endpointId: null },
    error,
    attempts,
  });
}
