import type { Case } from './case.ts';
import type { OrderLife } from './order-life.ts';
import { mayBegin, mayFollow } from './published-steps.ts';
import type { Violation, ViolationKind } from './violation.ts';

/** S-11: versions rise by 1, the history has no gaps, follows the published states and the clock, and ends as the order is. */
export function checkLives(facts: Case): Violation[] {
  const lives = facts.final.rest?.lives ?? [];
  const listed = new Set(lives.map(({ orderId }) => orderId));
  const unread = facts.final.rest === undefined ? [] : facts.final.orders.filter(({ id }) => !listed.has(id));
  return [
    ...lives.flatMap((life) => checkLife(life, facts.final.sale.fulfillment)),
    ...unread.map(({ id }) => broken('history-gap', id, 'its history cannot be read', {})),
  ];
}

function checkLife(life: OrderLife, fulfillment: string | undefined): Violation[] {
  const { orderId, history, version, status, totalMinor } = life;
  const found: Violation[] = [];
  let [before, beforeMs] = ['', Number.NEGATIVE_INFINITY];
  history.forEach((entry, index) => {
    const atMs = Date.parse(entry.occurredAt);
    if (entry.version !== index + 1) {
      found.push(broken('history-gap', orderId, `entry ${index + 1} has version ${entry.version}`, { entry }));
    }
    if (atMs < beforeMs) {
      found.push(broken('history-clock', orderId, `version ${entry.version} is older than the one before`, { entry }));
    }
    const published =
      index === 0
        ? entry.type === 'order.placed' && mayBegin(entry.status, totalMinor, fulfillment)
        : mayFollow(before, entry, fulfillment);
    if (!published) {
      const step = `${entry.type} by ${entry.cause} (${entry.by}) from "${before}" to "${entry.status}"`;
      found.push(
        broken('unpublished-step', orderId, `version ${entry.version} is no published step: ${step}`, { entry }),
      );
    }
    before = entry.status;
    beforeMs = atMs;
  });
  if (history.length !== version || before !== status) {
    const evidence = { version, status, entries: history.length, last: before };
    found.push(broken('history-gap', orderId, `its history ends with ${history.length} "${before}"`, evidence));
  }
  return found;
}

function broken(kind: ViolationKind, orderId: string, what: string, evidence: object): Violation {
  return { promise: 'S-11', kind, message: `order ${orderId}: ${what}`, evidence: { orderId, ...evidence } };
}
