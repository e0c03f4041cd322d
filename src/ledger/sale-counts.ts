import type { OrderStatus } from '../domain/order.ts';
import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

/** By how much the orders of a sale in a status became more, or fewer. */
export interface CountChange {
  readonly saleId: string;
  readonly status: OrderStatus;
  readonly orders: number;
}

/** Orders that a sale took in a second. */
export interface RateChange {
  readonly saleId: string;
  /** Any moment of that second. */
  readonly second: Date;
  readonly orders: number;
}

/** Requests for orders that a sale refused. */
export interface RefusalChange {
  readonly saleId: string;
  readonly reason: string;
  readonly refused: number;
}

// Sorted, so that two who add to the same rows wait for each other and never in a circle. The caller's transaction
// takes the events out of the outbox, so each is counted once.
const addCounts = statement(
  'add_sale_order_counts',
  `INSERT INTO sale_order_counts (sale_id, status, orders)
   SELECT * FROM unnest($1::uuid[], $2::order_status[], $3::bigint[]) AS change (sale_id, status, orders)
   ORDER BY sale_id, status
   ON CONFLICT (sale_id, status) DO UPDATE SET orders = sale_order_counts.orders + excluded.orders`,
);

/** Adds to the orders by status. No pair of sale and status twice. */
export async function addOrderCounts(db: Queryable, changes: readonly CountChange[]): Promise<void> {
  if (changes.length === 0) return;
  await db.query(addCounts, [
    arrayLiteral(changes.map(({ saleId }) => saleId)),
    arrayLiteral(changes.map(({ status }) => status)),
    arrayLiteral(changes.map(({ orders }) => orders)),
  ]);
}

// Sorted for the same reason.
const addRates = statement(
  'add_sale_order_rates',
  `INSERT INTO sale_order_rates (sale_id, second, orders)
   SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::int[]) AS change (sale_id, second, orders)
   ORDER BY sale_id, second
   ON CONFLICT (sale_id, second) DO UPDATE SET orders = sale_order_rates.orders + excluded.orders`,
);

/** Adds to the orders of seconds. No pair of sale and second twice. */
export async function addOrderRates(db: Queryable, changes: readonly RateChange[]): Promise<void> {
  if (changes.length === 0) return;
  await db.query(addRates, [
    arrayLiteral(changes.map(({ saleId }) => saleId)),
    changes.map(({ second }) => new Date(Math.floor(second.getTime() / 1_000) * 1_000)),
    arrayLiteral(changes.map(({ orders }) => orders)),
  ]);
}

// A sale's id comes from whoever asks, so only such as exist get rows. Sorted for the same reason.
const addRefused = statement(
  'add_sale_refusals',
  `INSERT INTO sale_refusals (sale_id, reason, refused)
   SELECT change.* FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS change (sale_id, reason, refused)
   JOIN sales ON sales.id = change.sale_id
   ORDER BY sale_id, reason
   ON CONFLICT (sale_id, reason) DO UPDATE SET refused = sale_refusals.refused + excluded.refused`,
);

/** Adds to what sales refused; what names no sale is dropped. No pair of sale and reason twice. */
export async function addRefusals(db: Queryable, changes: readonly RefusalChange[]): Promise<void> {
  if (changes.length === 0) return;
  await db.query(addRefused, [
    arrayLiteral(changes.map(({ saleId }) => saleId)),
    changes.map(({ reason }) => reason),
    arrayLiteral(changes.map(({ refused }) => refused)),
  ]);
}
