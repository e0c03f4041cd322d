import {
  DEMAND_ORDERS,
  type SaleDemand,
  type SellingItem,
  type SilentProcess,
  STOCK_LOW,
} from '../domain/alert-rules.ts';
import { type Queryable, statement } from './statement.ts';

/** Bounds what is judged at a time. */
const ITEMS_MAX = 1_000;
const SALES_MAX = 1_000;

/** As long as a process counts as being there after its last report. */
const SILENT_SECONDS = 15;

/** A sale that takes orders now, by the database's clock, and is no rehearsal. */
const IS_OPEN = `NOT sales.test AND sales.paused_at IS NULL AND sales.opens_at <= clock_timestamp()
     AND clock_timestamp() < sales.closes_at`;

// A read without locks: a moment later it may be different, and is judged again.
const listLow = statement<SellingItem>(
  'list_low_items',
  `SELECT sales.id AS "saleId", sales.name AS "saleName", items.id AS "itemId", items.name AS "itemName",
          items.capacity, items.available
   FROM items JOIN sales ON sales.id = items.sale_id
   WHERE ${IS_OPEN} AND items.capacity > 0 AND items.available::bigint * 100 <= items.capacity::bigint * $1
   ORDER BY items.id LIMIT ${ITEMS_MAX}`,
);

/** Items of open sales of which little is left. */
export function listLowItems(db: Queryable): Promise<SellingItem[]> {
  return db.query(listLow, [STOCK_LOW.resolvePercent]);
}

// Two seeks by (sale, arrival) per sale: arrival numbers have no gaps. The orders themselves are asked and not what
// was counted of them, which is as late as the outbox.
const listDemand = statement<SaleDemand>(
  'list_sale_demand',
  `SELECT sales.id AS "saleId", sales.name AS "saleName", stock.available, last.placed_at AS "lastOrderAt",
          earlier.placed_at AS "earlierOrderAt"
   FROM sales
   JOIN orders AS last ON last.sale_id = sales.id AND last.arrival = sales.last_arrival
   JOIN orders AS earlier ON earlier.sale_id = sales.id AND earlier.arrival = sales.last_arrival - $1
   CROSS JOIN LATERAL (
     SELECT coalesce(sum(items.available), 0)::float8 AS available FROM items WHERE items.sale_id = sales.id
   ) AS stock
   WHERE ${IS_OPEN} AND stock.available > 0
   ORDER BY sales.id LIMIT ${SALES_MAX}`,
);

/** When open sales that have stock took their last orders; without those that took few. */
export function listSaleDemand(db: Queryable): Promise<SaleDemand[]> {
  return db.query(listDemand, [DEMAND_ORDERS - 1]);
}

// A process that stops takes its row away; the row of one that was killed stays.
const listSilent = statement<SilentProcess>(
  'list_silent_processes',
  `SELECT id, role, seen_at AS "seenAt" FROM processes
   WHERE seen_at <= clock_timestamp() - make_interval(secs => $1) ORDER BY seen_at, id`,
);

/** Processes that report no more, and have not said that they stop. */
export function listSilentProcesses(db: Queryable): Promise<SilentProcess[]> {
  return db.query(listSilent, [SILENT_SECONDS]);
}

const countDiscrepancies = statement<{ provider: string; discrepancies: number }>(
  'count_payment_discrepancies',
  'SELECT provider, count(*)::int AS discrepancies FROM payment_discrepancies GROUP BY provider ORDER BY provider',
);

/** Differences between providers' books and the ledger's, by provider; those that agree are left out. */
export function countPaymentDiscrepancies(db: Queryable): Promise<{ provider: string; discrepancies: number }[]> {
  return db.query(countDiscrepancies);
}
