import type { RunPaymentJobs } from '../actions/run-payment-jobs.ts';
import type { Database } from '../ledger/database.ts';
import { askSoon } from '../ledger/payment-jobs.ts';
import { unparkEvents } from '../ledger/provider-events.ts';
import type { Duty } from './loop.ts';

/** How long a capture, void or refund waits at most before it is begun, while a worker has nothing else to do. */
const LOOK_INTERVAL_MS = 250;

/** Asks and tells the payment providers what is due. */
export function createPaymentWorker(options: { database: Database; runPaymentJobs: RunPaymentJobs }): Duty {
  return {
    name: 'payment-worker',
    intervalMs: LOOK_INTERVAL_MS,
    async runOnce() {
      for (const paymentId of await unparkEvents(options.database)) await askSoon(options.database, paymentId);
      return options.runPaymentJobs.take();
    },
  };
}
