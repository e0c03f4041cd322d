import type { SaleTerms } from '../domain/sale.ts';
import type { ItemState } from '../domain/stock.ts';
import { arrayLiteral } from './array-literal.ts';
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

/** The ledger at one moment, as far as it decides about some requests, without customers' units. */
export interface PlacingSnapshot {
  readonly decidedAt: Date;
  readonly sales: ReadonlyMap<string, SaleTerms & { readonly lastArrival: number }>;
  readonly items: ReadonlyMap<string, ItemState>;
  /** The orders that the callers' keys already have, by `placingKey`. */
  readonly repeats: ReadonlyMap<string, RepeatedOrder>;
}

/** Reads sales, items and the callers' keys in one snapshot, without locks. */
export async function readPlacingSnapshot(
  db: Queryable,
  saleIds: readonly string[],
  itemIds: readonly string[],
  keys: readonly { readonly placedBy: string; readonly idempotencyKey: string }[],
): Promise<PlacingSnapshot> {
  const [row] = await db.query(readSnapshot, [
    arrayLiteral(saleIds),
    arrayLiteral(itemIds),
    arrayLiteral(keys.map((key) => key.placedBy)),
    keys.map((key) => key.idempotencyKey),
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
    repeats: new Map((row.repeats ?? []).map((found) => [placingKey(found.placedBy, found.idempotencyKey), found])),
  };
}
