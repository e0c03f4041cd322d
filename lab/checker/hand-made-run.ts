import type { CheckSettings } from './case.ts';
import { checkHistory } from './check-history.ts';
import type {
  ChangeStockRecord,
  DeliveryRecord,
  PlaceOrderRecord,
  ReadOrdersRecord,
  ReadSaleRecord,
  RestState,
  StepRecord,
} from './history.ts';
import type { OrderState } from './order-state.ts';
import type { ItemState, SaleState } from './sale-state.ts';

/*
 * Histories made by hand for the checker's tests. A test states what matters; everything else is as a right engine
 * would have it. Moments are small whole numbers: one "millisecond" apart is enough.
 */

const SALE_ID = 'sale-1';
export const ITEM_ID = 'item-1';
const PRICE_MINOR = 500;
const OPENS_AT = '2026-01-01T10:00:00.000Z';
const CLOSES_AT = '2026-01-01T11:00:00.000Z';

/** An item with its stock; `held` and `available` follow from what the test says. */
export function makeItem(capacity: number, held: number, changes: Partial<ItemState> = {}): ItemState {
  const stock = { capacity, available: capacity - held, held, sold: 0 };
  return { id: ITEM_ID, name: 'Shoe', priceMinor: PRICE_MINOR, limitPerCustomer: null, version: 1, stock, ...changes };
}

export function makeSale(...items: readonly ItemState[]): SaleState {
  return { id: SALE_ID, currency: 'EUR', opensAt: OPENS_AT, closesAt: CLOSES_AT, items };
}

export function readSale(atMs: number, ...items: readonly ItemState[]): ReadSaleRecord {
  return { operation: 'read-sale', sentAtMs: atMs, answeredAtMs: atMs, sale: makeSale(...items) };
}

export function readOrders(sentAtMs: number, answeredAtMs: number, ...orders: OrderState[]): ReadOrdersRecord {
  return { operation: 'read-orders', sentAtMs, answeredAtMs, orders };
}

export function changeStock(
  sentAtMs: number,
  answeredAtMs: number | null,
  capacity: number | null,
  version = 2,
): ChangeStockRecord {
  return { operation: 'change-stock', itemId: ITEM_ID, sentAtMs, answeredAtMs, capacity, version };
}

/** An order of `quantity` units, placed `arrival` seconds after opening. */
export function makeOrder(
  userId: string,
  arrival: number,
  quantity = 1,
  changes: Partial<OrderState> = {},
): OrderState {
  const totalMinor = quantity * PRICE_MINOR;
  return {
    id: `order-${arrival}`,
    saleId: SALE_ID,
    userId,
    status: 'pending_payment',
    arrival,
    currency: 'EUR',
    totalMinor,
    lines: [{ itemId: ITEM_ID, quantity, unitPriceMinor: PRICE_MINOR, totalMinor }],
    reference: null,
    placedAt: secondsAfterOpening(arrival),
    payBy: secondsAfterOpening(arrival + 300),
    ...changes,
  };
}

export function secondsAfterOpening(seconds: number): string {
  return new Date(Date.parse(OPENS_AT) + seconds * 1000).toISOString();
}

/** An attempt without an answer: `answered`, `refused` and `unknown` fill it in. */
function attempt(userId: string, sentAtMs: number, changes: Partial<PlaceOrderRecord>): PlaceOrderRecord {
  return {
    operation: 'place-order',
    userId,
    key: `key-${userId}`,
    saleId: SALE_ID,
    lines: [{ itemId: ITEM_ID, quantity: 1 }],
    reference: null,
    sentAtMs,
    answeredAtMs: null,
    status: null,
    code: null,
    replayed: false,
    bodyHash: null,
    location: null,
    etag: null,
    order: null,
    ...changes,
  };
}

export function accepted(
  order: OrderState,
  sentAtMs: number,
  answeredAtMs: number,
  changes: Partial<PlaceOrderRecord> = {},
): PlaceOrderRecord {
  return attempt(order.userId, sentAtMs, {
    lines: order.lines.map(({ itemId, quantity }) => ({ itemId, quantity })),
    answeredAtMs,
    status: 201,
    bodyHash: `hash of ${order.id}`,
    location: `/api/v1/orders/${order.id}`,
    etag: '"1"',
    order,
    ...changes,
  });
}

export function refused(
  userId: string,
  sentAtMs: number,
  answeredAtMs: number,
  code = 'sold-out',
  changes: Partial<PlaceOrderRecord> = {},
): PlaceOrderRecord {
  return attempt(userId, sentAtMs, { answeredAtMs, status: 409, code, ...changes });
}

export function unknown(userId: string, sentAtMs: number, changes: Partial<PlaceOrderRecord> = {}): PlaceOrderRecord {
  return attempt(userId, sentAtMs, changes);
}

export interface HandMadeRun {
  readonly placings?: readonly PlaceOrderRecord[];
  readonly orders?: readonly OrderState[];
  /** The items at the beginning; by default those of the end, unsold. */
  readonly opening?: readonly ItemState[];
  readonly items: readonly ItemState[];
  readonly saleReads?: readonly ReadSaleRecord[];
  readonly orderReads?: readonly ReadOrdersRecord[];
  readonly stockChanges?: readonly ChangeStockRecord[];
  readonly steps?: readonly StepRecord[];
  readonly deliveries?: readonly DeliveryRecord[];
  readonly rest?: RestState;
  readonly terms?: Pick<SaleState, 'fulfillment' | 'pinSeconds'>;
  readonly settings?: Partial<CheckSettings>;
}

/** Judges the run and tells what was found, as `promise kind`, each once. */
export function judge(run: HandMadeRun): string[] {
  const opening = run.opening ?? run.items;
  const history = {
    placings: run.placings ?? [],
    saleReads: [readSale(-1, ...opening), ...(run.saleReads ?? [])],
    orderReads: run.orderReads ?? [],
    stockChanges: run.stockChanges ?? [],
    steps: run.steps ?? [],
    deliveries: run.deliveries ?? [],
  };
  const final = {
    sale: { ...makeSale(...run.items), ...run.terms },
    orders: run.orders ?? [],
    ...(run.rest && { rest: run.rest }),
  };
  const found = checkHistory(history, final, run.settings ?? {});
  return [...new Set(found.map((violation) => `${violation.promise} ${violation.kind}`))];
}
