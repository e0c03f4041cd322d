import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Answer, newCustomer, send } from '../support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startEngines, type TestEngines } from '../support/engines.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { createShop, type Sale, type Shop } from '../support/shop.ts';
import { createApiKey, createMember } from '../support/staff.ts';

let database: TestDatabase;
/** Two processes on one ledger. */
let engines: TestEngines;
let shop: Shop;

before(async () => {
  database = await createTestDatabase();
  const settings = { DATABASE_URL: database.url };
  engines = await startEngines(settings);
  shop = await createShop(engines.url);
});

after(async () => {
  await engines.stop();
  await database.drop();
});

type Stock = Sale['items'][number]['stock'];

function firstItemOf(sale: Sale): Sale['items'][number] {
  const [item] = sale.items;
  assert.ok(item);
  return item;
}

const change = (body: unknown, options: { token?: string; key?: string; url?: string } = {}): Promise<Answer> => {
  const { url = engines.url, ...rest } = options;
  return send('POST', `${url}/api/v1/admin/stock`, { token: shop.operatorToken, key: 'auto', body, ...rest });
};

test('stock is set and adjusted, and the answer tells what is there now', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 10 }] });
  const { id: itemId } = firstItemOf(sale);
  assert.equal((await shop.order(sale, { quantity: 4 })).status, 201);
  const before = await shop.readSale(sale.id);

  const set = await change({ itemId, capacity: 12 });
  const stock = { capacity: 12, available: 8, held: 4, sold: 0 };
  assert.deepEqual([set.status, set.json], [200, { itemId, saleId: sale.id, version: 3, stock }]);
  const raised = await change({ itemId, adjustBy: 5 });
  assert.deepEqual(raised.json.stock, { capacity: 17, available: 13, held: 4, sold: 0 });
  const lowered = await change({ itemId: itemId.toUpperCase(), adjustBy: -13 });
  assert.deepEqual(lowered.json.stock, { capacity: 4, available: 0, held: 4, sold: 0 });

  const shown = await shop.readSale(sale.id);
  assert.deepEqual(firstItemOf(shown).stock, lowered.json.stock);
  assert.equal(firstItemOf(shown).version, firstItemOf(before).version + 3);
  assert.equal((await shop.order(sale)).json.code, 'sold-out');
  await change({ itemId, adjustBy: 1 });
  assert.equal((await shop.order(sale)).status, 201, 'what was sold out is sold again as soon as stock is there');
});

test('IK-12 S-01 stock never goes below what is promised: 409 with the stock, and the key stays usable', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 5 }] });
  const { id: itemId } = firstItemOf(sale);
  await shop.order(sale, { quantity: 3 });
  const stock: Stock = { capacity: 5, available: 2, held: 3, sold: 0 };
  for (const body of [
    { itemId, capacity: 2 },
    { itemId, capacity: 0 },
    { itemId, adjustBy: -3 },
    { itemId, adjustBy: -10_000_000 },
  ]) {
    const { status, json } = await change(body);
    assert.deepEqual([status, json.code], [409, 'stock-below-promised']);
    const { capacity, available, held, sold } = json;
    assert.deepEqual({ capacity, available, held, sold }, stock);
  }
  assert.deepEqual(firstItemOf(await shop.readSale(sale.id)).stock, stock);

  const key = randomUUID();
  assert.equal((await change({ itemId, adjustBy: -3 }, { key })).status, 409);
  await change({ itemId, adjustBy: 1 });
  assert.equal((await change({ itemId, adjustBy: -3 }, { key })).status, 200);
});

test('IK-05 many identical adjustments over two processes have one effect', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 10 }] });
  const { id: itemId } = firstItemOf(sale);
  const key = randomUUID();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      change({ itemId, adjustBy: 7 }, { key, url: engines.urls[index % 2 ? 1 : 0] }),
    ),
  );
  for (const { status, headers } of answers)
    assert.ok(status === 200 || (status === 409 && headers.has('retry-after')));
  const replay = await change({ itemId, adjustBy: 7 }, { key });
  assert.equal(replay.headers.get('idempotent-replayed'), 'true');
  assert.equal(replay.json.stock.capacity, 17);
  assert.equal(firstItemOf(await shop.readSale(sale.id)).stock.capacity, 17);
  assert.equal((await change({ itemId, adjustBy: 8 }, { key })).status, 422);
});

