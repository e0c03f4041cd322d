import type { DeliverWebhooks } from '../actions/deliver-webhooks.ts';
import type { Duty } from './loop.ts';

/** Between two looks for what other processes have made due, while nothing here says that something is. */
const LOOK_INTERVAL_MS = 500;

/** Sends the due webhook deliveries. */
export function createWebhookSender(deliverWebhooks: DeliverWebhooks): Duty {
  return {
    name: 'webhook-sender',
    intervalMs: LOOK_INTERVAL_MS,
    runOnce: () => deliverWebhooks.take(),
  };
}
