import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { newCustomer, send } from '../support/client.ts';
import { type CuttingProxy, createCuttingProxy } from '../support/cutting-proxy.ts';
import type { TestEngines } from '../support/engines.ts';
import type { TestPostgres } from '../support/postgres.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });
let postgres: TestPostgres;
let proxy: CuttingProxy;
let engines: TestEngines;
let shop: Shop;

before(async () => {
  postgres = await stage.postgres();
  proxy = await createCuttingProxy(postgres);
  stage.atEnd(proxy.close);
  engines = await stage.engines({ DATABASE_URL: proxy.url(postgres.url('postgres')), PLACING_DEADLINE_MS: '1000' });
  shop = await createShop(engines.url);
});

test('IK-13 the connection to PostgreSQL is cut around COMMIT: the answer is the order, and a repeat is the same', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 2 }] });
  for (const cut of ['before-commit', 'after-commit'] as const) {
    const { token } = newCustomer();
    const key = randomUUID();
    proxy.cutNext(cut);
    const placed = await shop.order(sale, { token, key });
    assert.equal(placed.status, 201, placed.text);
    assert.equal(placed.headers.get('idempotent-replayed'), null, 'it is this request that placed it');
    const again = await shop.order(sale, { token, key });
    assert.equal(again.text, placed.text);
  }
  assert.equal(proxy.cuts(), 2);
  assert.deepEqual((await shop.readSale(sale.id)).items[0]?.stock, { capacity: 2, available: 0, held: 2, sold: 0 });
});

test('IK-13 PostgreSQL is gone: 503 with Retry-After, nothing done, not ready; back again, the same key executes', async () => {
  const sale = await shop.createSale();
  const { token } = newCustomer();
  const key = randomUUID();
  await postgres.stop('immediate');

  const refused = await shop.order(sale, { token, key });
  assert.equal(refused.status, 503, refused.text);
  assert.equal(refused.json.code, 'unavailable');
  assert.ok(refused.headers.get('retry-after'));
  const read = await send('GET', `${engines.url}/api/v1/orders/${randomUUID()}`, { token });
  assert.equal(read.status, 503, read.text);
  assert.equal(read.json.code, 'unavailable');
  for (const url of engines.urls) {
    assert.equal((await send('GET', `${url}/health/ready`)).status, 503);
    assert.equal((await send('GET', `${url}/health/live`)).status, 200);
  }

  await postgres.start();
  const placed = await shop.order(sale, { token, key });
  assert.equal(placed.status, 201, placed.text);
  assert.equal(placed.json.arrival, 1);
  for (const url of engines.urls) assert.equal((await send('GET', `${url}/health/ready`)).status, 200);
});
