import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { openLedger } from '../../test/support/ledger.ts';
import type { Database } from '../ledger/database.ts';
import { createFindShopCustomer, shopCustomerId } from './find-shop-customer.ts';

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

async function newMerchant(): Promise<string> {
  const id = randomUUID();
  await database.query('INSERT INTO merchants (id, name) VALUES ($1, $2)', [id, 'Test shop']);
  return id;
}

const rowsOf = (merchantId: string) =>
  database.query('SELECT id, external_id FROM shop_customers WHERE merchant_id = $1 ORDER BY external_id', [
    merchantId,
  ]);

test('the id follows from merchant and name, and is a UUID of version 8', () => {
  const merchantId = '01931b0c-0000-7000-8000-000000000000';
  const ids = ['anna', 'Anna', 'ben', '', 'ünï', 'a'.repeat(200)].map((name) => shopCustomerId(merchantId, name));
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(shopCustomerId(merchantId, 'anna'), ids[0]);
  assert.notEqual(shopCustomerId('01931b0c-0000-7000-8000-000000000001', 'anna'), ids[0]);
  // Orders in existing ledgers carry such ids: this one must never change.
  assert.equal(ids[0], 'c7fed9ef-9c45-89a0-a922-dc2f55a911c8');
});

test('two processes, and many requests at once, give one customer one id and one row', async () => {
  const merchantId = await newMerchant();
  const [one, other] = [createFindShopCustomer(ledger), createFindShopCustomer(ledger)];
  const ids = await Promise.all(
    Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other)(merchantId, index < 10 ? 'anna' : 'ben')),
  );
  assert.deepEqual(new Set(ids), new Set([shopCustomerId(merchantId, 'anna'), shopCustomerId(merchantId, 'ben')]));
  assert.deepEqual(await rowsOf(merchantId), [
    { id: shopCustomerId(merchantId, 'anna'), external_id: 'anna' },
    { id: shopCustomerId(merchantId, 'ben'), external_id: 'ben' },
  ]);
});

test('a customer met before is known at once, without the ledger', async () => {
  const merchantId = await newMerchant();
  const find = createFindShopCustomer(ledger);
  const id = await find(merchantId, 'anna');
  assert.equal(find(merchantId, 'anna'), id);
});

test('a customer whose row could not be written is not taken for known', async () => {
  const find = createFindShopCustomer(ledger);
  const nobody = randomUUID();
  await assert.rejects(async () => find(nobody, 'anna'));
  await assert.rejects(async () => find(nobody, 'anna'));
});
