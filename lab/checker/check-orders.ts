import type { Case, KnownOrder } from './case.ts';
import type { PlaceOrderRecord } from './history.ts';
import type { OrderState } from './order-state.ts';
import { spellLines } from './order-state.ts';
import type { Violation } from './violation.ts';

/** S-03: every order that was answered can be read afterwards, unchanged, and none exists that nobody sent. */
export function checkReadBack(facts: Case): Violation[] {
  return [...facts.orders.values()].flatMap((known) => {
    if (!known.listed) return [describeLost(known)];
    if (known.origin === 'nobody') return [describeUnexplained(known.order)];
    return known.answers.flatMap((answer) => compareWithAnswer(known.order, answer));
  });
}

function describeLost({ order, answers }: KnownOrder): Violation {
  return {
    promise: 'S-03',
    kind: 'lost-order',
    message: `order ${order.id} was answered with ${answers[0]?.status ?? 'a success'} and cannot be found`,
    evidence: { orderId: order.id, userId: order.userId, arrival: order.arrival, key: answers[0]?.key },
  };
}

function describeUnexplained(order: OrderState): Violation {
  return {
    promise: 'S-03',
    kind: 'unexplained-order',
    message: `order ${order.id} exists and nobody sent it`,
    evidence: { orderId: order.id, userId: order.userId, arrival: order.arrival, lines: spellLines(order.lines) },
  };
}

/** What is fixed at placing: whatever else happens to an order, these members stay. */
const FIXED_MEMBERS = ['saleId', 'userId', 'arrival', 'currency', 'totalMinor', 'reference', 'placedAt'] as const;

function compareWithAnswer(order: OrderState, answer: PlaceOrderRecord): Violation[] {
  const answered = answer.order;
  if (answered === null) return [];
  const changed: string[] = FIXED_MEMBERS.filter((member) => order[member] !== answered[member]);
  if (answered.userId !== answer.userId) changed.push('userId of the sender');
  if (spellPricedLines(order) !== spellPricedLines(answered)) changed.push('lines');
  if (changed.length === 0) return [];
  return [
    {
      promise: 'S-03',
      kind: 'changed-order',
      message: `order ${order.id} is not what was answered: ${changed.join(', ')}`,
      evidence: { orderId: order.id, key: answer.key, answered, now: order },
    },
  ];
}

function spellPricedLines(order: OrderState): string {
  const lines = order.lines.map((line) => `${line.itemId}×${line.quantity}@${line.unitPriceMinor}=${line.totalMinor}`);
  return lines.sort().join(' ');
}

/** S-03, the price: lines add up, and each unit price is one that the item was seen at. */
export function checkPrices(facts: Case): Violation[] {
  const prices = pricesSeen(facts);
  return [...facts.orders.values()].flatMap(({ order }) => {
    const wrongLine = order.lines.find(
      (line) =>
        line.totalMinor !== line.quantity * line.unitPriceMinor ||
        prices.get(line.itemId)?.has(line.unitPriceMinor) !== true,
    );
    const total = order.lines.reduce((sum, line) => sum + line.totalMinor, 0);
    if (wrongLine === undefined && total === order.totalMinor && order.currency === facts.final.sale.currency)
      return [];
    const message = `order ${order.id} has a price that the sale never had or that does not add up`;
    return [{ promise: 'S-03', kind: 'wrong-price', message, evidence: { order, wrongLine } }];
  });
}

/** Every price at which a look at the sale showed an item. Who changes a price twice in a run looks in between. */
function pricesSeen(facts: Case): Map<string, Set<number>> {
  const prices = new Map<string, Set<number>>();
  for (const sale of [...facts.history.saleReads.map((read) => read.sale), facts.final.sale]) {
    for (const item of sale.items) {
      const seen = prices.get(item.id) ?? new Set();
      prices.set(item.id, seen.add(item.priceMinor));
    }
  }
  return prices;
}

/** S-09: an order has all the lines that were asked for, in full, or it does not exist. */
export function checkWhole(facts: Case): Violation[] {
  return [...facts.orders.values()].flatMap(({ order, candidates: [placement] }) => {
    if (placement === undefined || spellLines(order.lines) === spellLines(placement.lines)) return [];
    return [
      {
        promise: 'S-09',
        kind: 'partial-order',
        message: `order ${order.id} has other lines than were asked for`,
        evidence: { orderId: order.id, asked: spellLines(placement.lines), got: spellLines(order.lines) },
      },
    ];
  });
}

/** PG-01: the list shows every order once. */
export function checkListing(facts: Case): Violation[] {
  const byId = Map.groupBy(facts.final.orders, (order) => order.id);
  return [...byId].flatMap(([orderId, group]) => {
    if (group.length === 1) return [];
    const message = `order ${orderId} is listed ${group.length} times`;
    return [{ promise: 'PG-01', kind: 'listed-twice', message, evidence: { orderId } }];
  });
}
