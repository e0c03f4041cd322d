import type { Stock } from '../domain/capacity.ts';
import type { OrderStatus } from '../domain/order.ts';
import { type SaleStatus, saleStatus } from '../domain/sale.ts';
import { arrayLiteral } from './array-literal.ts';
import { ID_MAX } from './id-range.ts';
import { type Queryable, statement } from './statement.ts';

/** Orders by status. A status without any is left out. */
export type OrderCounts = Readonly<Partial<Record<OrderStatus, number>>>;

/** The second in which most orders were placed. */
export interface PeakRate {
  readonly perSecond: number;
  /** The second's beginning. */
  readonly at: Date;
}

/** Money of one currency, in minor units. */
export interface MoneySum {
  readonly currency: string;
  readonly capturedMinor: number;
  /** What the provider has confirmed. */
  readonly refundedMinor: number;
}

/** A sale as its figures head it. */
export interface CountedSale {
  readonly id: string;
  readonly merchantId: string;
  readonly name: string;
  readonly currency: string;
  readonly status: SaleStatus;
  readonly test: boolean;
  readonly opensAt: Date;
  readonly closesAt: Date;
  readonly items: readonly (Stock & { readonly id: string; readonly name: string })[];
}

/** What changes all the time about a sale, or about several together. */
export interface LiveCounts {
  readonly orders: OrderCounts;
  readonly perSecond: number;
  /** Refused requests by reason. */
  readonly refused: Readonly<Record<string, number>>;
}

/** For how long after its end a sale is listed. */
const LISTED_AFTER_END = `interval '1 day'`;

/** Seconds over which the present rate is the mean. */
const RATE_SECONDS = 5;

/** How long after its end a second may still get orders: what the relay has not yet told of. */
const RATE_LATE = `interval '500 milliseconds'`;

const RATE_UNTIL = `date_trunc('second', clock_timestamp() - ${RATE_LATE})`;
const IN_RATE_WINDOW = `second >= ${RATE_UNTIL} - interval '${RATE_SECONDS} seconds' AND second < ${RATE_UNTIL}`;

interface SaleRow {
  id: string;
  merchant_id: string;
  name: string;
  currency: string;
  test: boolean;
  opens_at: Date;
  closes_at: Date;
  paused_at: Date | null;
  now: Date;
  items: CountedSale['items'];
}

const SALE = `
  SELECT sales.id, sales.merchant_id, sales.name, sales.currency, sales.test, sales.opens_at, sales.closes_at,
    sales.paused_at, clock_timestamp() AS now,
    (SELECT coalesce(json_agg(json_build_object('id', items.id, 'name', items.name, 'capacity', items.capacity,
              'available', items.available, 'held', items.held, 'sold', items.sold) ORDER BY items.position), '[]')
     FROM items WHERE items.sale_id = sales.id) AS items
  FROM sales`;

function toSale(row: SaleRow): CountedSale {
  const window = { opensAt: row.opens_at, closesAt: row.closes_at, pausedAt: row.paused_at };
  return {
    id: row.id,
    merchantId: row.merchant_id,
    name: row.name,
    currency: row.currency,
    status: saleStatus(window, row.items, row.now),
    test: row.test,
    opensAt: row.opens_at,
    closesAt: row.closes_at,
    items: row.items,
  };
}

const listCounted = statement<SaleRow>(
  'list_sales_with_stock',
  `${SALE} WHERE NOT sales.test AND ($1::uuid IS NULL OR sales.merchant_id = $1) AND sales.id < $2
     AND sales.opens_at <= clock_timestamp() AND sales.closes_at > clock_timestamp() - ${LISTED_AFTER_END}
   ORDER BY sales.id DESC LIMIT $3`,
);

/** Real sales that are open or paused now or ended within the last day, the newest first, after one with this id. */
export async function listCountedSales(
  db: Queryable,
  merchantId: string | undefined,
  afterId: string | undefined,
  limit: number,
): Promise<CountedSale[]> {
  const rows = await db.query(listCounted, [merchantId ?? null, afterId ?? ID_MAX, limit]);
  return rows.map(toSale);
}

