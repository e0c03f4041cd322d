import type { OrderState } from './order-state.ts';
import type { SaleState } from './sale-state.ts';

/*
 * What the clients of one run saw, one JSON line per exchange with the engine. All `…AtMs` come from one monotonic
 * clock: `sentAtMs` is read before the first byte leaves, `answeredAtMs` after the last one has come, so that the
 * true moment of the engine's decision always lies between them.
 */

/** One attempt to place an order. A retry is an attempt of its own with the same user and key. */
export interface PlaceOrderRecord {
  readonly operation: 'place-order';
  readonly userId: string;
  readonly key: string;
  readonly saleId: string;
  readonly lines: readonly { readonly itemId: string; readonly quantity: number }[];
  readonly reference: string | null;
  readonly sentAtMs: number;
  /** `null`: no answer came, so the outcome of this attempt is unknown. */
  readonly answeredAtMs: number | null;
  readonly status: number | null;
  /** The problem's `code`, `null` for a success. */
  readonly code: string | null;
  readonly replayed: boolean;
  /** SHA-256 of the body's bytes, of a success only: replays must repeat it. */
  readonly bodyHash: string | null;
  readonly location: string | null;
  readonly etag: string | null;
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
  readonly orders: readonly { readonly id: string; readonly status: string }[];
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
}

export type HistoryRecord = PlaceOrderRecord | ReadSaleRecord | ReadOrdersRecord | ChangeStockRecord | FinalStateRecord;

/** The final state as the checks take it. */
export type FinalState = Pick<FinalStateRecord, 'sale' | 'orders'>;

/** The record of one run on one sale, by operation. The first look at the sale precedes every order and change. */
export interface History {
  readonly placings: readonly PlaceOrderRecord[];
  readonly saleReads: readonly ReadSaleRecord[];
  readonly orderReads: readonly ReadOrdersRecord[];
  readonly stockChanges: readonly ChangeStockRecord[];
}

/** Sorts records into a history; the final state, if among them, is left out (see `findFinalState`). */
export function sortHistory(records: Iterable<HistoryRecord>): History {
  const placings: PlaceOrderRecord[] = [];
  const saleReads: ReadSaleRecord[] = [];
  const orderReads: ReadOrdersRecord[] = [];
  const stockChanges: ChangeStockRecord[] = [];
  for (const record of records) {
    if (record.operation === 'place-order') placings.push(record);
    else if (record.operation === 'read-sale') saleReads.push(record);
    else if (record.operation === 'read-orders') orderReads.push(record);
    else if (record.operation === 'change-stock') stockChanges.push(record);
  }
  saleReads.sort((a, b) => a.sentAtMs - b.sentAtMs);
  return { placings, saleReads, orderReads, stockChanges };
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
