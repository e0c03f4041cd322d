import type { Stock } from '../domain/capacity.ts';
import type { StepTerms } from '../domain/order-facts.ts';
import { type Fulfillment, type SaleStatus, type SaleTerms, saleStatus } from '../domain/sale.ts';
import { arrayLiteral } from './array-literal.ts';
import { ID_MAX } from './id-range.ts';
import { type Queryable, type Statement, statement } from './statement.ts';

/** An item as it is shown. Its price is in minor units of the sale's currency. */
export interface CatalogueItem extends Stock {
  readonly id: string;
  readonly name: string;
  readonly priceMinor: number;
  readonly limitPerCustomer: number | null;
  /** Raised by every change of the item, its stock included. */
  readonly version: number;
}

/** A sale with its items as it is shown, all of it from one moment. */
export interface CatalogueSale extends SaleTerms, StepTerms {
  readonly merchantId: string;
  readonly name: string;
  /** Raised by every change of the sale's or its items' definition; stock that moves leaves it as it is. */
  readonly version: number;
  readonly items: readonly CatalogueItem[];
  readonly status: SaleStatus;
  /** The database's clock at the reading. */
  readonly readAt: Date;
}

interface SaleRow {
  id: string;
  merchant_id: string;
  name: string;
  currency: string;
  opens_at: Date;
  closes_at: Date;
  paused_at: Date | null;
  fulfillment: Fulfillment;
  hold_seconds: number;
  retry_seconds: number;
  pin_seconds: number;
  acceptance_seconds: number;
  test: boolean;
  version: number;
  items: CatalogueItem[];
}

// A sale and its items in one statement, hence from one snapshot: the stock that is shown adds up, and the version
// belongs to what it stands beside.
const SHOWN = `
  SELECT sales.id, sales.merchant_id, sales.name, sales.currency, sales.opens_at, sales.closes_at, sales.paused_at,
    sales.fulfillment, sales.hold_seconds, sales.retry_seconds, sales.pin_seconds, sales.acceptance_seconds,
    sales.test, sales.version,
    (SELECT coalesce(json_agg(json_build_object(
              'id', items.id, 'name', items.name, 'priceMinor', items.price_minor,
              'limitPerCustomer', items.limit_per_customer, 'version', items.version, 'capacity', items.capacity,
              'available', items.available, 'held', items.held, 'sold', items.sold) ORDER BY items.position), '[]')
     FROM items WHERE items.sale_id = sales.id) AS items
  FROM sales`;

// The clock to the millisecond, which is what is shown. The left join brings it also when there is nothing to show.
const withClock = (shown: string) => `
  SELECT clock.read_at, shown.*
  FROM (SELECT date_trunc('milliseconds', clock_timestamp()) AS read_at) AS clock
  LEFT JOIN (${shown}) AS shown ON true`;

type ShownRow = { read_at: Date } & (SaleRow | { id: null });

function toSale(row: SaleRow, readAt: Date): CatalogueSale {
  const window = { opensAt: row.opens_at, closesAt: row.closes_at, pausedAt: row.paused_at };
  return {
    id: row.id,
    merchantId: row.merchant_id,
    name: row.name,
    currency: row.currency,
    ...window,
    fulfillment: row.fulfillment,
    holdSeconds: row.hold_seconds,
    retrySeconds: row.retry_seconds,
    pinSeconds: row.pin_seconds,
    acceptanceSeconds: row.acceptance_seconds,
    test: row.test,
    version: row.version,
    items: row.items,
    status: saleStatus(window, row.items, readAt),
    readAt,
  };
}

function toSales(rows: readonly ShownRow[]): { sales: CatalogueSale[]; readAt: Date } {
  const first = rows[0];
  if (first === undefined) throw new Error('The database did not tell its time.');
  const readAt = first.read_at;
  return { sales: rows.flatMap((row) => (row.id === null ? [] : [toSale(row, readAt)])), readAt };
}

