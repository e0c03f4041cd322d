import type { OrderLife } from './order-life.ts';
import type { OrderState } from './order-state.ts';
import type { SaleState } from './sale-state.ts';

/*
 * What the clients of one run saw, one JSON line per exchange with the engine. All `…AtMs` come from one monotonic
 * clock: `sentAtMs` is read before the first byte leaves, `answeredAtMs` after the last one has come, so that the
 * true moment of the engine's decision always lies between them.
 */

/** What every attempt to change something has. */
interface Attempt {
  readonly key: string;
  readonly sentAtMs: number;
  /** `null`: no answer came, so the outcome of this attempt is unknown. */
  readonly answeredAtMs: number | null;
  readonly status: number | null;
  /** The problem's `code`, `null` for a success. */
  readonly code: string | null;
  readonly replayed: boolean;
  readonly etag: string | null;
}

/** One attempt to place an order. A retry is an attempt of its own with the same user and key. */
export interface PlaceOrderRecord extends Attempt {
  readonly operation: 'place-order';
  readonly userId: string;
  readonly saleId: string;
  readonly lines: readonly { readonly itemId: string; readonly quantity: number }[];
  readonly reference: string | null;
  /** SHA-256 of the body's bytes, of a success only: replays must repeat it. */
  readonly bodyHash: string | null;
  readonly location: string | null;
  /** The order of a success; `null` when refused, or when the body was not an order. */
  readonly order: OrderState | null;
}

/** A look at the sale and its stock. */
export interface ReadSaleRecord {
  readonly operation: 'read-sale';
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  readonly sale: SaleState;
}

/** A look at orders: each was in this state at some moment between sent and answered. */
export interface ReadOrdersRecord {
  readonly operation: 'read-orders';
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  readonly orders: readonly { readonly id: string; readonly status: string; readonly version?: number }[];
}

/** One attempt at a step of an order: a payment, an acceptance, … A retry is an attempt of its own with the same key. */
export interface StepRecord extends Attempt {
  readonly operation: 'step';
  readonly orderId: string;
  /** The resource that was posted to: `payment`, `cancellation`, … */
  readonly intent: string;
  /** Who asked; keys are that caller's own. */
  readonly actorId: string;
  /** If-Match as it was sent: an entity tag with its quotes, or `*`. */
  readonly tag: string;
  /** SHA-256 of the body's bytes, of an answer that is kept under the key: a success or a declined payment. */
  readonly bodyHash: string | null;
  /** The order's version and status in an answer that is kept. */
  readonly version: number | null;
  readonly orderStatus: string | null;
}

/** A webhook as its receiver got it, once for each time that it came. */
export interface DeliveryRecord {
  readonly operation: 'delivery';
  readonly receivedAtMs: number;
  readonly eventId: string;
  readonly type: string;
  readonly orderId: string;
  readonly version: number;
  /** The status of the order in it. */
  readonly status: string;
}

/** A change of an item's capacity by staff. One line per change: sent at the first attempt, answered at the last. */
export interface ChangeStockRecord {
  readonly operation: 'change-stock';
  readonly itemId: string;
  readonly sentAtMs: number;
  /** `null`: unknown whether it took effect. A change that was refused is not recorded. */
  readonly answeredAtMs: number | null;
  /** Capacity and version after the change, from its answer; `null` when unknown. */
  readonly capacity: number | null;
  readonly version: number | null;
}

/** What the engine shows at the end, at rest: the sale, and every order of it. */
interface FinalStateRecord {
  readonly operation: 'final-state';
  readonly sale: SaleState;
  readonly orders: readonly OrderState[];
  /** What else was read where orders went further than their placing. */
  readonly rest?: RestState;
}

