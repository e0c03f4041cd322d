import { reconcileMoney } from '../actions/reconcile-money.ts';
import type { Database } from '../ledger/database.ts';
import { readLedgerClock } from '../ledger/ledger-clock.ts';
import { forgetDoneJobs } from '../ledger/payment-jobs.ts';
import { forgetEvents } from '../ledger/provider-events.ts';
import type { PaymentProvider } from '../payments/payment-provider.ts';
import type { Duty } from './loop.ts';

/** Payments older than this are compared no more: they have been, again and again, while they were young. */
const COMPARED_FOR_MS = 3 * 86_400_000;

/** A payment this young may be known to one side only, for good reasons. */
const SETTLING_MS = 60_000;

/** Providers repeat an event for days, not for a month; and nobody asks for a job that was done a month ago. */
const KEPT_SECONDS = 30 * 86_400;

/** Compares the books of the providers with the ledger's. */
export function createMoneyReconciler(options: {
  database: Database;
  providers: readonly PaymentProvider[];
  intervalMs: number;
  observe: (provider: string, discrepancies: number) => void;
}): Duty {
  const { database, providers } = options;
  return {
    name: 'money-reconciler',
    intervalMs: options.intervalMs,
    async runOnce(stopping) {
      await forgetEvents(database, KEPT_SECONDS);
      await forgetDoneJobs(database, KEPT_SECONDS);
      for (const provider of providers) {
        // By a process that is ahead, differences would be seen in the future, and outlive every comparison until then.
        const now = await readLedgerClock(database);
        const { discrepancies } = await reconcileMoney(database, provider, {
          since: new Date(now.getTime() - COMPARED_FOR_MS),
          now,
          settledBefore: new Date(now.getTime() - SETTLING_MS),
          stopping,
        });
        options.observe(provider.name, discrepancies);
      }
      return { more: false };
    },
  };
}
