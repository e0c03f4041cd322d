import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { openLedger } from '../../test/support/ledger.ts';
import type { Database } from '../ledger/database.ts';
import { listSales } from '../ledger/sale-catalogue.ts';
import { makeDemoSale } from './make-demo-sale.ts';

let database: TestDatabase;
let ledger: Database;

before(async () => {
  database = await createTestDatabase();
  ledger = openLedger(database);
});

after(async () => {
  await ledger.close();
  await database.drop();
});

test('a new ledger gets an open sale of each kind, once, however many engines start', async () => {
  const made = await Promise.all([makeDemoSale(ledger), makeDemoSale(ledger)]);
  assert.deepEqual(made.sort(), [false, true]);
  assert.equal(await makeDemoSale(ledger), false);

  const { sales } = await listSales(ledger, { test: false, merchantId: undefined }, undefined, 10);
  assert.deepEqual(sales.map(({ fulfillment, status }) => `${fulfillment}: ${status}`).sort(), [
    'direct: open',
    'kitchen: open',
  ]);
});