const readCounted = statement<SaleRow>('read_sale_with_stock', `${SALE} WHERE sales.id = $1`);

/** One sale, whenever it is, a test or not. */
export async function findCountedSale(db: Queryable, saleId: string): Promise<CountedSale | undefined> {
  const [row] = await db.query(readCounted, [saleId]);
  return row && toSale(row);
}

interface LiveRow {
  sale_id: string;
  orders: OrderCounts;
  per_second: number;
  refused: Readonly<Record<string, number>>;
}

const countsOf = (sums: string, from: string, where: string) => `
  (SELECT coalesce(json_object_agg(status, orders), '{}') FROM (
     SELECT status, ${sums}(orders) AS orders FROM sale_order_counts ${from} WHERE ${where} GROUP BY status
   ) AS counted WHERE orders <> 0)`;

// Each by the primary key of its table, which begins with the sale.
const readLive = statement<LiveRow>(
  'read_live_counts_of_sales',
  `SELECT sale.id AS sale_id, ${countsOf('sum', '', 'sale_id = sale.id')} AS orders,
     (SELECT coalesce(sum(orders), 0)::float8 / ${RATE_SECONDS} FROM sale_order_rates
      WHERE sale_id = sale.id AND ${IN_RATE_WINDOW}) AS per_second,
     (SELECT coalesce(json_object_agg(reason, refused), '{}') FROM sale_refusals WHERE sale_id = sale.id) AS refused
   FROM unnest($1::uuid[]) AS sale (id)`,
);

/** The live counts of some sales, by id. As late as the outbox. */
export async function readLiveCounts(db: Queryable, saleIds: readonly string[]): Promise<Map<string, LiveCounts>> {
  const rows = await db.query(readLive, [arrayLiteral(saleIds)]);
  return new Map(rows.map((row) => [row.sale_id, toLive(row)]));
}

const toLive = ({ orders, per_second, refused }: Omit<LiveRow, 'sale_id'>): LiveCounts => ({
  orders,
  perSecond: per_second,
  refused,
});

const REAL = `JOIN sales ON sales.id = sale_id`;
const OF_MERCHANT = `NOT sales.test AND ($1::uuid IS NULL OR sales.merchant_id = $1)`;

// Seconds are found by their sale, and only such sales can have new ones as are open: the rates have no other index.
const readTotals = statement<Omit<LiveRow, 'sale_id'> & Stock>(
  'read_live_counts',
  `SELECT ${countsOf('sum', REAL, OF_MERCHANT)} AS orders,
     (SELECT coalesce(sum(recent.orders), 0)::float8 / ${RATE_SECONDS}
      FROM sales CROSS JOIN LATERAL (
        SELECT orders FROM sale_order_rates WHERE sale_id = sales.id AND ${IN_RATE_WINDOW}
      ) AS recent
      WHERE ${OF_MERCHANT} AND sales.closes_at > clock_timestamp() - interval '1 minute') AS per_second,
     (SELECT coalesce(json_object_agg(reason, refused), '{}') FROM (
        SELECT reason, sum(refused) AS refused FROM sale_refusals ${REAL} WHERE ${OF_MERCHANT} GROUP BY reason
      ) AS counted) AS refused,
     stock.*
   FROM (SELECT coalesce(sum(capacity), 0) AS capacity, coalesce(sum(available), 0) AS available,
                coalesce(sum(held), 0) AS held, coalesce(sum(sold), 0) AS sold
         FROM items ${REAL} WHERE ${OF_MERCHANT}) AS stock`,
);

/** The live counts and the stock of all real sales together, or of a merchant's. */
export async function readTotalCounts(
  db: Queryable,
  merchantId: string | undefined,
): Promise<LiveCounts & { readonly stock: Stock }> {
  const [row] = await db.query(readTotals, [merchantId ?? null]);
  if (row === undefined) throw new Error('Sums without rows are one row.');
  const { capacity, available, held, sold, ...live } = row;
  return { ...toLive(live), stock: { capacity, available, held, sold } };
}