/** What the engine and the world around it show when nothing moves any more. */
export interface RestState {
  /** When it was read, RFC 3339, by the clock of the ledger's database. */
  readonly observedAt: string;
  /** Of every order its history, payments and refunds. */
  readonly lives: readonly OrderLife[];
  /** What the payment provider itself has in its books about the sale's orders; `null` if nobody looked. */
  readonly providerBooks: readonly ProviderPayment[] | null;
  /** Differences between the books that the engine itself lists for the sale's orders. */
  readonly discrepancies: readonly unknown[];
  /** By the engine's own metrics; `null` if it runs without a gate. */
  readonly gate: { readonly driftUnits: number; readonly openReservations: number } | null;
  /** A receiver of all events was there all the time and was waited for: everything must have come. */
  readonly eventsAwaited: boolean;
}

/** A payment in the provider's own books. Amounts in minor units. */
export interface ProviderPayment {
  readonly paymentId: string;
  readonly orderId: string;
  readonly status: string;
  readonly amountMinor: number;
  readonly capturedMinor: number;
  readonly refundedMinor: number;
}

export type HistoryRecord =
  | PlaceOrderRecord
  | ReadSaleRecord
  | ReadOrdersRecord
  | ChangeStockRecord
  | StepRecord
  | DeliveryRecord
  | FinalStateRecord;

/** The final state as the checks take it. */
export type FinalState = Pick<FinalStateRecord, 'sale' | 'orders' | 'rest'>;

/** The record of one run on one sale, by operation. The first look at the sale precedes every order and change. */
export interface History {
  readonly placings: readonly PlaceOrderRecord[];
  readonly saleReads: readonly ReadSaleRecord[];
  readonly orderReads: readonly ReadOrdersRecord[];
  readonly stockChanges: readonly ChangeStockRecord[];
  readonly steps: readonly StepRecord[];
  readonly deliveries: readonly DeliveryRecord[];
}

/** Sorts records into a history; the final state, if among them, is left out (see `findFinalState`). */
export function sortHistory(records: Iterable<HistoryRecord>): History {
  const placings: PlaceOrderRecord[] = [];
  const saleReads: ReadSaleRecord[] = [];
  const orderReads: ReadOrdersRecord[] = [];
  const stockChanges: ChangeStockRecord[] = [];
  const steps: StepRecord[] = [];
  const deliveries: DeliveryRecord[] = [];
  for (const record of records) {
    if (record.operation === 'place-order') placings.push(record);
    else if (record.operation === 'read-sale') saleReads.push(record);
    else if (record.operation === 'read-orders') orderReads.push(record);
    else if (record.operation === 'change-stock') stockChanges.push(record);
    else if (record.operation === 'step') steps.push(record);
    else if (record.operation === 'delivery') deliveries.push(record);
  }
  saleReads.sort((a, b) => a.sentAtMs - b.sentAtMs);
  return { placings, saleReads, orderReads, stockChanges, steps, deliveries };
}

/** The last final state among the records. */
export function findFinalState(records: readonly HistoryRecord[]): FinalState | undefined {
  return records.findLast((record) => record.operation === 'final-state');
}

/** One record as a line of a history file, with its line feed. */
export function formatRecord(record: HistoryRecord): string {
  return `${JSON.stringify(record)}\n`;
}

/** Parses a history file that `formatRecord` wrote. @throws SyntaxError naming the line that is not a record. */
export function parseHistory(text: string): HistoryRecord[] {
  const lines = text.split('\n').map((line, index) => ({ line, number: index + 1 }));
  return lines.filter(({ line }) => line.trim() !== '').map(({ line, number }) => parseRecord(line, number));
}

const OPERATIONS: ReadonlySet<string> = new Set<HistoryRecord['operation']>([
  'place-order',
  'read-sale',
  'read-orders',
  'change-stock',
  'step',
  'delivery',
  'final-state',
]);

function parseRecord(line: string, number: number): HistoryRecord {
  const record: HistoryRecord = parseLine(line, number);
  if (!OPERATIONS.has(record?.operation)) throw new SyntaxError(`line ${number} is not a record of a history`);
  return record;
}

function parseLine(line: string, number: number): HistoryRecord {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new SyntaxError(`line ${number} is not JSON`, { cause: error });
  }
}
