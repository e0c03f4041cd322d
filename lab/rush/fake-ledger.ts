import { randomUUID } from 'node:crypto';
import type { OrderState } from '../checker/order-state.ts';

/** Deliberate defects. Each breaks one promise; all off, the fake is right. */
export interface FakeDefects {
  /** Promises so many units more than there are, and shows counters that hide it. */
  readonly oversellUnits?: number;
  /** Answers this order (counted from 1) and forgets it. */
  readonly losesOrder?: number;
  /** Forgets the keys of the first so many repeats: each becomes a second order. */
  readonly duplicates?: number;
  readonly ignoresLimit?: boolean;
  /** Leaves out one number at this order. */
  readonly gapAt?: number;
  /** Says "sold out" to every twentieth request, whatever is left. */
  readonly falselySoldOut?: boolean;
  /** Swaps blocks of a hundred arrivals, so that later orders have lower numbers. */
  readonly arrivalAgainstTime?: boolean;
  /** Refuses a repeat before it looks for the order that the key has won. */
  readonly refusesBeforeRepeats?: boolean;
  /** Takes a unit too little from the stock at every tenth order. */
  readonly losesCount?: boolean;
  /** No defect, but weather: cuts every n-th connection after the commit, and answers every m-th with 503. */
  readonly cutsEvery?: number;
  readonly busyEvery?: number;
}

export interface FakeItem {
  readonly id: string;
  readonly name: string;
  readonly priceMinor: number;
  readonly limitPerCustomer: number | null;
  readonly capacity: number;
  taken: number;
  version: number;
}

export interface FakeSale {
  readonly id: string;
  readonly wish: Readonly<Record<string, unknown>>;
  readonly items: readonly FakeItem[];
  readonly orders: OrderState[];
  readonly byKey: Map<string, OrderState>;
  readonly units: Map<string, number>;
  requests: number;
  placed: number;
  duplicated: number;
}

export interface FakeRequest {
  readonly userId: string;
  readonly key: string;
  readonly lines: readonly { readonly itemId: string; readonly quantity: number }[];
  readonly reference: string | null;
}

export type FakeDecision = { readonly order: OrderState; readonly replayed: boolean } | { readonly code: string };

/** Makes a sale from the body of `POST /sales`. */
export function makeFakeSale(wish: Readonly<Record<string, unknown>>, items: readonly Partial<FakeItem>[]): FakeSale {
  return {
    id: randomUUID(),
    wish,
    items: items.map((item) => ({
      id: randomUUID(),
      name: item.name ?? '',
      priceMinor: item.priceMinor ?? 0,
      limitPerCustomer: item.limitPerCustomer ?? null,
      capacity: item.capacity ?? 0,
      taken: 0,
      version: 1,
    })),
    orders: [],
    byKey: new Map(),
    units: new Map(),
    requests: 0,
    placed: 0,
    duplicated: 0,
  };
}

/** Decides one request, in one go: nothing else runs meanwhile. */
export function decideFakeOrder(sale: FakeSale, request: FakeRequest, defects: FakeDefects): FakeDecision {
  sale.requests += 1;
  const earlier = sale.byKey.get(`${request.userId} ${request.key}`);
  if (earlier !== undefined && !(defects.refusesBeforeRepeats === true && refusalOf(sale, request, defects))) {
    if (sale.duplicated >= (defects.duplicates ?? 0)) return { order: earlier, replayed: true };
    sale.duplicated += 1;
    return { order: takeOrder(sale, request, defects), replayed: false };
  }
  const code = refusalOf(sale, request, defects);
  return code === undefined ? { order: takeOrder(sale, request, defects), replayed: false } : { code };
}

function refusalOf(sale: FakeSale, request: FakeRequest, defects: FakeDefects): string | undefined {
  if (defects.falselySoldOut === true && sale.requests % 20 === 0) return 'sold-out';
  for (const { itemId, quantity } of request.lines) {
    const item = sale.items.find(({ id }) => id === itemId);
    const had = sale.units.get(`${request.userId} ${itemId}`) ?? 0;
    const limit = item?.limitPerCustomer ?? Number.POSITIVE_INFINITY;
    if (defects.ignoresLimit !== true && had + quantity > limit) return 'limit-reached';
    if (item === undefined || item.taken + quantity > item.capacity + (defects.oversellUnits ?? 0)) return 'sold-out';
  }
  return undefined;
}

function takeOrder(sale: FakeSale, request: FakeRequest, defects: FakeDefects): OrderState {
  sale.placed += 1;
  for (const { itemId, quantity } of request.lines) {
    const item = sale.items.find(({ id }) => id === itemId);
    if (item === undefined) continue;
    item.taken += quantity - Number(defects.losesCount === true && sale.placed % 10 === 0);
    item.version += 1;
    const buyer = `${request.userId} ${itemId}`;
    sale.units.set(buyer, (sale.units.get(buyer) ?? 0) + quantity);
  }
  const lines = request.lines.map(({ itemId, quantity }) => {
    const unitPriceMinor = sale.items.find(({ id }) => id === itemId)?.priceMinor ?? 0;
    return { itemId, quantity, unitPriceMinor, totalMinor: quantity * unitPriceMinor };
  });
  const order: OrderState = {
    id: randomUUID(),
    saleId: sale.id,
    userId: request.userId,
    status: 'pending_payment',
    arrival: arrivalOf(sale.placed, defects),
    currency: 'EUR',
    totalMinor: lines.reduce((sum, line) => sum + line.totalMinor, 0),
    lines,
    reference: request.reference,
    placedAt: new Date().toISOString(),
    payBy: new Date(Date.now() + 300_000).toISOString(),
  };
  sale.byKey.set(`${request.userId} ${request.key}`, order);
  if (sale.placed !== defects.losesOrder) sale.orders.push(order);
  return order;
}

function arrivalOf(place: number, defects: FakeDefects): number {
  if (defects.gapAt !== undefined && place >= defects.gapAt) return place + 1;
  if (defects.arrivalAgainstTime !== true || place > 200) return place;
  return place <= 100 ? place + 100 : place - 100;
}

/** The sale as `GET /sales/{id}` shows it. */
export function showFakeSale(sale: FakeSale): object {
  const items = sale.items.map(({ id, name, priceMinor, limitPerCustomer, capacity, taken, version }) => {
    const held = Math.min(taken, capacity);
    return {
      id,
      name,
      priceMinor,
      limitPerCustomer,
      version,
      stock: { capacity, available: capacity - held, held, sold: 0 },
    };
  });
  return { ...sale.wish, id: sale.id, status: 'open', items };
}
