import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { assertLedgerSound, insertSale, openLedger, orderRequest } from '../../test/support/ledger.ts';
import type { Stock } from '../domain/capacity.ts';
import type { Database } from '../ledger/database.ts';
import { changeStock } from './change-stock.ts';
import { writeOrders } from './write-orders.ts';

const SETTLE_MS = 5_000;

let database: TestDatabase;
let ledgers: readonly [Database, Database];

before(async () => {
  database = await createTestDatabase();
  ledgers = [openLedger(database), openLedger(database, false)];
});

after(async () => {
  await Promise.all(ledgers.map((ledger) => ledger.close()));
  await database.drop();
});

async function readStock(itemId: string): Promise<Stock> {
  const [stock] = await database.query<Stock & { capacity: number }>(
    'SELECT capacity, available, held, sold FROM items WHERE id = $1',
    [itemId],
  );
  assert.ok(stock);
  return stock;
}

test('a change tells the new stock and version, and a refusal what is there', async () => {
  const [ledger] = ledgers;
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 3 }]);
  const [itemId] = itemIds;
  await writeOrders(ledger, [orderRequest(saleId, itemIds, { quantity: 2 })], SETTLE_MS);

  const raised = await ledger.transaction((transaction) => changeStock(transaction, itemId, { by: 4 }));
  assert.deepEqual(raised, {
    outcome: 'changed',
    saleId,
    stock: { capacity: 7, available: 5, held: 2, sold: 0 },
    version: 3,
  });
  const refused = await ledger.transaction((transaction) => changeStock(transaction, itemId, { to: 1 }));
  assert.deepEqual(refused, { outcome: 'below-promised', promised: 2, stock: raised.stock });
  assert.deepEqual(await readStock(itemId), raised.stock);
});

test('F-17 S-01 S-02 stock is raised and lowered while batches are written: conserved in every sample', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 20 }]);
  const [itemId] = itemIds;
  const [orders, changes] = ledgers;

  let accepted = 0;
  const writing = Array.from({ length: 60 }, async () => {
    const batch = Array.from({ length: 5 }, () => orderRequest(saleId, itemIds));
    const outcomes = await writeOrders(orders, batch, SETTLE_MS);
    accepted += outcomes.filter(({ outcome }) => outcome === 'accepted').length;
    for (const { outcome } of outcomes) assert.ok(outcome === 'accepted' || outcome === 'sold-out', outcome);
  });

  let net = 0;
  const changing = Array.from({ length: 120 }, async (_, index) => {
    const by = index % 3 === 0 ? -7 : 5;
    const result = await changes.transaction((transaction) => changeStock(transaction, itemId, { by }));
    if (result.outcome === 'changed') net += by;
    else assert.equal(result.outcome, 'below-promised');
  });

  let over = false;
  let samples = 0;
  const sampling = (async () => {
    while (!over) {
      const { capacity, available, held, sold } = await readStock(itemId);
      assert.equal(available + held + sold, capacity);
      assert.ok(Math.min(available, held, sold) >= 0);
      samples += 1;
    }
  })();

  await Promise.all([...writing, ...changing]).finally(() => {
    over = true;
  });
  await sampling;

  const last = await readStock(itemId);
  assert.equal(last.capacity, 20 + net, 'each change that was answered took effect once');
  assert.equal(last.held, accepted, 'each order that was accepted holds its unit');
  assert.ok(samples > 10);
  await assertLedgerSound(database);

  // Whatever is left free is sold, and not one more.
  const rest = Array.from({ length: last.available + 3 }, () => orderRequest(saleId, itemIds));
  const outcomes = await writeOrders(orders, rest, SETTLE_MS);
  assert.equal(outcomes.filter(({ outcome }) => outcome === 'accepted').length, last.available);
  const atOnce = await changes.transaction((transaction) => changeStock(transaction, itemId, { by: -1 }));
  assert.equal(atOnce.outcome, 'below-promised', 'what is sold out cannot be lowered');
});
