import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { insertSale, openLedger } from '../../../../test/support/ledger.ts';
import type { Database } from '../../../ledger/database.ts';
import { listOrders } from '../../../ledger/read-orders.ts';
import type { Queryable } from '../../../ledger/statement.ts';
import { includesOf, readIncluded } from './order-includes.ts';

let database: TestDatabase;
let ledger: Database;
let saleId: string;
const CUSTOMER = { kind: 'account', accountId: randomUUID(), role: 'customer', onlySaleId: null } as const;
const ALL = includesOf('lines,payments,refunds,history,sale');

before(async () => {
  database = await createTestDatabase();
  ledger = openLedger(database, false);
  saleId = (await insertSale(database)).saleId;
  await database.query(
    `WITH placed AS (
       INSERT INTO orders (id, sale_id, customer_id, placed_by, placed_at, arrival, total_minor, version, status,
                           fingerprint, idempotency_key)
       SELECT gen_random_uuid(), $1, $2, $2, now(), number, 500, 2, 'confirmed', '\\x00', number::text
       FROM generate_series(1, 60) AS number RETURNING id
     ), paid AS (
       INSERT INTO payments (id, order_id, provider, status, capture, currency, amount_minor, captured_minor, created_at)
       SELECT gen_random_uuid(), id, 'sandbox', 'captured', 'automatic', 'EUR', 500, 500, now() FROM placed
     )
     INSERT INTO order_events (order_id, version, type, status, occurred_at)
     SELECT id, version, 'order.placed', 'confirmed', now() FROM placed, generate_series(1, 2) AS version`,
    [saleId, CUSTOMER.accountId],
  );
});

after(async () => {
  await ledger.close();
  await database.drop();
});

/** The statements that a page with everything included runs. */
async function statementsOf(pageSize: number): Promise<string[]> {
  const names: string[] = [];
  const counted: Queryable = {
    query(statement, values) {
      names.push(statement.name);
      return ledger.query(statement, values);
    },
  };
  const orders = await listOrders(counted, { saleId }, undefined, pageSize);
  const includedIn = await readIncluded(counted, CUSTOMER, orders, ALL);
  const resources = orders.map(includedIn);
  assert.equal(resources.length, pageSize);
  for (const { payments, refunds, history, sale } of resources) {
    assert.deepEqual([payments?.length, refunds?.length, history?.length, sale?.id], [1, 0, 2, saleId]);
  }
  return names.sort();
}

test('INC-01 a page of 50 orders runs the same queries as a page of 1: one for each include', async () => {
  const forOne = await statementsOf(1);
  assert.equal(forOne.length, 5);
  assert.deepEqual(await statementsOf(50), forOne);
});

test('what is not asked for is not read', async () => {
  const orders = await listOrders(ledger, { saleId }, undefined, 1);
  const nothing: Queryable = {
    query() {
      throw new Error('There was nothing to read.');
    },
  };
  const [order] = orders;
  assert.ok(order);
  assert.deepEqual((await readIncluded(nothing, CUSTOMER, orders, includesOf('lines,lines')))(order), {});
  assert.deepEqual((await readIncluded(nothing, CUSTOMER, [], ALL))(order), {});
});
