import type { SaleTerms } from '../domain/sale.ts';
import { type ItemState, unitsKey } from '../domain/stock.ts';
import { arrayLiteral } from './array-literal.ts';
import type { UnitsOf } from './customer-units.ts';
import { placingKey, type RepeatedOrder } from './orders.ts';
import { type Queryable, statement } from './statement.ts';

type Timestamps = 'opensAt' | 'closesAt' | 'pausedAt';

interface SnapshotRow {
  decided_at: Date;
  /** Milliseconds since 1970 stand for the times. */
  sales:
    | (Omit<SaleTerms, Timestamps> & {
        opensAt: number;
        closesAt: number;
        pausedAt: number | null;
        lastArrival: number;
      })[]
    | null;
  items: ItemState[] | null;
  units: (UnitsOf & { units: number })[] | null;
  repeats: (RepeatedOrder & { placedBy: string; idempotencyKey: string })[] | null;
}

// One statement, so one snapshot: whoever is seen to have taken the stock is seen with its order and its key.
// json_agg of nothing is null.
const readSnapshot = statement<SnapshotRow>(
  'read_placing_snapshot',
  `SELECT date_trunc('milliseconds', clock_timestamp()) AS decided_at,
     (SELECT json_agg(json_build_object(
        'id', id, 'merchantId', merchant_id, 'currency', currency, 'fulfillment', fulfillment,
        'holdSeconds', hold_seconds, 'acceptanceSeconds', acceptance_seconds, 'test', test, 'lastArrival', last_arrival,
        'opensAt', extract(epoch FROM opens_at) * 1000, 'closesAt', extract(epoch FROM closes_at) * 1000,
        'pausedAt', extract(epoch FROM paused_at) * 1000))
      FROM sales WHERE id = ANY ($1::uuid[])) AS sales,
     (SELECT json_agg(json_build_object(
        'id', id, 'saleId', sale_id, 'name', name, 'priceMinor', price_minor,
        'limitPerCustomer', limit_per_customer, 'available', available, 'version', version))
      FROM items WHERE id = ANY ($2::uuid[])) AS items,
     (SELECT json_agg(json_build_object(
        'itemId', counted.item_id, 'customerId', counted.customer_id, 'units', counted.units))
      FROM unnest($5::uuid[], $6::uuid[]) AS wanted (item_id, customer_id)
      JOIN items ON items.id = wanted.item_id AND items.limit_per_customer IS NOT NULL
      CROSS JOIN LATERAL (
        SELECT * FROM customer_units
        WHERE customer_units.item_id = wanted.item_id AND customer_units.customer_id = wanted.customer_id
        LIMIT 1
      ) AS counted) AS units,
     (SELECT json_agg(found)
      FROM unnest($3::uuid[], $4::text[]) AS asked (placed_by, idempotency_key)
      CROSS JOIN LATERAL (
        SELECT orders.placed_by AS "placedBy", orders.idempotency_key AS "idempotencyKey", orders.id AS "orderId",
               encode(orders.fingerprint, 'hex') AS fingerprint
        FROM orders
        WHERE orders.placed_by = asked.placed_by AND orders.idempotency_key = asked.idempotency_key
        LIMIT 1
      ) AS found) AS repeats`,
);

/** The ledger at one moment, as far as it decides about some requests. */
export interface PlacingSnapshot {
  readonly decidedAt: Date;
  readonly sales: ReadonlyMap<string, SaleTerms & { readonly lastArrival: number }>;
  readonly items: ReadonlyMap<string, ItemState>;
  /** Units that customers have of limited items, by `unitsKey`. */
  readonly units: ReadonlyMap<string, number>;
  /** The orders that the callers' keys already have, by `placingKey`. */
  readonly repeats: ReadonlyMap<string, RepeatedOrder>;
}

/** Reads sales, items, customers' units and the callers' keys in one snapshot, without locks. */
export async function readPlacingSnapshot(
  db: Queryable,
  saleIds: readonly string[],
  itemIds: readonly string[],
  pairs: readonly UnitsOf[],
  keys: readonly { readonly placedBy: string; readonly idempotencyKey: string }[],
): Promise<PlacingSnapshot> {
  const [row] = await db.query(readSnapshot, [
    arrayLiteral(saleIds),
    arrayLiteral(itemIds),
    arrayLiteral(keys.map((key) => key.placedBy)),
    keys.map((key) => key.idempotencyKey),
    arrayLiteral(pairs.map((pair) => pair.itemId)),
    arrayLiteral(pairs.map((pair) => pair.customerId)),
  ]);
  if (row === undefined) throw new Error('The database gave no snapshot.');
  const sales = (row.sales ?? []).map(({ opensAt, closesAt, pausedAt, ...sale }) => ({
    ...sale,
    opensAt: new Date(opensAt),
    closesAt: new Date(closesAt),
    pausedAt: pausedAt === null ? null : new Date(pausedAt),
  }));
  return {
    decidedAt: row.decided_at,
    sales: new Map(sales.map((sale) => [sale.id, sale])),
    items: new Map((row.items ?? []).map((item) => [item.id, item])),
    units: new Map((row.units ?? []).map((has) => [unitsKey(has.itemId, has.customerId), has.units])),
    repeats: new Map((row.repeats ?? []).map((found) => [placingKey(found.placedBy, found.idempotencyKey), found])),
  };
}