// LATERAL with LIMIT keeps to one index look-up per id, whatever the size of the table was when it was planned.
// The SELECT around the ids hides their number from the planner: were few cheaper than it expects of any, it would plan
// each execution anew, which takes longer than the reading.
const readSales = statement<ShownRow>(
  'read_sales',
  withClock(`
    SELECT found.*
    FROM unnest((SELECT $1::uuid[])) AS asked (id)
    CROSS JOIN LATERAL (${SHOWN} WHERE sales.id = asked.id LIMIT 1) AS found`),
);

/** Some sales with their items, all of it from one moment, by id: one query. */
export async function findSales(db: Queryable, saleIds: readonly string[]): Promise<Map<string, CatalogueSale>> {
  const { sales } = toSales(await db.query(readSales, [arrayLiteral(saleIds)]));
  return new Map(sales.map((sale) => [sale.id, sale]));
}

/** A sale that must be there: its row is locked, or was written by this transaction. */
export async function getSale(db: Queryable, saleId: string): Promise<CatalogueSale> {
  const [sale] = (await findSales(db, [saleId])).values();
  if (sale === undefined) throw new Error(`Sale ${saleId} is not there.`);
  return sale;
}

/** Which sales a list shows: real ones, of one merchant or of all; or test sales, of some merchants or of all. */
export type SaleFilter =
  | { readonly test: false; readonly merchantId: string | undefined }
  | { readonly test: true; readonly merchantIds: readonly string[] | undefined };

// Each page seeks to its place by the index that fits the filter (each condition on `test` is that of a partial
// index), so page 1,000 costs what page 1 costs, and what comes or goes meanwhile moves nothing else.
const listOf = (name: string, which: string) =>
  statement<ShownRow>(
    name,
    `${withClock(`${SHOWN} WHERE ${which} AND sales.id < $1 ORDER BY sales.id DESC LIMIT $2`)} ORDER BY shown.id DESC`,
  );
const listReal = listOf('list_sales', 'NOT sales.test');
const listRealOfMerchant = listOf('list_sales_of_merchant', 'NOT sales.test AND sales.merchant_id = $3');
const listTests = listOf('list_test_sales', 'sales.test');
const listTestsOfMerchants = listOf(
  'list_test_sales_of_merchants',
  'sales.test AND sales.merchant_id = ANY ($3::uuid[])',
);

/** One page of sales with their items, newest first, at most `limit` of those after `afterId`: one query. */
export async function listSales(
  db: Queryable,
  filter: SaleFilter,
  afterId: string | undefined,
  limit: number,
): Promise<{ sales: CatalogueSale[]; readAt: Date }> {
  const run = async (list: Statement<ShownRow>, ...further: string[]) =>
    toSales(await db.query(list, [afterId ?? ID_MAX, limit, ...further]));
  if (filter.test) {
    const { merchantIds } = filter;
    return merchantIds === undefined ? run(listTests) : run(listTestsOfMerchants, arrayLiteral(merchantIds));
  }
  const { merchantId } = filter;
  return merchantId === undefined ? run(listReal) : run(listRealOfMerchant, merchantId);
}

const readMerchantOfSale = statement<{ merchant_id: string }>(
  'read_merchant_of_sale',
  'SELECT merchant_id FROM sales WHERE id = $1',
);

/** Whose sale it is. That never changes, so it may be asked before the sale is locked. */
export async function findMerchantOfSale(db: Queryable, saleId: string): Promise<string | undefined> {
  const [row] = await db.query(readMerchantOfSale, [saleId]);
  return row?.merchant_id;
}

/** What a sale starts with. */
export interface NewSale extends Omit<SaleTerms, 'pausedAt'>, StepTerms {
  readonly merchantId: string;
  readonly name: string;
}

/** What an item starts with: all of its capacity is available. */
export interface NewItem {
  readonly id: string;
  readonly name: string;
  readonly priceMinor: number;
  readonly limitPerCustomer: number | null;
  readonly capacity: number;
}

/** In the order in which the statements below name them. */
function stepTermsOf(terms: StepTerms): number[] {
  return [terms.holdSeconds, terms.retrySeconds, terms.pinSeconds, terms.acceptanceSeconds];
}

