import { type OrderStatus, paidStatus } from './order.ts';
import { type SaleTerms, whyNotOpen } from './sale.ts';

/** An item as the ledger has it now. Prices in minor units of the sale's currency. */
export interface ItemState {
  readonly id: string;
  readonly saleId: string;
  readonly name: string;
  readonly priceMinor: number;
  readonly limitPerCustomer: number | null;
  readonly available: number;
  /** Raised by every change of the item's row. */
  readonly version: number;
}

/** What one customer asks for: all of the lines or none. No item appears twice. */
export interface OrderRequest {
  readonly saleId: string;
  /** A shop's back end orders in its own merchant's sales only; null for customers. */
  readonly onlyMerchantId: string | null;
  readonly customerId: string;
  readonly lines: readonly { readonly itemId: string; readonly quantity: number }[];
}

/** The ledger at the moment of a decision. */
export interface StockState {
  /** The database's clock, read after the locks were taken. */
  readonly now: Date;
  readonly sales: ReadonlyMap<string, SaleTerms & { readonly lastArrival: number }>;
  readonly items: ReadonlyMap<string, ItemState>;
  /** Units that a customer has of a limited item, by `unitsKey`. Absent means none. */
  readonly units: ReadonlyMap<string, number>;
}

/** What an accepted order gets. */
export interface Placement {
  readonly outcome: 'accepted';
  /** The order's number among all accepted orders of its sale, from 1, without gaps. */
  readonly arrival: number;
  readonly currency: string;
  readonly status: OrderStatus;
  readonly placedAt: Date;
  /** Null when there is nothing to pay. */
  readonly payBy: Date | null;
  /** Set where the order is paid and waits for the kitchen. */
  readonly acceptBy: Date | null;
  readonly totalMinor: number;
  readonly lines: readonly PlacedLine[];
}

export interface PlacedLine {
  readonly itemId: string;
  readonly name: string;
  readonly quantity: number;
  readonly unitPriceMinor: number;
  readonly totalMinor: number;
  readonly limited: boolean;
}

/** Why an order is not taken. Expected, so a value; the first that applies, in the order they stand here. */
export type Refusal =
  | { readonly outcome: 'unknown-sale' }
  | { readonly outcome: 'unknown-item'; readonly lineIndexes: readonly number[] }
  | {
      readonly outcome: 'sale-not-open';
      readonly saleStatus: 'scheduled' | 'paused' | 'closed';
      readonly opensAt: Date;
      readonly closesAt: Date;
      /** When it was decided, by the database's clock. */
      readonly decidedAt: Date;
    }
  | {
      readonly outcome: 'limit-reached';
      readonly items: readonly { readonly itemId: string; readonly limit: number; readonly taken: number }[];
    }
  | {
      readonly outcome: 'sold-out';
      readonly items: readonly { readonly itemId: string; readonly requested: number; readonly available: number }[];
    };

export type Decision = Placement | Refusal;

export function unitsKey(itemId: string, customerId: string): string {
  return `${itemId}/${customerId}`;
}

/**
 * Takes units in arrival order; an order gets all of its lines or none. Pure: the caller holds the row locks
 * (or reads a snapshot, and then may use refusals only). Answers in the order of `requests`.
 */
export function allocate(state: StockState, requests: readonly OrderRequest[]): Decision[] {
  const available = new Map<string, number>();
  const units = new Map(state.units);
  const arrivals = new Map<string, number>();
  return requests.map((request) => {
    const refusal = refuse(state, available, units, request);
    return refusal ?? take(state, available, units, arrivals, request);
  });
}

const NOTHING_TAKEN: ReadonlyMap<string, number> = new Map();

/** Why a request that came first would be refused in this state, or undefined where it would be accepted. Pure. */
export function refusalOf(state: StockState, request: OrderRequest): Refusal | undefined {
  return refuse(state, NOTHING_TAKEN, state.units, request);
}

function refuse(
  state: StockState,
  available: ReadonlyMap<string, number>,
  units: ReadonlyMap<string, number>,
  request: OrderRequest,
): Refusal | undefined {
  const sale = state.sales.get(request.saleId);
  const foreign = request.onlyMerchantId !== null && request.onlyMerchantId !== sale?.merchantId;
  if (sale === undefined || foreign) return { outcome: 'unknown-sale' };

  const unknown = request.lines.flatMap((line, index) =>
    state.items.get(line.itemId)?.saleId === sale.id ? [] : [index],
  );
  if (unknown.length > 0) return { outcome: 'unknown-item', lineIndexes: unknown };

  const closedBecause = whyNotOpen(sale, state.now);
  if (closedBecause !== undefined) {
    const { opensAt, closesAt } = sale;
    return { outcome: 'sale-not-open', saleStatus: closedBecause, opensAt, closesAt, decidedAt: state.now };
  }

  const overLimit = request.lines.flatMap((line) => {
    const limit = itemOf(state, line.itemId).limitPerCustomer;
    const taken = units.get(unitsKey(line.itemId, request.customerId)) ?? 0;
    return limit !== null && taken + line.quantity > limit ? [{ itemId: line.itemId, limit, taken }] : [];
  });
  if (overLimit.length > 0) return { outcome: 'limit-reached', items: overLimit };

  const short = request.lines.flatMap((line) => {
    const left = available.get(line.itemId) ?? itemOf(state, line.itemId).available;
    return left < line.quantity ? [{ itemId: line.itemId, requested: line.quantity, available: left }] : [];
  });
  if (short.length > 0) return { outcome: 'sold-out', items: short };
  return undefined;
}

/** Takes what `refuse` found free: moves the working copies and prices the lines by the item's price now. */
function take(
  state: StockState,
  available: Map<string, number>,
  units: Map<string, number>,
  arrivals: Map<string, number>,
  request: OrderRequest,
): Placement {
  const sale = state.sales.get(request.saleId);
  if (sale === undefined) throw new Error('An order was taken for a sale that is not there.');

  const lines = request.lines.map(({ itemId, quantity }) => {
    const item = itemOf(state, itemId);
    const limited = item.limitPerCustomer !== null;
    available.set(itemId, (available.get(itemId) ?? item.available) - quantity);
    if (limited) {
      const key = unitsKey(itemId, request.customerId);
      units.set(key, (units.get(key) ?? 0) + quantity);
    }
    const unitPriceMinor = item.priceMinor;
    return { itemId, name: item.name, quantity, unitPriceMinor, totalMinor: unitPriceMinor * quantity, limited };
  });

  const arrival = (arrivals.get(sale.id) ?? sale.lastArrival) + 1;
  arrivals.set(sale.id, arrival);

  const totalMinor = lines.reduce((sum, line) => sum + line.totalMinor, 0);
  const status = totalMinor === 0 ? paidStatus(sale.fulfillment) : 'pending_payment';
  const inSeconds = (seconds: number) => new Date(state.now.getTime() + seconds * 1_000);
  return {
    outcome: 'accepted',
    arrival,
    currency: sale.currency,
    status,
    placedAt: state.now,
    payBy: status === 'pending_payment' ? inSeconds(sale.holdSeconds) : null,
    acceptBy: status === 'pending_acceptance' ? inSeconds(sale.acceptanceSeconds) : null,
    totalMinor,
    lines,
  };
}

function itemOf(state: StockState, itemId: string): ItemState {
  const item = state.items.get(itemId);
  if (item === undefined) throw new Error('An item that was found a moment ago is not there.');
  return item;
}
