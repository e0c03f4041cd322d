import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { send, tokenFor } from '../support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { createShop, type Shop } from '../support/shop.ts';

let database: TestDatabase;
let engine: TestEngine;
let shop: Shop;

before(async () => {
  database = await createTestDatabase();
  engine = await startEngine({ DATABASE_URL: database.url });
  shop = await createShop(engine.url);
});

after(async () => {
  await engine.stop();
  await database.drop();
});

test('SEC-03 every admin route, and making merchants: anonymous 401, customer and courier 403', async () => {
  const sale = await shop.createSale({ test: true });
  const bodies: Record<string, unknown> = {
    'GET /api/v1/admin/accounts': undefined,
    'POST /api/v1/admin/accounts': { email: `${randomUUID()}@example.com`, password: 'long enough', role: 'operator' },
    'POST /api/v1/admin/stock': { itemId: sale.items[0]?.id, capacity: 1_000 },
    'POST /api/v1/admin/test-buyers': { saleId: sale.id, count: 1 },
    'POST /api/v1/merchants': { name: 'Mine' },
  };
  const { paths } = (await send('GET', `${engine.url}/openapi.json`)).json;
  const admin = Object.entries<object>(paths)
    .filter(([path]) => path.startsWith('/api/v1/admin/'))
    .flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`));
  assert.deepEqual(
    [...admin, 'POST /api/v1/merchants'].sort(),
    Object.keys(bodies).sort(),
    'all of them are known here',
  );

  for (const [route, body] of Object.entries(bodies)) {
    const [method = '', path] = route.split(' ');
    const url = `${engine.url}${path}`;
    const anonymous = await send(method, url, { key: 'auto', body });
    assert.equal(anonymous.status, 401, route);
    assert.ok(anonymous.headers.get('www-authenticate'));
    for (const role of ['customer', 'courier']) {
      const answer = await send(method, url, { key: 'auto', body, token: tokenFor(randomUUID(), role) });
      assert.equal(answer.status, 403, `${route} as ${role}: ${answer.text}`);
      assert.equal(answer.json.code, 'forbidden');
    }
  }
  assert.equal((await shop.readSale(sale.id)).items[0]?.stock.capacity, 10);
});
