import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import { assertLedgerSound } from '../support/ledger.ts';
import { createShop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

const MIGRATIONS = fileURLToPath(new URL('../../src/ledger/migrations', import.meta.url));

/** What an engine of the version before writes of an order, as far as it matters here. */
const PLACE = `
  WITH sale AS (UPDATE sales SET last_arrival = last_arrival + 1 WHERE id = $1 RETURNING last_arrival),
  item AS (UPDATE items SET available = available - 1, held = held + 1, version = version + 1 WHERE sale_id = $1
           RETURNING id, price_minor),
  placed AS (
    INSERT INTO orders (id, sale_id, customer_id, placed_by, placed_at, pay_by, arrival, total_minor, status,
                        fingerprint, idempotency_key)
    SELECT $2::uuid, $1, $3, $3, clock_timestamp(), clock_timestamp() + interval '1 hour', last_arrival, price_minor,
           'pending_payment', '', $2::uuid::text
    FROM sale, item),
  line AS (
    INSERT INTO order_lines (order_id, item_id, unit_price_minor, position, quantity, held, sold, name)
    SELECT $2, id, price_minor, 1, 1, 1, 0, 'Poster' FROM item)
  INSERT INTO order_events (order_id, version, type, status, occurred_at)
  VALUES ($2, 1, 'order.placed', 'pending_payment', clock_timestamp())`;

test('a ledger of the version before is migrated while its engines sell: nothing is lost, and all is counted and told once', async (t) => {
  const stage = createStage(t);
  const database = await stage.database();
  // The database as the version before has it, made anew in the place of the newest.
  await database.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  await runner({
    databaseUrl: database.url,
    dir: MIGRATIONS,
    direction: 'up',
    count: 2,
    migrationsTable: 'schema_migrations',
    log: () => undefined,
  });
  const [merchantId, saleId] = [randomUUID(), randomUUID()];
  await database.query("INSERT INTO merchants (id, name) VALUES ($1, 'Shop')", [merchantId]);
  await database.query(
    `INSERT INTO sales (id, merchant_id, name, currency, opens_at, closes_at, fulfillment, hold_seconds)
     VALUES ($1, $2, 'Drop', 'EUR', now() - interval '1 hour', now() + interval '1 hour', 'direct', 3600)`,
    [saleId, merchantId],
  );
  await database.query(
    `INSERT INTO items (id, sale_id, position, name, price_minor, capacity, available)
     VALUES ($1, $2, 1, 'Poster', 1500, 100000, 100000)`,
    [randomUUID(), saleId],
  );

  let upgraded = false;
  let placed = 0;
  const old = (async () => {
    while (!upgraded) {
      await database.query(PLACE, [saleId, randomUUID(), randomUUID()]);
      placed += 1;
    }
  })();
  await database.until('SELECT FROM orders HAVING count(*) > 20');
  const engine = await stage.engine({ DATABASE_URL: database.url });
  const placedBefore = placed;
  await database.until('SELECT FROM orders HAVING count(*) > $1', [placedBefore + 20]);
  upgraded = true;
  await old;

  const shop = await createShop(engine.url);
  const sale = await shop.readSale(saleId);
  assert.equal((await shop.order(sale)).status, 201, 'the new version sells on in the same sale');
  await database.until('SELECT FROM (SELECT count(*) FROM outbox) AS waiting (events) WHERE events = 0');
  assert.deepEqual(
    await database.query('SELECT status, orders::int FROM sale_order_counts WHERE sale_id = $1', [saleId]),
    [{ status: 'pending_payment', orders: placed + 1 }],
  );
  const [rates] = await database.query('SELECT sum(orders)::int AS orders FROM sale_order_rates WHERE sale_id = $1', [
    saleId,
  ]);
  assert.deepEqual(rates, { orders: placed + 1 });
  await assertLedgerSound(database);
});