interface PeakRow {
  orders: number;
  second: Date;
}

const readPeak = statement<PeakRow>(
  'read_peak_rate_of_sale',
  'SELECT orders, second FROM sale_order_rates WHERE sale_id = $1 ORDER BY orders DESC, second LIMIT 1',
);

const readTotalPeak = statement<PeakRow>(
  'read_peak_rate',
  `SELECT sum(recent.orders)::int AS orders, recent.second
   FROM sales CROSS JOIN LATERAL (
     SELECT orders, second FROM sale_order_rates
     WHERE sale_id = sales.id AND second >= clock_timestamp() - interval '1 day'
   ) AS recent
   WHERE ${OF_MERCHANT} AND sales.closes_at > clock_timestamp() - interval '1 day'
   GROUP BY recent.second ORDER BY orders DESC, recent.second LIMIT 1`,
);

const toPeak = (row: PeakRow | undefined): PeakRate | null => (row ? { perSecond: row.orders, at: row.second } : null);

/** The busiest second of a sale. Takes the longer, the longer the sale has been open. */
export async function findPeakOfSale(db: Queryable, saleId: string): Promise<PeakRate | null> {
  const [row] = await db.query(readPeak, [saleId]);
  return toPeak(row);
}

/** The busiest second of the last day, over all real sales or a merchant's. */
export async function findPeak(db: Queryable, merchantId: string | undefined): Promise<PeakRate | null> {
  const [row] = await db.query(readTotalPeak, [merchantId ?? null]);
  return toPeak(row);
}

const MONEY = `
  SELECT payments.currency, sum(payments.captured_minor)::bigint AS "capturedMinor",
    coalesce(sum((SELECT sum(refunds.amount_minor) FROM refunds
                  WHERE refunds.payment_id = payments.id AND refunds.status = 'succeeded')), 0)::bigint AS "refundedMinor"
  FROM payments JOIN orders ON orders.id = payments.order_id`;

const CAPTURED = `payments.status = 'captured'`;

const readMoney = statement<MoneySum>(
  'read_money_of_sale',
  `${MONEY} WHERE ${CAPTURED} AND orders.sale_id = $1 GROUP BY payments.currency`,
);

const readTotalMoney = statement<MoneySum>(
  'read_money',
  `${MONEY} JOIN sales ON sales.id = orders.sale_id WHERE ${CAPTURED} AND ${OF_MERCHANT}
   GROUP BY payments.currency ORDER BY payments.currency`,
);

/** What a sale took in and gave back. Reads all of its payments. */
export function sumMoneyOfSale(db: Queryable, saleId: string): Promise<MoneySum[]> {
  return db.query(readMoney, [saleId]);
}

/** The same over all real sales, or a merchant's. Reads all payments there are. */
export function sumMoney(db: Queryable, merchantId: string | undefined): Promise<MoneySum[]> {
  return db.query(readTotalMoney, [merchantId ?? null]);
}

/** What is left of an item. */
export interface ItemStock extends Stock {
  readonly saleId: string;
  readonly itemId: string;
  readonly name: string;
  /** False while its sale is paused. */
  readonly open: boolean;
}

const readStock = statement<ItemStock>(
  'read_stock_of_current_sales',
  `SELECT items.sale_id AS "saleId", items.id AS "itemId", items.name, items.capacity, items.available, items.held,
          items.sold, sales.paused_at IS NULL AS open
   FROM sales JOIN items ON items.sale_id = sales.id
   WHERE NOT sales.test AND sales.opens_at <= clock_timestamp() AND sales.closes_at > clock_timestamp()
   ORDER BY sales.id DESC, items.position LIMIT $1`,
);

/** The items of real sales that are open or paused now, the newest sale's first, at most `limit`. */
export function readItemStock(db: Queryable, limit: number): Promise<ItemStock[]> {
  return db.query(readStock, [limit]);
}
