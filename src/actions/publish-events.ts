import type { OrderStatus } from '../domain/order.ts';
import type { Database } from '../ledger/database.ts';
import { type PublishedEvent, setUpPublishing, takeEvents } from '../ledger/outbox.ts';
import { addOrderCounts, addOrderRates, type CountChange, type RateChange } from '../ledger/sale-counts.ts';
import type { Queryable } from '../ledger/statement.ts';
import { NO_SPAN, type Span, TRACING_OFF, type Tracing } from '../operations/tracing.ts';

/** Makes the duties that follow from events, in the transaction that tells of them. No network, nothing slow. */
export type MakeDeliveries = (transaction: Queryable, events: readonly PublishedEvent[]) => Promise<void>;

/** What was told. `more`: there may be further events. */
export interface Published {
  readonly published: number;
  readonly more: boolean;
}

/**
 * Tells of the waiting events of at most `limit` orders: makes their deliveries, counts them, and takes them out of
 * the outbox, all in one transaction. So each event is told once, and the versions of an order in turn, however many
 * processes do this at once and wherever one of them is killed.
 */
export async function publishEvents(
  database: Database,
  limit: number,
  makeDeliveries: MakeDeliveries,
  tracing: Tracing = TRACING_OFF,
): Promise<Published> {
  let span = NO_SPAN;
  try {
    return await database.transaction(async (transaction) => {
      await setUpPublishing(transaction);
      const events = await takeEvents(transaction, limit);
      if (events.length === 0) return { published: 0, more: false };
      span = startSpan(tracing, events);
      await makeDeliveries(transaction, events);
      // Last: every relay that tells of the same sale waits for these rows.
      await addOrderCounts(transaction, countChanges(events));
      await addOrderRates(transaction, rateChanges(events));
      return { published: events.length, more: events.length >= limit };
    });
  } catch (error) {
    span.end(error);
    throw error;
  } finally {
    span.end();
  }
}

/** In the trace of the first event that has one, and linked to those of all. */
function startSpan(tracing: Tracing, events: readonly PublishedEvent[]): Span {
  const links = [...new Set(events.flatMap(({ traceParent }) => traceParent ?? []))];
  return tracing.startSpan('publish order_events', {
    kind: 'producer',
    parent: links[0] ?? null,
    links,
    attributes: {
      'messaging.system': 'doorbuster',
      'messaging.operation.type': 'send',
      'messaging.operation.name': 'publish',
      'messaging.destination.name': 'order_events',
      'messaging.batch.message_count': events.length,
    },
  });
}

/** How many more or fewer orders there are in each status, by sale. */
export function countChanges(events: readonly PublishedEvent[]): CountChange[] {
  const sales = new Map<string, Map<OrderStatus, number>>();
  for (const { saleId, status, previousStatus } of events) {
    if (status === previousStatus) continue;
    const counts = sales.get(saleId) ?? new Map<OrderStatus, number>();
    sales.set(saleId, counts);
    counts.set(status, (counts.get(status) ?? 0) + 1);
    if (previousStatus !== null) counts.set(previousStatus, (counts.get(previousStatus) ?? 0) - 1);
  }
  return [...sales].flatMap(([saleId, counts]) =>
    [...counts].filter(([, orders]) => orders !== 0).map(([status, orders]) => ({ saleId, status, orders })),
  );
}

/** Orders placed in each second, by sale. */
export function rateChanges(events: readonly PublishedEvent[]): RateChange[] {
  const changes = new Map<string, RateChange>();
  for (const { saleId, version, occurredAt } of events) {
    if (version !== 1) continue;
    const key = `${saleId}/${Math.floor(occurredAt.getTime() / 1_000)}`;
    changes.set(key, { saleId, second: occurredAt, orders: (changes.get(key)?.orders ?? 0) + 1 });
  }
  return [...changes.values()];
}
