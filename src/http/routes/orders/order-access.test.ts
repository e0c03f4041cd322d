import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { FastifyRequest } from 'fastify';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { insertSale, openLedger } from '../../../../test/support/ledger.ts';
import { createSharedReads, type SharedReads } from '../../../actions/shared-reads.ts';
import type { Caller, Role } from '../../../domain/caller.ts';
import type { Database } from '../../../ledger/database.ts';
import { findOrder, findOrders, type StoredOrder } from '../../../ledger/read-orders.ts';
import { requireOrderForIntent, requireVisible, requireVisibleOrder } from './order-access.ts';

let database: TestDatabase;
let ledger: Database;
let merchantId: string;
let saleId: string;
let orders: SharedReads<StoredOrder>;

before(async () => {
  database = await createTestDatabase();
  ledger = openLedger(database, false);
  orders = createSharedReads({
    readAll: (ids) => findOrders(ledger, ids),
    name: 'read orders',
    waitingMax: 100,
    deadlineMs: 5_000,
  });
  saleId = (await insertSale(database)).saleId;
  const [sale] = await database.query<{ merchant_id: string }>('SELECT merchant_id FROM sales');
  merchantId = sale?.merchant_id ?? '';
});

after(async () => {
  await orders.close();
  await ledger.close();
  await database.drop();
});

let arrival = 0;

async function insertOrder(status: string, customerId: string, placedBy = customerId): Promise<string> {
  const id = randomUUID();
  arrival += 1;
  await database.query(
    `INSERT INTO orders (id, sale_id, customer_id, placed_by, placed_at, pay_by, settle_by, accept_by, arrival,
                         total_minor, status, fingerprint, idempotency_key)
     VALUES ($1, $2, $3, $4, now(), now(), now(), now(), $5, 0, $6, '\\x00', $7)`,
    [id, saleId, customerId, placedBy, arrival, status, randomUUID()],
  );
  return id;
}

const account = (role: Role, accountId: string = randomUUID()) =>
  ({ kind: 'account', accountId, role, onlySaleId: null }) as const satisfies Caller;

async function member(role: 'merchant' | 'courier', ofMerchant = merchantId) {
  const caller = account(role);
  await database.query('INSERT INTO accounts (id, email, password_hash, role) VALUES ($1, $2, $3, $4)', [
    caller.accountId,
    `${caller.accountId}@example.com`,
    'none',
    role,
  ]);
  await database.query('INSERT INTO members (merchant_id, account_id, role) VALUES ($1, $2, $3)', [
    ofMerchant,
    caller.accountId,
    role,
  ]);
  return caller;
}

const requestOf = (caller: Caller, key?: string) =>
  ({ caller, headers: key === undefined ? {} : { 'idempotency-key': key } }) as unknown as FastifyRequest;

/** The roles in which a caller sees an order; none when it gets a 404. */
async function rolesOf(caller: Caller, orderId: string): Promise<string[]> {
  try {
    const { order, actors } = await requireVisibleOrder(requestOf(caller), ledger, orderId);
    assert.equal(await requireVisible(requestOf(caller), ledger, order), order);
    return [...actors];
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'not-found');
    const order = await findOrder(ledger, orderId);
    await assert.rejects(requireVisible(requestOf(caller), ledger, order), { code: 'not-found' });
    return [];
  }
}

test('who sees an order, and in which roles, for each kind of caller', async () => {
  const anna = account('customer');
  const shop = { kind: 'shop', merchantId, apiKeyId: randomUUID() } as const;
  const other = randomUUID();
  await database.query(`INSERT INTO merchants (id, name) VALUES ($1, 'Another')`, [other]);
  const [staff, courier] = [await member('merchant'), await member('courier')];
  const [otherStaff, otherCourier] = [await member('merchant', other), await member('courier', other)];

  const statuses = [
    ['pending_payment', false],
    ['preparing', false],
    ['ready_for_pickup', true],
    ['in_transit', true],
    ['completed', false],
  ] as const;
  for (const [status, deliverable] of statuses) {
    const own = await insertOrder(status, anna.accountId);
    const throughShop = await insertOrder(status, randomUUID(), merchantId);
    const handsOver = deliverable ? ['courier'] : [];
    assert.deepEqual(await rolesOf(anna, own), ['owner']);
    assert.deepEqual(await rolesOf(anna, throughShop), []);
    assert.deepEqual(await rolesOf(shop, own), ['merchant', 'courier']);
    assert.deepEqual(await rolesOf(shop, throughShop), ['owner', 'merchant', 'courier']);
    assert.deepEqual(await rolesOf(staff, own), ['merchant']);
    assert.deepEqual(await rolesOf(courier, own), handsOver, status);
    assert.deepEqual(await rolesOf(account('operator'), own), ['operator']);
    assert.deepEqual(await rolesOf({ ...staff, accountId: anna.accountId }, own), ['owner'], 'once a customer');
    const strangers = [otherStaff, otherCourier, account('merchant'), account('courier'), account('customer')];
    for (const stranger of [...strangers, { ...shop, merchantId: other }]) {
      assert.deepEqual(await rolesOf(stranger, own), []);
    }
  }
  assert.deepEqual(await rolesOf(account('operator'), randomUUID()), []);
});

test('CR-06 the courier who delivered an order finds it again by the same key, and nobody else does', async () => {
  const [courier, colleague] = [await member('courier'), await member('courier')];
  const id = await insertOrder('completed', randomUUID());
  await database.query(
    `INSERT INTO order_events (order_id, version, type, status, occurred_at, actor_id, actor_role, operation,
                               idempotency_key, fingerprint)
     VALUES ($1, 2, 'order.delivered', 'completed', now(), $2, 'courier', 'delivery', 'the-key', '\\x00')`,
    [id, courier.accountId],
  );
  const find = (caller: Caller, key: string | undefined, intent: 'delivery' | 'pickup' = 'delivery') =>
    requireOrderForIntent(requestOf(caller, key), { database: ledger, orders }, id, intent);
  const { order, actors } = await find(courier, 'the-key');
  assert.deepEqual([order.id, [...actors]], [id, ['courier']]);
  for (const attempt of [
    () => find(courier, 'another-key'),
    () => find(courier, undefined),
    () => find(courier, 'bad key'),
    () => find(courier, 'the-key', 'pickup'),
    () => find(colleague, 'the-key'),
    () => requireVisibleOrder(requestOf(courier, 'the-key'), ledger, id),
  ]) {
    await assert.rejects(attempt, { code: 'not-found' });
  }
});
