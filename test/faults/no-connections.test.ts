import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import pg from 'pg';
import { newCustomer, send } from '../support/client.ts';
import { createPostgres, type TestPostgres } from '../support/postgres.ts';
import { createShop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

const CONNECTIONS = 40;

/** Ends the sessions of everybody else and takes their connections, until nobody else has one. */
async function takeAll(postgres: TestPostgres): Promise<pg.Client[]> {
  const taken: pg.Client[] = [];
  for (;;) {
    while (await takeOne(postgres, taken)) {
      // There was one more.
    }
    const others = await taken[0]?.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE backend_type = 'client backend' AND application_name <> 'taker'`,
    );
    if (others?.rowCount === 0) return taken;
  }
}

async function takeOne(postgres: TestPostgres, taken: pg.Client[]): Promise<boolean> {
  const client = new pg.Client({ connectionString: postgres.url('postgres'), application_name: 'taker' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    taken.push(client);
    return true;
  } catch {
    return false;
  }
}

test('F-11 others have every connection of PostgreSQL: 503 with Retry-After, nothing done; then the same keys make orders', async (t) => {
  const stage = createStage(t);
  const postgres = await createPostgres([`max_connections=${CONNECTIONS}`]);
  stage.atEnd(postgres.remove);
  const engine = await stage.engine({ DATABASE_URL: postgres.url('postgres'), PLACING_DEADLINE_MS: '500' });
  const shop = await createShop(engine.url);
  const sale = await shop.createSale({ items: [{ capacity: 100 }] });

  const others = await takeAll(postgres);
  const orders = Array.from({ length: 8 }, () => ({ token: newCustomer().token, key: randomUUID() }));
  for (const refused of await Promise.all(orders.map((order) => shop.order(sale, order)))) {
    assert.equal(refused.status, 503, refused.text);
    assert.ok(refused.headers.get('retry-after'));
  }
  assert.equal((await send('GET', `${engine.url}/health/ready`)).status, 503);

  await Promise.all(others.map((client) => client.end()));
  for (const order of orders) {
    const placed = await shop.order(sale, order);
    assert.equal(placed.status, 201, placed.text);
  }
  const { stock } = (await shop.readSale(sale.id)).items[0] ?? {};
  assert.deepEqual(stock, { capacity: 100, available: 92, held: 8, sold: 0 });
});