const insertSaleRow = statement<{ id: string }>(
  'insert_sale',
  `INSERT INTO sales (id, merchant_id, name, currency, opens_at, closes_at, fulfillment, test,
     hold_seconds, retry_seconds, pin_seconds, acceptance_seconds)
   SELECT $1, merchants.id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 FROM merchants WHERE merchants.id = $2
   RETURNING id`,
);

/** Writes a sale without items. False when there is no such merchant. */
export async function insertSale(db: Queryable, sale: NewSale): Promise<boolean> {
  const { id, merchantId, name, currency, opensAt, closesAt, fulfillment, test } = sale;
  const values = [id, merchantId, name, currency, opensAt, closesAt, fulfillment, test, ...stepTermsOf(sale)];
  const rows = await db.query(insertSaleRow, values);
  return rows.length > 0;
}

// Behind the items that are there. Whoever adds items holds the sale's row lock or has just made the sale, so no two
// take the same position.
const insertItemRows = statement(
  'insert_items',
  `INSERT INTO items (id, sale_id, position, name, price_minor, limit_per_customer, capacity, available)
   SELECT new.id, $1, last.position + new.place, new.name, new.price_minor, new.limit_per_customer,
          new.capacity, new.capacity
   FROM (SELECT coalesce(max(position), -1) AS position FROM items WHERE sale_id = $1) AS last,
        unnest($2::uuid[], $3::text[], $4::bigint[], $5::int[], $6::int[])
          WITH ORDINALITY AS new (id, name, price_minor, limit_per_customer, capacity, place)`,
);

/** Adds items to a sale, in this order. */
export async function insertItems(db: Queryable, saleId: string, items: readonly NewItem[]): Promise<void> {
  await db.query(insertItemRows, [
    saleId,
    arrayLiteral(items.map((item) => item.id)),
    items.map((item) => item.name),
    arrayLiteral(items.map((item) => item.priceMinor)),
    arrayLiteral(items.map((item) => item.limitPerCustomer ?? 'NULL')),
    arrayLiteral(items.map((item) => item.capacity)),
  ]);
}

// The same lock that a batch of orders takes first: orders are decided before the change or after it.
const lockSaleRow = statement<{ id: string }>(
  'lock_sale_for_change',
  'SELECT id FROM sales WHERE id = $1 FOR NO KEY UPDATE',
);

/** Locks a sale's row for a change of its definition. False when there is no such sale. */
export async function lockSale(db: Queryable, saleId: string): Promise<boolean> {
  const rows = await db.query(lockSaleRow, [saleId]);
  return rows.length > 0;
}

const raiseVersion = statement('raise_sale_version', 'UPDATE sales SET version = version + 1 WHERE id = $1');

/** Counts a change of a sale's or its items' definition. The caller holds the sale's row lock. */
export async function raiseSaleVersion(db: Queryable, saleId: string): Promise<void> {
  await db.query(raiseVersion, [saleId]);
}

/** The terms of a sale that may change after it was made. */
export type ChangeableTerms = Pick<NewSale, 'name' | 'opensAt' | 'closesAt' | keyof StepTerms>;

const updateTerms = statement(
  'update_sale_terms',
  `UPDATE sales SET name = $2, opens_at = $3, closes_at = $4,
     hold_seconds = $5, retry_seconds = $6, pin_seconds = $7, acceptance_seconds = $8
   WHERE id = $1`,
);

/** Writes a sale's terms. The caller holds the sale's row lock and raises its version. */
export async function updateSaleTerms(db: Queryable, saleId: string, terms: ChangeableTerms): Promise<void> {
  await db.query(updateTerms, [saleId, terms.name, terms.opensAt, terms.closesAt, ...stepTermsOf(terms)]);
}

// The clock as it is now, behind the lock: the moment from which on no order is taken.
const pauseRow = statement(
  'pause_sale',
  `UPDATE sales SET paused_at = date_trunc('milliseconds', clock_timestamp()) WHERE id = $1`,
);
const resumeRow = statement('resume_sale', 'UPDATE sales SET paused_at = NULL WHERE id = $1');

/** Pauses or resumes a sale. The caller holds the sale's row lock and raises its version. */
export async function setPaused(db: Queryable, saleId: string, paused: boolean): Promise<void> {
  await db.query(paused ? pauseRow : resumeRow, [saleId]);
}
