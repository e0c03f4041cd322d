import { randomUUID, randomUUIDv7 } from 'node:crypto';
import type { PlaceOrderRequest } from '../../src/actions/decide-placing.ts';
import { type Database, openDatabase } from '../../src/ledger/database.ts';
import type { TestDatabase } from './database.ts';

/** Opens connections to a test's database as an engine process would. */
export function openLedger(database: Pick<TestDatabase, 'url'>, pipeline = true): Database {
  return openDatabase({
    connection: { connectionString: database.url },
    poolSize: 4,
    applicationName: 'test',
    pipeline,
    onError: () => undefined,
  });
}

export interface LedgerItem {
  readonly capacity?: number;
  readonly limitPerCustomer?: number;
  readonly priceMinor?: number;
}

/** Writes a sale that is open now straight into the ledger. Gives the ids of the sale and its items. */
export async function insertSale(
  database: TestDatabase,
  items: readonly LedgerItem[] = [{}],
  terms: { opensAt?: Date; closesAt?: Date; holdSeconds?: number; fulfillment?: 'direct' | 'kitchen' } = {},
): Promise<{ saleId: string; itemIds: [string, ...string[]] }> {
  const saleId = randomUUIDv7();
  const merchantId = randomUUIDv7();
  const hour = 3_600_000;
  await database.query('INSERT INTO merchants (id, name) VALUES ($1, $2)', [merchantId, 'Test shop']);
  await database.query(
    `INSERT INTO sales (id, merchant_id, name, currency, opens_at, closes_at, fulfillment, hold_seconds)
     VALUES ($1, $2, 'Drop', 'EUR', $3, $4, $5, $6)`,
    [
      saleId,
      merchantId,
      terms.opensAt ?? new Date(Date.now() - hour),
      terms.closesAt ?? new Date(Date.now() + hour),
      terms.fulfillment ?? 'direct',
      terms.holdSeconds ?? 300,
    ],
  );
  const itemIds: string[] = [];
  for (const [position, { capacity = 10, limitPerCustomer = null, priceMinor = 1_500 }] of items.entries()) {
    const id = randomUUIDv7();
    itemIds.push(id);
    await database.query(
      `INSERT INTO items (id, sale_id, position, name, price_minor, limit_per_customer, capacity, available)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`,
      [id, saleId, position, `Item ${position}`, priceMinor, limitPerCustomer, capacity],
    );
  }
  const [first, ...rest] = itemIds;
  if (first === undefined) throw new Error('A sale needs an item.');
  return { saleId, itemIds: [first, ...rest] };
}

/** An attempt to order one unit of each given item, by a new customer with a new key unless told otherwise. */
export function orderRequest(
  saleId: string,
  itemIds: readonly string[],
  rest: Partial<PlaceOrderRequest> & { quantity?: number } = {},
): PlaceOrderRequest {
  const { quantity = 1, ...given } = rest;
  const customerId = given.customerId ?? randomUUID();
  return {
    orderId: randomUUIDv7(),
    saleId,
    onlyMerchantId: null,
    customerId,
    placedBy: customerId,
    idempotencyKey: randomUUID(),
    fingerprint: 'ab'.repeat(32),
    lines: itemIds.map((itemId) => ({ itemId, quantity })),
    reference: null,
    metadata: null,
    requestId: 'test',
    traceParent: null,
    ...given,
  };
}

/** What must hold in any ledger at any time. Throws naming what does not. */
export async function assertLedgerSound(database: Pick<TestDatabase, 'query'>): Promise<void> {
  const broken = await database.query<{ fault: string }>(`
    SELECT 'an item differs from the sum of its lines: ' || items.id AS fault
    FROM items LEFT JOIN order_lines ON order_lines.item_id = items.id
    GROUP BY items.id, items.held, items.sold
    HAVING items.held <> coalesce(sum(order_lines.held), 0) OR items.sold <> coalesce(sum(order_lines.sold), 0)
    UNION ALL
    SELECT 'arrival numbers of a sale have gaps or disagree with its counter: ' || sales.id
    FROM sales LEFT JOIN orders ON orders.sale_id = sales.id
    GROUP BY sales.id, sales.last_arrival
    HAVING count(orders.id) <> sales.last_arrival OR coalesce(max(orders.arrival), 0) <> sales.last_arrival
    UNION ALL
    SELECT 'units of a customer differ from the lines: ' || items.id
    FROM items
    LEFT JOIN LATERAL (
      SELECT orders.customer_id, sum(order_lines.held + order_lines.sold) AS units
      FROM order_lines JOIN orders ON orders.id = order_lines.order_id
      WHERE order_lines.item_id = items.id GROUP BY orders.customer_id
    ) AS lines ON true
    LEFT JOIN customer_units ON customer_units.item_id = items.id AND customer_units.customer_id = lines.customer_id
    WHERE items.limit_per_customer IS NOT NULL AND lines.units IS NOT NULL
      AND lines.units <> coalesce(customer_units.units, 0)
    UNION ALL
    SELECT 'an order has no line: ' || id FROM orders
    WHERE NOT EXISTS (SELECT FROM order_lines WHERE order_id = orders.id)
    UNION ALL
    SELECT 'a line has no order: ' || order_id FROM order_lines
    WHERE NOT EXISTS (SELECT FROM orders WHERE id = order_lines.order_id)
    UNION ALL
    SELECT 'the history of an order has gaps or another end: ' || orders.id
    FROM orders LEFT JOIN order_events ON order_events.order_id = orders.id
    GROUP BY orders.id, orders.version, orders.status
    HAVING count(order_events.version) <> orders.version OR max(order_events.version) <> orders.version
      OR (array_agg(order_events.status ORDER BY order_events.version DESC))[1] IS DISTINCT FROM orders.status
  `);
  if (broken.length > 0) throw new Error(broken.map((row) => row.fault).join('\n'));
}
