import type { SendNotifications } from '../actions/send-notifications.ts';
import type { Duty } from './loop.ts';

/** How long a notification waits at most before it is begun. */
const LOOK_INTERVAL_MS = 500;

/** Tells operators of incidents. */
export function createNotifier(options: { sendNotifications: SendNotifications }): Duty {
  return {
    name: 'notifier',
    intervalMs: LOOK_INTERVAL_MS,
    runOnce: () => options.sendNotifications.take(),
  };
}
