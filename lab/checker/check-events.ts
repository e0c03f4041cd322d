import type { Case } from './case.ts';
import type { DeliveryRecord } from './history.ts';
import type { Violation, ViolationKind } from './violation.ts';

/**
 * WH-01: each version of an order's history is told by exactly one event, under one id however often it comes, as the
 * history has it. None is invented; and at rest, where somebody listened all the time, none is missing.
 */
export function checkEvents(facts: Case): Violation[] {
  const { rest } = facts.final;
  if (rest === undefined) return [];
  const { deliveries } = facts.history;
  const told = Map.groupBy(deliveries, ({ orderId, version }) => `${orderId} ${version}`);
  const found: Violation[] = [];
  const entries = new Set<string>();
  for (const { orderId, history } of rest.lives) {
    for (const entry of history) {
      const name = `${orderId} ${entry.version}`;
      entries.add(name);
      const events = told.get(name) ?? [];
      const wrong = events.find(({ type, status }) => type !== entry.type || status !== entry.status);
      if (wrong !== undefined) found.push(broken('event-differs', 'is not what the history says', wrong));
      if (new Set(events.map(({ eventId }) => eventId)).size > 1) {
        found.push(broken('event-differs', 'came under different ids', events[0]));
      }
      if (events.length === 0 && rest.eventsAwaited) {
        const missing = { orderId, version: entry.version, type: entry.type };
        found.push(broken('event-missing', 'never came', missing));
      }
    }
  }
  const invented = [...told].filter(([name]) => !entries.has(name));
  found.push(...invented.map(([, events]) => broken('event-invented', 'tells of no version there is', events[0])));
  return [...found, ...findShared(deliveries)];
}

/** One id is one event: never two versions' or two orders'. */
function findShared(deliveries: readonly DeliveryRecord[]): Violation[] {
  return [...Map.groupBy(deliveries, ({ eventId }) => eventId).values()].flatMap((events) => {
    const names = new Set(events.map(({ orderId, version }) => `${orderId} ${version}`));
    return names.size === 1 ? [] : [broken('event-differs', 'shares its id with another', events[0])];
  });
}

function broken(kind: ViolationKind, what: string, event: Partial<DeliveryRecord> | undefined): Violation {
  const { orderId, version, type, eventId } = event ?? {};
  const message = `the event ${type} of order ${orderId}, version ${version}, ${what}`;
  return { promise: 'WH-01', kind, message, evidence: { orderId, version, type, eventId } };
}
