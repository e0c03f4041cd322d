import { capacityRange } from './capacity.ts';
import type { Case } from './case.ts';
import type { ItemState, SaleState } from './sale-state.ts';
import { mostAtOnce } from './stock-spans.ts';
import type { Violation } from './violation.ts';

/** S-01: in every sample available + held + sold = capacity, and none is negative. */
export function checkSamples(facts: Case): Violation[] {
  const reads = facts.history.saleReads.map((read) => ({ sale: read.sale, atMs: read.answeredAtMs }));
  const samples: { sale: SaleState; atMs: number | null }[] = [...reads, { sale: facts.final.sale, atMs: null }];
  return samples.flatMap(({ sale, atMs }) => sale.items.flatMap((item) => checkSample(item, atMs)));
}

function checkSample(item: ItemState, atMs: number | null): Violation[] {
  const { capacity, available, held, sold } = item.stock;
  const evidence = { itemId: item.id, ...item.stock, atMs };
  const found: Violation[] = [];
  if (available + held + sold !== capacity) {
    const message = `${item.name}: ${available} available + ${held} held + ${sold} sold is not ${capacity}`;
    found.push({ promise: 'S-01', kind: 'stock-sum', message, evidence });
  }
  if (Math.min(capacity, available, held, sold) < 0) {
    found.push({
      promise: 'S-01',
      kind: 'stock-negative',
      message: `${item.name}: a negative count of stock`,
      evidence,
    });
  }
  return found;
}

/** Units of one item in orders, counted without looking at the engine's own counters. */
interface PromisedUnits {
  /** In listed orders that hold their stock. */
  readonly active: number;
  /** In orders that were answered and are not listed. */
  readonly lost: number;
  /** In orders that were cancelled or rejected: restocked or not, the order alone does not tell. */
  readonly doubtful: number;
}

/** Adds up by item what the orders still have. */
function countPromised(facts: Case): Map<string, PromisedUnits> {
  const none = (): Record<keyof PromisedUnits, number> => ({ active: 0, lost: 0, doubtful: 0 });
  const promised = new Map(facts.final.sale.items.map((item) => [item.id, none()]));
  const add = (itemId: string, pile: keyof PromisedUnits, quantity: number) => {
    const units = promised.get(itemId) ?? none();
    units[pile] += quantity;
    promised.set(itemId, units);
  };
  for (const { order, listed, use } of facts.orders.values()) {
    if (use.doubtful) for (const { itemId, quantity } of order.lines) add(itemId, 'doubtful', quantity);
    for (const { itemId, units, untilMs } of use.spans) {
      if (!Number.isFinite(untilMs)) add(itemId, listed ? 'active' : 'lost', units);
    }
  }
  return promised;
}

/**
 * S-02: not one unit more than the capacity is promised. Not at the end, by the orders and by the engine's counters;
 * and not at any moment before, by the database's clock (see `stockUseOf`).
 */
export function checkOversold(facts: Case): Violation[] {
  const promised = countPromised(facts);
  return facts.final.sale.items.flatMap((item) => {
    const { active, lost } = promised.get(item.id) ?? { active: 0, lost: 0 };
    const { capacity, held, sold } = item.stock;
    const peak = findPeak(item.id, facts);
    const units = Math.max(
      active + lost - capacity,
      held + sold - capacity,
      peak.units - capacityRange(item, facts.history).most,
    );
    if (units <= 0) return [];
    const message = `${item.name}: ${units} units promised above the capacity of ${capacity}`;
    const evidence = { itemId: item.id, units, capacity, promised: active + lost, held, sold, peak };
    return [{ promise: 'S-02', kind: 'oversold', message, evidence }];
  });
}

/** S-06: the stock's counters equal the orders' lines, so that each hold belongs to one order and was resolved once. */
export function checkBooks(facts: Case): Violation[] {
  const promised = countPromised(facts);
  return facts.final.sale.items.flatMap((item) => {
    const { active, doubtful } = promised.get(item.id) ?? { active: 0, doubtful: 0 };
    const { capacity, held, sold } = item.stock;
    if (held + sold >= active && held + sold <= active + doubtful) return [];
    const message = `${item.name}: ${held + sold} units are held or sold, the orders account for ${active + doubtful}`;
    const evidence = { itemId: item.id, capacity, held, sold, inOrders: active, cancelled: doubtful };
    return [{ promise: 'S-06', kind: 'stock-books', message, evidence }];
  });
}

/**
 * S-06, where every order's history was read: what is held belongs to orders that wait for their money, what is sold to
 * those that have it.
 */
export function checkCounters(facts: Case): Violation[] {
  const orders = [...facts.orders.values()];
  if (orders.some(({ life }) => life === undefined)) return [];
  return facts.final.sale.items.flatMap((item) => {
    let [held, sold] = [0, 0];
    for (const { order, use } of orders) {
      for (const { itemId, units, untilMs } of use.spans) {
        if (itemId !== item.id || Number.isFinite(untilMs)) continue;
        if (WAITING_FOR_MONEY.has(order.status)) held += units;
        else sold += units;
      }
    }
    if (held === item.stock.held && sold === item.stock.sold) return [];
    const message = `${item.name}: ${item.stock.held} held and ${item.stock.sold} sold, by the orders ${held} and ${sold}`;
    const evidence = { itemId: item.id, ...item.stock, byOrders: { held, sold } };
    return [{ promise: 'S-06', kind: 'wrong-counters', message, evidence }];
  });
}

const WAITING_FOR_MONEY: ReadonlySet<string> = new Set(['pending_payment', 'payment_processing']);

function findPeak(itemId: string, facts: Case): { units: number; at: string | null } {
  const spans = [...facts.orders.values()].flatMap(({ use }) => use.spans.filter((span) => span.itemId === itemId));
  const { units, atMs } = mostAtOnce(spans);
  return { units, at: units === 0 ? null : new Date(atMs).toISOString() };
}

/**
 * S-02, the other side: with enough demand and no faults exactly the capacity is promised. Broken when a wish stayed
 * unmet though what is left at the end covers it. Judged only where stock never came back during the run, so that what
 * is left now was left all the time. A wish that was answered "limit reached" does not count as demand.
 */
export function checkUndersold(facts: Case): Violation[] {
  if (!facts.stockOnlyShrank) return [];
  const left = new Map(facts.final.sale.items.map((item) => [item.id, item.stock.available]));
  const unmet = facts.placements.filter((placement) => {
    if (placement.outcome === 'accepted') return false;
    const code = placement.attempts.at(-1)?.code ?? null;
    if (code === 'limit-reached' || (code !== 'sold-out' && !facts.settings.complete)) return false;
    return placement.lines.every((line) => line.quantity <= (left.get(line.itemId) ?? 0));
  });
  const first = unmet[0];
  if (first === undefined) return [];
  const units = facts.final.sale.items.reduce((sum, item) => sum + item.stock.available, 0);
  const message = `${units} units are left though ${unmet.length} orders for what is left were not accepted`;
  const evidence = { unmet: unmet.length, userId: first.userId, key: first.key, left: Object.fromEntries(left) };
  return [{ promise: 'S-02', kind: 'undersold', message, evidence }];
}
