import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { assertLedgerSound, insertSale, openLedger, orderRequest } from '../../test/support/ledger.ts';
import type { Database } from '../ledger/database.ts';
import type { PlaceOrderRequest } from './decide-placing.ts';
import { type WrittenOutcome, writeOrders } from './write-orders.ts';

let database: TestDatabase;
/** Two engine processes on one ledger. */
let first: Database;
let second: Database;
let third: Database | undefined;

const SETTLE_MS = 5_000;

before(async () => {
  database = await createTestDatabase();
  first = openLedger(database);
  second = openLedger(database);
});

afterEach(() => assertLedgerSound(database));

after(async () => {
  await Promise.all([first.close(), second.close(), third?.close()]);
  await database.drop();
});

/** A third engine process; closed with the others. */
function openedThird(): Database {
  third ??= openLedger(database);
  return third;
}

const write = (ledger: Database, ...requests: PlaceOrderRequest[]) => writeOrders(ledger, requests, SETTLE_MS);

const kinds = (outcomes: readonly WrittenOutcome[]) => outcomes.map((each) => each.outcome);

async function stockOf(itemId: string): Promise<{ available: number; held: number; sold: number }> {
  const [row] = await database.query<{ available: number; held: number; sold: number }>(
    'SELECT available, held, sold FROM items WHERE id = $1',
    [itemId],
  );
  assert.ok(row);
  return row;
}

test('S-02 a batch sells exactly what there is, in the order of arrival', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 3 }]);
  const outcomes = await write(first, ...Array.from({ length: 5 }, () => orderRequest(saleId, itemIds)));
  assert.deepEqual(kinds(outcomes), ['accepted', 'accepted', 'accepted', 'sold-out', 'sold-out']);
  assert.deepEqual(
    outcomes.map((each) => (each.outcome === 'accepted' ? each.arrival : null)),
    [1, 2, 3, null, null],
  );
  assert.deepEqual(await stockOf(itemIds[0]), { available: 0, held: 3, sold: 0 });
});

test('S-09 an order gets all of its lines or none', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 5 }, { capacity: 1 }]);
  const both = () => orderRequest(saleId, itemIds);
  const outcomes = await write(first, both(), both(), orderRequest(saleId, [itemIds[0]]));
  assert.deepEqual(kinds(outcomes), ['accepted', 'sold-out', 'accepted']);
  assert.deepEqual(await stockOf(itemIds[0]), { available: 3, held: 2, sold: 0 });
});

test('S-09 reversed lines over many batches of two processes never deadlock', async () => {
  const { saleId, itemIds } = await insertSale(database, [
    { capacity: 1_000 },
    { capacity: 1_000 },
    { capacity: 1_000 },
  ]);
  const reversed = itemIds.toReversed();
  const outcomes = await Promise.all(
    Array.from({ length: 60 }, (_, index) =>
      write(index % 2 ? first : second, orderRequest(saleId, index % 2 ? itemIds : reversed)),
    ),
  );
  assert.deepEqual(new Set(outcomes.flatMap(kinds)), new Set(['accepted']));
});

test('S-07 the limit holds over many batches of two processes, unpaid orders included', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 1_000, limitPerCustomer: 3 }]);
  const { customerId } = orderRequest(saleId, itemIds);
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      write(index % 2 ? first : second, orderRequest(saleId, itemIds, { customerId })),
    ),
  );
  const counted = Map.groupBy(outcomes.flatMap(kinds), (kind) => kind);
  assert.equal(counted.get('accepted')?.length, 3);
  assert.equal(counted.get('limit-reached')?.length, 47);
});

test('S-08 two processes that sell different items of one sale number their orders without a gap, none twice', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 100 }, { capacity: 100 }]);
  const outcomes = await Promise.all(
    Array.from({ length: 60 }, (_, index) =>
      write(index % 2 ? first : second, orderRequest(saleId, [itemIds[index % 2] ?? ''])),
    ),
  );
  const arrivals = outcomes.flat().map((each) => (each.outcome === 'accepted' ? each.arrival : each.outcome));
  assert.deepEqual(
    arrivals.toSorted((a, b) => Number(a) - Number(b)),
    Array.from({ length: 60 }, (_, index) => index + 1),
  );
});

test('a repeat takes nothing and is told its own order', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 1 }]);
  const request = orderRequest(saleId, itemIds);
  await write(first, request);
  const [again] = await write(second, { ...request, orderId: orderRequest(saleId, itemIds).orderId });
  assert.equal(again?.outcome, 'repeat');
  assert.equal(again?.outcome === 'repeat' && again.orderId, request.orderId);
});

test('a repeat in a batch leaves its place to the next', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 2 }]);
  const request = orderRequest(saleId, itemIds);
  await write(first, request);
  const outcomes = await write(first, request, orderRequest(saleId, itemIds), orderRequest(saleId, itemIds));
  assert.deepEqual(kinds(outcomes), ['repeat', 'accepted', 'sold-out']);
});

test('one key at two sales at once, over two processes: one order', async () => {
  const one = await insertSale(database, [{ capacity: 100 }]);
  const other = await insertSale(database, [{ capacity: 100 }]);
  for (let round = 0; round < 20; round += 1) {
    const request = orderRequest(one.saleId, one.itemIds);
    const elsewhere = {
      ...orderRequest(other.saleId, other.itemIds),
      customerId: request.customerId,
      placedBy: request.placedBy,
      idempotencyKey: request.idempotencyKey,
    };
    const outcomes = await Promise.all([write(first, request), write(second, elsewhere)]);
    assert.deepEqual(outcomes.flatMap(kinds).sort(), ['accepted', 'repeat']);
  }
});

