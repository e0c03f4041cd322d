import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { assertLedgerSound, insertSale, openLedger, orderRequest } from '../../test/support/ledger.ts';
import type { Database } from '../ledger/database.ts';
import { createPlaceOrder, type PlaceOrder } from './place-order.ts';

let database: TestDatabase;
/** Two engine processes on one ledger. */
let ledgers: [Database, Database];
let places: [PlaceOrder, PlaceOrder];

before(async () => {
  database = await createTestDatabase();
  ledgers = [openLedger(database), openLedger(database)];
  places = [placing(ledgers[0]), placing(ledgers[1])];
});

after(async () => {
  await assertLedgerSound(database);
  await Promise.all(places.map((place) => place.close()));
  await Promise.all(ledgers.map((ledger) => ledger.close()));
  await database.drop();
});

const placing = (ledger: Database) =>
  createPlaceOrder({ database: ledger, waitingMax: 1_000, deadlineMs: 5_000, observeBatch: () => undefined });

test('IK-19 a sale closes while another process is between decision and commit: the retry waits and gets the order', async () => {
  const closesAt = new Date(Date.now() + 1_000);
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 1 }], { closesAt });
  const [here, there] = places;

  // This process has learnt that the item refuses, so it looks before it queues.
  await database.query('UPDATE items SET capacity = 0, available = 0 WHERE id = $1', [itemIds[0]]);
  assert.equal((await here(orderRequest(saleId, itemIds))).outcome, 'sold-out');
  await database.query('UPDATE items SET capacity = 1, available = 1 WHERE id = $1', [itemIds[0]]);

  // The other process decides before closing time and is kept from its commit until after it.
  await database.query(`
    CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END $$;
    CREATE TRIGGER wait_for_test AFTER INSERT ON orders FOR EACH STATEMENT EXECUTE FUNCTION wait_for_test();
  `);
  const gate = await database.hold('SELECT pg_advisory_xact_lock(7)');
  const request = orderRequest(saleId, itemIds);
  const lost = there(request);
  await gate.blocksSomebody();
  await database.query('SELECT pg_sleep_until($1)', [new Date(closesAt.getTime() + 50)]);

  const retry = here({ ...request, orderId: orderRequest(saleId, itemIds).orderId });
  await database.until(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' HAVING count(*) = 2",
  );
  await gate.release();
  assert.equal((await lost).outcome, 'placed');
  const told = await retry;
  assert.ok(told.outcome === 'placed', told.outcome);
  assert.equal(told.order.id, request.orderId);
  assert.equal(told.replayed, true);
  await database.query('DROP TRIGGER wait_for_test ON orders; DROP FUNCTION wait_for_test');
});

test('IK-12 refusals of every kind leave the key free: limit, paused, not yet open', async () => {
  const [here] = places;
  const limited = await insertSale(database, [{ limitPerCustomer: 1 }], { holdSeconds: 60 });
  const first = orderRequest(limited.saleId, limited.itemIds);
  assert.equal((await here(first)).outcome, 'placed');
  const second = orderRequest(limited.saleId, limited.itemIds, { customerId: first.customerId });
  assert.equal((await here(second)).outcome, 'limit-reached');
  await database.query('UPDATE items SET limit_per_customer = 2 WHERE id = $1', [limited.itemIds[0]]);
  assert.equal((await here(second)).outcome, 'placed');

  const soon = await insertSale(database, [{}], {
    opensAt: new Date(Date.now() + 60_000),
    closesAt: new Date(Date.now() + 90_000),
  });
  const early = orderRequest(soon.saleId, soon.itemIds);
  assert.equal((await here(early)).outcome, 'sale-not-open');
  assert.equal((await here(early)).outcome, 'sale-not-open', 'by a look this time');
  await database.query('UPDATE sales SET opens_at = now(), paused_at = now() WHERE id = $1', [soon.saleId]);
  const paused = await here(early);
  assert.equal(paused.outcome === 'sale-not-open' && paused.saleStatus, 'paused');
  await database.query('UPDATE sales SET paused_at = NULL WHERE id = $1', [soon.saleId]);
  assert.equal((await here(early)).outcome, 'placed');
});

test('IK-08 two customers with one key at the same moment have an order each', async () => {
  const { saleId, itemIds } = await insertSale(database);
  const hers = orderRequest(saleId, itemIds);
  const his = orderRequest(saleId, itemIds, { idempotencyKey: hers.idempotencyKey });
  const [here] = places;
  const outcomes = await Promise.all([here(hers), here(his)]);
  assert.deepEqual(
    outcomes.map((told) => told.outcome === 'placed' && [told.order.id, told.order.customerId, told.replayed]),
    [hers, his].map(({ orderId, customerId }) => [orderId, customerId, false]),
  );
});

test('a customer at the limit is refused again by a look that waits for no lock, also of a sold-out item', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 1, limitPerCustomer: 1 }]);
  const [here] = places;
  const first = orderRequest(saleId, itemIds);
  assert.equal((await here(first)).outcome, 'placed');
  const again = () => here(orderRequest(saleId, itemIds, { customerId: first.customerId }));
  assert.equal((await again()).outcome, 'limit-reached');
  assert.equal((await here(orderRequest(saleId, itemIds))).outcome, 'sold-out');

  const batch = await database.hold(`SELECT 1 FROM sales WHERE id = '${saleId}' FOR UPDATE`);
  const refused = await again();
  await batch.release();
  assert.deepEqual(refused, { outcome: 'limit-reached', items: [{ itemId: itemIds[0], limit: 1, taken: 1 }] });
});

test('the ledger fails while a repeat is read: nothing is said that is not known', async () => {
  const { saleId, itemIds } = await insertSale(database, [{}]);
  const request = orderRequest(saleId, itemIds);
  assert.equal((await places[0](request)).outcome, 'placed');
  const noReads: Database = { ...ledgers[1], query: () => Promise.reject(new Error('no connection')) };
  const place = placing(noReads);
  assert.equal((await place(request)).outcome, 'unknown', 'this very attempt has committed');
  const another = { ...request, orderId: orderRequest(saleId, itemIds).orderId };
  assert.equal((await place(another)).outcome, 'unavailable');
  await place.close();
});