test('staff and the shop change their own stock, customers none', async () => {
  const sale = await shop.createSale();
  const { id: itemId } = firstItemOf(sale);
  for (const token of [
    await createMember(shop, shop.merchantId, 'merchant'),
    await createApiKey(shop, shop.merchantId),
  ]) {
    assert.equal((await change({ itemId, adjustBy: 1 }, { token })).status, 200);
  }
  const courier = await createMember(shop, shop.merchantId, 'courier');
  for (const token of [courier, newCustomer().token]) {
    assert.equal((await change({ itemId, adjustBy: 1 }, { token })).status, 403);
  }
});

test('SEC-05 a change of stock that cannot be is a 400', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 10 }] });
  const { id: itemId } = firstItemOf(sale);
  for (const body of [
    { itemId },
    { itemId, capacity: 1, adjustBy: 1 },
    { capacity: 1 },
    { itemId, capacity: -1 },
    { itemId, capacity: 10_000_001 },
    { itemId, capacity: '5' },
    { itemId, capacity: null },
    { itemId, adjustBy: 0.5 },
    { itemId, adjustBy: 2 ** 53 },
    { itemId, adjustBy: 10_000_000 },
    { itemId, capacity: 5, sold: 0 },
    { itemId, capacity: 5, version: 1 },
    { itemId: 'poster', capacity: 5 },
  ]) {
    const { status, json } = await change(body);
    assert.deepEqual([status, json.code], [400, 'validation-failed'], JSON.stringify(body));
  }
  assert.equal(firstItemOf(await shop.readSale(sale.id)).stock.capacity, 10);
});

test('F-17 S-01 S-02 stock raised and lowered during a rush over two processes: conserved in every sample', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 30, limitPerCustomer: 2 }] });
  const { id: itemId } = firstItemOf(sale);
  let accepted = 0;
  let net = 0;

  const ordering = Array.from({ length: 16 }, async (_, buyer) => {
    const url = engines.urls[buyer % 2 ? 1 : 0];
    for (let attempt = 0; attempt < 15; attempt += 1) {
      const answer = await send('POST', `${url}/api/v1/orders`, {
        token: newCustomer().token,
        key: 'auto',
        body: { saleId: sale.id, lines: [{ itemId, quantity: 1 + (attempt % 2) }] },
      });
      if (answer.status === 201) accepted += answer.json.lines[0].quantity;
      else assert.equal(answer.json.code, 'sold-out', answer.text);
    }
  });
  const changing = Array.from({ length: 4 }, async (_, worker) => {
    for (let round = 0; round < 15; round += 1) {
      const adjustBy = round % 3 === 0 ? -6 : 4;
      const answer = await change({ itemId, adjustBy }, { url: engines.urls[worker % 2 ? 1 : 0] });
      if (answer.status === 200) net += adjustBy;
      else assert.equal(answer.json.code, 'stock-below-promised', answer.text);
    }
  });

  let over = false;
  const sampling = (async () => {
    let version = 0;
    while (!over) {
      const { stock, version: current } = firstItemOf(await shop.readSale(sale.id));
      assert.equal(stock.available + stock.held + stock.sold, stock.capacity);
      assert.ok(Math.min(stock.available, stock.held, stock.sold) >= 0);
      assert.ok(current >= version);
      version = current;
    }
  })();
  await Promise.all([...ordering, ...changing]).finally(() => {
    over = true;
  });
  await sampling;

  const { stock } = firstItemOf(await shop.readSale(sale.id));
  assert.deepEqual(stock, { capacity: 30 + net, available: 30 + net - accepted, held: accepted, sold: 0 });
  await assertLedgerSound(database);
});