test('a poisoned order fails alone, and the others keep their order', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 10 }]);
  await database.query(`
    CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN IF NEW.reference = 'poison' THEN RAISE EXCEPTION 'poison' USING ERRCODE = '22000'; END IF; RETURN NEW; END $$;
    CREATE TRIGGER refuse_poison BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION refuse_poison();
  `);
  const requests = Array.from({ length: 7 }, (_, index) =>
    orderRequest(saleId, itemIds, index === 4 ? { reference: 'poison' } : {}),
  );
  const outcomes = await write(first, ...requests);
  assert.deepEqual(kinds(outcomes), [
    'accepted',
    'accepted',
    'accepted',
    'accepted',
    'poisoned',
    'accepted',
    'accepted',
  ]);
  assert.deepEqual(
    outcomes.flatMap((each) => (each.outcome === 'accepted' ? [each.arrival] : [])),
    [1, 2, 3, 4, 5, 6],
  );
  await database.query('DROP TRIGGER refuse_poison ON orders; DROP FUNCTION refuse_poison');
});

test('any other failure of the ledger fails the whole batch without effect', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 10 }]);
  await database.query(`
    CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER disk_full BEFORE INSERT ON order_lines FOR EACH ROW EXECUTE FUNCTION disk_full();
  `);
  const outcomes = await write(first, orderRequest(saleId, itemIds), orderRequest(saleId, itemIds));
  assert.deepEqual(kinds(outcomes), ['unavailable', 'unavailable']);
  await database.query('DROP TRIGGER disk_full ON order_lines; DROP FUNCTION disk_full');
  assert.deepEqual(await stockOf(itemIds[0]), { available: 10, held: 0, sold: 0 });
});

test('S-10 opening and closing are judged by the clock after the locks, not by the start of the transaction', async () => {
  const closesAt = new Date(Date.now() + 700);
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 10 }], { closesAt });
  const blocker = await second.connect();
  await blocker.execute('BEGIN');
  await blocker.execute(`SELECT FROM sales WHERE id = '${saleId}' FOR UPDATE`);
  const late = write(first, orderRequest(saleId, itemIds));
  // The batch began while the sale was open; the lock is let go only after it has closed by the database's clock.
  await blocker.execute(`SELECT pg_sleep_until('${new Date(closesAt.getTime() + 50).toISOString()}')`);
  await blocker.execute('COMMIT');
  blocker.release();
  assert.deepEqual(kinds(await late), ['sale-not-open']);
});

test('a free order is sold at once and has nothing to pay', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 10, priceMinor: 0 }]);
  const [outcome] = await write(first, orderRequest(saleId, itemIds, { quantity: 2 }));
  assert.equal(outcome?.outcome === 'accepted' && outcome.status, 'confirmed');
  assert.equal(outcome?.outcome === 'accepted' && outcome.payBy, null);
  assert.deepEqual(await stockOf(itemIds[0]), { available: 8, held: 0, sold: 2 });
});

test('the limit and the keys are read after the lock: what waited for another process sees what that one committed', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 10, limitPerCustomer: 1 }]);
  const request = orderRequest(saleId, itemIds);
  const lock = await database.hold('SELECT FROM sales WHERE id = $1 FOR UPDATE', [saleId]);
  // Both wait for the lock with their statements begun; read by those, the limit and the key would be of the past.
  const winner = write(first, request);
  await lock.blocksSomebody();
  const otherKey = write(second, orderRequest(saleId, itemIds, { customerId: request.customerId }));
  const sameKey = write(openedThird(), { ...request, orderId: orderRequest(saleId, itemIds).orderId });
  await database.until(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' HAVING count(*) = 3",
  );
  await lock.release();
  assert.deepEqual(kinds(await winner), ['accepted']);
  assert.deepEqual(kinds(await otherKey), ['limit-reached']);
  assert.deepEqual(kinds(await sameKey), ['repeat']);
  assert.deepEqual(await stockOf(itemIds[0]), { available: 9, held: 1, sold: 0 });
});

test('F-12 a deadlock or a serialization failure runs the whole batch again', async () => {
  for (const sqlState of ['40P01', '40001', '55P03']) {
    const { saleId, itemIds } = await insertSale(database, [{ capacity: 10 }]);
    await database.query(`
      CREATE SEQUENCE tries;
      CREATE FUNCTION fail_twice() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF nextval('tries') <= 2 THEN RAISE EXCEPTION 'try again' USING ERRCODE = '${sqlState}'; END IF; RETURN NEW; END $$;
      CREATE TRIGGER fail_twice BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION fail_twice();
    `);
    const outcomes = await write(first, orderRequest(saleId, itemIds), orderRequest(saleId, itemIds));
    assert.deepEqual(kinds(outcomes), ['accepted', 'accepted'], sqlState);
    await database.query('DROP TRIGGER fail_twice ON orders; DROP FUNCTION fail_twice; DROP SEQUENCE tries');
  }
});

test('a pause is judged under the lock that numbers the orders', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 10 }]);
  const pausing = await database.hold('UPDATE sales SET paused_at = now() WHERE id = $1', [saleId]);
  const waiting = write(first, orderRequest(saleId, itemIds));
  await pausing.blocksSomebody();
  await pausing.release();
  assert.deepEqual(kinds(await waiting), ['sale-not-open']);
});
