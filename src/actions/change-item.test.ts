import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { assertLedgerSound, insertSale, openLedger, orderRequest } from '../../test/support/ledger.ts';
import type { Database } from '../ledger/database.ts';
import type { ItemDefinition } from '../ledger/item-definitions.ts';
import { changeItem } from './change-item.ts';
import { passDeadlines } from './pass-deadlines.ts';
import { type WrittenOutcome, writeOrders } from './write-orders.ts';

const SETTLE_MS = 5_000;

const AUDIT = { actorId: null, action: 'changeItem', target: '/', merchantId: null, details: {}, requestId: null };

let database: TestDatabase;
let ledger: Database;
let other: Database;

before(async () => {
  database = await createTestDatabase();
  ledger = openLedger(database);
  other = openLedger(database);
});

after(async () => {
  await ledger.close();
  await other.close();
  await database.drop();
});

async function change(saleId: string, itemId: string, definition: Partial<ItemDefinition>): Promise<void> {
  const result = await changeItem(other, saleId, itemId, definition, () => undefined, AUDIT);
  assert.equal(result.outcome, 'done');
}

async function orderFor(customerId: string, saleId: string, itemIds: readonly string[]): Promise<WrittenOutcome> {
  const [outcome] = await writeOrders(ledger, [orderRequest(saleId, itemIds, { customerId })], SETTLE_MS);
  assert.ok(outcome);
  return outcome;
}

test('S-07 a limit that is given later counts the orders from before, unpaid ones included', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 50 }]);
  const [itemId] = itemIds;
  const keen = randomUUID();
  const shy = randomUUID();
  for (const customerId of [keen, keen, keen, shy]) {
    assert.equal((await orderFor(customerId, saleId, itemIds)).outcome, 'accepted');
  }
  await change(saleId, itemId, { limitPerCustomer: 2 });
  assert.deepEqual(await orderFor(keen, saleId, itemIds), {
    outcome: 'limit-reached',
    items: [{ itemId, limit: 2, taken: 3 }],
  });
  assert.equal((await orderFor(shy, saleId, itemIds)).outcome, 'accepted');
  assert.equal((await orderFor(shy, saleId, itemIds)).outcome, 'limit-reached');
  await assertLedgerSound(database);
});

test('S-07 a limit that is taken away and given again counts what was ordered meanwhile', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 50, limitPerCustomer: 1 }]);
  const [itemId] = itemIds;
  const customerId = randomUUID();
  assert.equal((await orderFor(customerId, saleId, itemIds)).outcome, 'accepted');
  assert.equal((await orderFor(customerId, saleId, itemIds)).outcome, 'limit-reached');
  await change(saleId, itemId, { limitPerCustomer: null });
  assert.equal((await orderFor(customerId, saleId, itemIds)).outcome, 'accepted');
  await change(saleId, itemId, { limitPerCustomer: 3 });
  assert.equal((await orderFor(customerId, saleId, itemIds)).outcome, 'accepted');
  assert.equal((await orderFor(customerId, saleId, itemIds)).outcome, 'limit-reached');
  await assertLedgerSound(database);
});

test('S-07 a limit given, raised and taken away in the middle of a rush never loses count', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 400 }]);
  const [itemId] = itemIds;
  const customers = Array.from({ length: 4 }, () => randomUUID());
  const writing = Array.from({ length: 40 }, async () => {
    const batch = customers.map((customerId) => orderRequest(saleId, itemIds, { customerId }));
    const outcomes = await writeOrders(ledger, batch, SETTLE_MS);
    for (const { outcome } of outcomes) assert.ok(outcome === 'accepted' || outcome === 'limit-reached', outcome);
  });
  const changing = (async () => {
    for (const limitPerCustomer of [5, null, 12, null, null, 20, 25])
      await change(saleId, itemId, { limitPerCustomer });
  })();
  await Promise.all([...writing, changing]);
  await assertLedgerSound(database);

  for (const customerId of customers) {
    const orders = await database.query('SELECT FROM orders WHERE sale_id = $1 AND customer_id = $2', [
      saleId,
      customerId,
    ]);
    const outcome = await orderFor(customerId, saleId, itemIds);
    assert.equal(outcome.outcome, orders.length < 25 ? 'accepted' : 'limit-reached');
  }
});

test('S-06 S-07 holds that expire while the limit comes and goes are given back to the count', async () => {
  for (let round = 0; round < 10; round += 1) {
    const { saleId, itemIds } = await insertSale(database, [{ capacity: 60 }]);
    const [itemId] = itemIds;
    const customers = Array.from({ length: 3 }, () => randomUUID());
    const orders = Array.from({ length: 30 }, (_, index) => {
      const customerId = customers[index % 3] ?? '';
      return orderRequest(saleId, itemIds, { customerId });
    });
    await writeOrders(ledger, orders, SETTLE_MS);
    await database.query(
      "UPDATE orders SET pay_by = now() - interval '1 second' WHERE sale_id = $1 AND arrival % 2 = 0",
      [saleId],
    );
    await Promise.all([
      change(saleId, itemId, { limitPerCustomer: 40 }),
      passDeadlines(ledger, 'hold-expired'),
      writeOrders(other, [orderRequest(saleId, itemIds, { customerId: customers[0] ?? '' })], SETTLE_MS),
      passDeadlines(other, 'hold-expired'),
    ]);
    await assertLedgerSound(database);
  }
});

test('orders keep the name and price they were placed at, and the next one gets the new', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ priceMinor: 1_000 }]);
  const [itemId] = itemIds;
  const before = await orderFor(randomUUID(), saleId, itemIds);
  await change(saleId, itemId, { name: 'Renamed', priceMinor: 2_000 });
  const next = await orderFor(randomUUID(), saleId, itemIds);
  const totals = [before, next].map((outcome) => (outcome.outcome === 'accepted' ? outcome.totalMinor : undefined));
  assert.deepEqual(totals, [1_000, 2_000]);
  const lines = await database.query('SELECT name FROM order_lines WHERE item_id = $1 ORDER BY unit_price_minor', [
    itemId,
  ]);
  assert.deepEqual(lines, [{ name: 'Item 0' }, { name: 'Renamed' }]);
});

test('what a precondition stops and what is unknown leaves item and version as they were', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ priceMinor: 1_000 }]);
  const [itemId] = itemIds;
  const stop = new Error('stop');
  const refuse = () => {
    throw stop;
  };
  const stopped = changeItem(ledger, saleId, itemId, { priceMinor: 1, limitPerCustomer: 1 }, refuse, AUDIT);
  await assert.rejects(stopped, stop);
  const elsewhere = await insertSale(database);
  const unknown = await changeItem(ledger, saleId, elsewhere.itemIds[0], { priceMinor: 1 }, () => undefined, AUDIT);
  assert.deepEqual(unknown, { outcome: 'refused', refusal: 'unknown-item' });
  const rows = await database.query(
    `SELECT price_minor::int, limit_per_customer, items.version::int AS item, sales.version AS sale
     FROM items JOIN sales ON sales.id = sale_id WHERE items.id = ANY ($1::uuid[])`,
    [[itemId, elsewhere.itemIds[0]]],
  );
  assert.deepEqual(
    rows.map(({ price_minor, limit_per_customer, item, sale }) => [price_minor, limit_per_customer, item, sale]).sort(),
    [
      [1_000, null, 1, 1],
      [1_500, null, 1, 1],
    ],
  );
});
