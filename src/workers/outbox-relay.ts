import { type MakeDeliveries, publishEvents } from '../actions/publish-events.ts';
import type { Database } from '../ledger/database.ts';
import type { Tracing } from '../operations/tracing.ts';
import type { Duty } from './loop.ts';

/** How long an event waits at most before it is told of. In a rush, what comes in between is told of together. */
const RELAY_INTERVAL_MS = 200;

/** Bounds the time of one transaction, and with it the memory of one run. */
const RELAY_ORDERS_MAX = 1_000;

/** Tells of the events that wait in the outbox. */
export function createOutboxRelay(options: {
  database: Database;
  makeDeliveries: MakeDeliveries;
  /** Called after the commit with how many events were told. */
  observe: (published: number) => void;
  tracing?: Tracing;
}): Duty {
  const { database, makeDeliveries, observe, tracing } = options;
  return {
    name: 'outbox-relay',
    intervalMs: RELAY_INTERVAL_MS,
    runsLast: true,
    async runOnce() {
      const { published, more } = await publishEvents(database, RELAY_ORDERS_MAX, makeDeliveries, tracing);
      if (published > 0) observe(published);
      return { more };
    },
  };
}
