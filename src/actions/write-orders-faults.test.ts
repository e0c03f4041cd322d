import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { type CuttingProxy, createCuttingProxy } from '../../test/support/cutting-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { assertLedgerSound, insertSale, openLedger, orderRequest } from '../../test/support/ledger.ts';
import type { Database } from '../ledger/database.ts';
import { writeOrders } from './write-orders.ts';

let database: TestDatabase;
let proxy: CuttingProxy;
let ledger: Database;

const SETTLE_MS = 5_000;

before(async () => {
  database = await createTestDatabase();
  proxy = await createCuttingProxy({ port: Number(new URL(database.url).port) });
  ledger = openLedger({ url: proxy.url(database.url) });
});

afterEach(() => assertLedgerSound(database));

after(async () => {
  await ledger.close();
  await proxy.close();
  await database.drop();
});

async function idsOf(saleId: string): Promise<string[]> {
  const rows = await database.query<{ id: string }>('SELECT id FROM orders WHERE sale_id = $1 ORDER BY arrival', [
    saleId,
  ]);
  return rows.map((row) => row.id);
}

test('F-10 the connection is cut before COMMIT arrives: the batch is written by the second try, once', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 2 }]);
  const requests = Array.from({ length: 3 }, () => orderRequest(saleId, itemIds));
  const cutsBefore = proxy.cuts();
  proxy.cutNext('before-commit');
  const outcomes = await writeOrders(ledger, requests, SETTLE_MS);
  assert.equal(proxy.cuts(), cutsBefore + 1);
  assert.deepEqual(
    outcomes.map((each) => each.outcome),
    ['accepted', 'accepted', 'sold-out'],
  );
  assert.deepEqual(await idsOf(saleId), [requests[0]?.orderId, requests[1]?.orderId]);
});

test('F-10 the connection is cut after COMMIT, before its answer: each order is found as its own, none is written twice', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 2 }]);
  const requests = Array.from({ length: 3 }, () => orderRequest(saleId, itemIds));
  const cutsBefore = proxy.cuts();
  proxy.cutNext('after-commit');
  const outcomes = await writeOrders(ledger, requests, SETTLE_MS);
  assert.equal(proxy.cuts(), cutsBefore + 1);
  assert.deepEqual(
    outcomes.map((each) => (each.outcome === 'repeat' ? each.orderId : each.outcome)),
    [requests[0]?.orderId, requests[1]?.orderId, 'sold-out'],
  );
  assert.deepEqual(await idsOf(saleId), [requests[0]?.orderId, requests[1]?.orderId]);
});

test('the ledger stays away after a COMMIT of unknown outcome: the answer says unknown, and a retry tells', async (t) => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 1 }]);
  const request = orderRequest(saleId, itemIds);
  const cutOff = await createCuttingProxy({ port: Number(new URL(database.url).port) });
  const lonely = openLedger({ url: cutOff.url(database.url) });
  t.after(() => lonely.close().then(() => cutOff.close()));
  cutOff.cutNext('after-commit');
  const refusingToReconnect = {
    connect: async () => {
      if (cutOff.cuts() > 0) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
      return lonely.connect();
    },
  };
  const [outcome] = await writeOrders(refusingToReconnect, [request], 300);
  assert.equal(outcome?.outcome, 'unknown');
  const [retried] = await writeOrders(
    ledger,
    [{ ...request, orderId: orderRequest(saleId, itemIds).orderId }],
    SETTLE_MS,
  );
  assert.equal(retried?.outcome === 'repeat' && retried.orderId, request.orderId);
});

test('a ledger that cannot be reached at all: unavailable, nothing done', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 1 }]);
  const away = {
    connect: async () => {
      throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    },
  };
  const [outcome] = await writeOrders(away, [orderRequest(saleId, itemIds)], 200);
  assert.equal(outcome?.outcome, 'unavailable');
  assert.deepEqual(await idsOf(saleId), []);
});
