import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { type CuttingProxy, createCuttingProxy } from '../../test/support/cutting-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { assertLedgerSound, insertSale, openLedger, orderRequest } from '../../test/support/ledger.ts';
import { createTcpProxy } from '../../test/support/tcp-proxy.ts';
import type { LedgerStock } from '../gate/stock-gate.ts';
import type { Database } from '../ledger/database.ts';
import { createOrderWriter } from './order-writer.ts';
import type { WrittenOutcome } from './write-orders.ts';

const SETTLE_MS = 5_000;
const OPTIMISTIC = 'place_orders_optimistically';

let database: TestDatabase;
let proxy: CuttingProxy;
/** Two engine processes on one ledger; the first is reached through the proxy. */
let first: Database;
let second: Database;

before(async () => {
  database = await createTestDatabase();
  proxy = await createCuttingProxy({ port: Number(new URL(database.url).port) });
  first = openLedger({ url: proxy.url(database.url) });
  second = openLedger(database);
});

afterEach(() => assertLedgerSound(database));

after(async () => {
  await Promise.all([first.close(), second.close()]);
  await proxy.close();
  await database.drop();
});

const kinds = (outcomes: readonly WrittenOutcome[]) => outcomes.map((each) => each.outcome);

const arrivals = (outcomes: readonly WrittenOutcome[]) =>
  outcomes.map((each) => (each.outcome === 'accepted' ? each.arrival : null));

/** A writer that tells which of its batches began with one statement, and what it said is left. */
function writerOn(ledger: Database) {
  const ways: ('optimistic' | 'locked')[] = [];
  const told: LedgerStock[] = [];
  let names: string[] = [];
  const write = createOrderWriter({
    database: {
      async connect() {
        const connection = await ledger.connect();
        return {
          ...connection,
          query(statement, values) {
            names.push(statement.name);
            return connection.query(statement, values);
          },
        };
      },
    },
    settleMs: SETTLE_MS,
    onCommitted: (stock) => told.push(...stock),
  });
  return {
    ways,
    told,
    async write(...requests: Parameters<typeof write>[0]) {
      names = [];
      const outcomes = await write(requests);
      ways.push(names[0] === OPTIMISTIC ? 'optimistic' : 'locked');
      return { outcomes, names };
    },
  };
}

/** A sale of which the writer has sold one unit, so that it will try the next batch by one statement. */
async function begun(ledger: Database, item: { capacity: number; priceMinor?: number; limitPerCustomer?: number }) {
  const { saleId, itemIds } = await insertSale(database, [item]);
  const writer = writerOn(ledger);
  const request = (rest: Parameters<typeof orderRequest>[2] = {}) => orderRequest(saleId, itemIds, rest);
  assert.deepEqual(kinds((await writer.write(request())).outcomes), ['accepted']);
  return { ...writer, saleId, itemId: itemIds[0], request };
}

test('S-02 the second batch of an item is one statement, and sells as the first did', async () => {
  const { write, ways, told, request, saleId, itemId } = await begun(first, { capacity: 10 });
  const { outcomes, names } = await write(request(), request({ quantity: 3, reference: 'R1', metadata: '{"a":1}' }));
  assert.deepEqual(ways, ['locked', 'optimistic']);
  assert.deepEqual(names, [OPTIMISTIC]);
  assert.deepEqual(arrivals(outcomes), [2, 3]);
  const [, large] = outcomes;
  assert.ok(large?.outcome === 'accepted');
  assert.deepEqual(
    [large.status, large.totalMinor, large.lines[0]?.quantity, large.acceptBy],
    ['pending_payment', 4_500, 3, null],
  );
  assert.equal(large.payBy?.getTime(), large.placedAt.getTime() + 300_000);

  const orders = await database.query<Record<string, unknown>>(
    `SELECT orders.arrival, orders.total_minor, orders.placed_at, orders.pay_by, orders.reference, orders.metadata,
            event.version, event.type, event.pay_by AS event_pay_by, event.actor_id = orders.placed_by AS by_caller,
            line.quantity, line.held, line.sold, line.unit_price_minor, line.position, line.name,
            outbox.version AS waits
     FROM orders
     JOIN order_events AS event ON event.order_id = orders.id
     JOIN order_lines AS line ON line.order_id = orders.id
     JOIN outbox ON outbox.order_id = orders.id
     WHERE sale_id = $1 ORDER BY arrival`,
    [saleId],
  );
  assert.equal(orders.length, 3);
  const [locked, , optimistic] = orders;
  assert.deepEqual(
    { ...optimistic, placed_at: null, pay_by: null, event_pay_by: null },
    {
      ...locked,
      ...{ placed_at: null, pay_by: null, event_pay_by: null },
      ...{ arrival: 3, total_minor: 4_500, quantity: 3, held: 3, reference: 'R1', metadata: { a: 1 } },
    },
  );
  assert.deepEqual([optimistic?.['placed_at'], optimistic?.['pay_by']], [large.placedAt, large.payBy]);
  assert.deepEqual(optimistic?.['event_pay_by'], large.payBy);
  assert.deepEqual(
    told.map(({ available, version }) => [available, version]),
    [
      [9, 2],
      [5, 3],
    ],
  );
  const [item] = await database.query('SELECT available, held, version FROM items WHERE id = $1', [itemId]);
  assert.deepEqual(item, { available: 5, held: 5, version: 3 });
});

test('S-02 with too little left the rest is decided under locks, to the last unit', async () => {
  const { write, ways, request } = await begun(first, { capacity: 4 });
  assert.deepEqual(arrivals((await write(request(), request())).outcomes), [2, 3]);
  const { outcomes } = await write(request(), request(), request());
  assert.deepEqual(kinds(outcomes), ['accepted', 'sold-out', 'sold-out']);
  assert.deepEqual(ways, ['locked', 'optimistic', 'locked']);
});

const CHANGES: readonly (readonly [string, string, (outcomes: readonly WrittenOutcome[]) => void])[] = [
  [
    'the sale was paused',
    'UPDATE sales SET paused_at = now() WHERE id = $1',
    (outcomes) => assert.deepEqual(kinds(outcomes), ['sale-not-open', 'sale-not-open']),
  ],
  [
    'the sale has closed',
    'UPDATE sales SET closes_at = now() WHERE id = $1',
    (outcomes) => assert.deepEqual(kinds(outcomes), ['sale-not-open', 'sale-not-open']),
  ],
  [
    'the sale opens later',
    "UPDATE sales SET opens_at = now() + interval '1 minute' WHERE id = $1",
    (outcomes) => assert.deepEqual(kinds(outcomes), ['sale-not-open', 'sale-not-open']),
  ],
  [
    'the stock was taken by others',
    'UPDATE items SET available = 1, capacity = 2, version = version + 1 WHERE sale_id = $1',
    (outcomes) => assert.deepEqual(kinds(outcomes), ['accepted', 'sold-out']),
  ],
  [
    'the item is free now',
    'UPDATE items SET price_minor = 0, version = version + 1 WHERE sale_id = $1',
    (outcomes) =>
      assert.deepEqual(
        outcomes.map((each) => each.outcome === 'accepted' && each.status),
        ['confirmed', 'confirmed'],
      ),
  ],
];
for (const [what, change, check] of CHANGES) {
  test(`what is remembered decides nothing: ${what} since`, async () => {
    const { write, ways, request, saleId } = await begun(first, { capacity: 10 });
    await database.query(change, [saleId]);
    check((await write(request(), request())).outcomes);
    assert.deepEqual(ways, ['locked', 'optimistic']);
  });
}

test('S-07 a limit that was set since holds, and the price of now is the price', async () => {
  const { write, ways, request, saleId } = await begun(first, { capacity: 10 });
  const customerId = request().customerId;
  await database.query('UPDATE items SET price_minor = 700 WHERE sale_id = $1', [saleId]);
  const [cheap] = (await write(request())).outcomes;
  assert.equal(cheap?.outcome === 'accepted' && cheap.totalMinor, 700);
  await database.query(
    `INSERT INTO customer_units (item_id, customer_id, units)
     SELECT item_id, customer_id, held FROM order_lines JOIN orders ON orders.id = order_id WHERE sale_id = $1`,
    [saleId],
  );
  await database.query('UPDATE items SET limit_per_customer = 1 WHERE sale_id = $1', [saleId]);
  const { outcomes } = await write(request({ customerId }), request({ customerId }));
  assert.deepEqual(kinds(outcomes), ['accepted', 'limit-reached']);
  assert.deepEqual(ways, ['locked', 'optimistic', 'optimistic']);
});

test('S-04 a key that has an order already: the batch is decided under locks, the repeat told, the others placed', async () => {
  const { write, request } = await begun(first, { capacity: 10 });
  const known = request();
  await write(known);
  const { outcomes } = await write(request(), { ...known, orderId: request().orderId }, request());
  assert.deepEqual(kinds(outcomes), ['accepted', 'repeat', 'accepted']);
  assert.deepEqual(arrivals(outcomes), [3, null, 4]);
});

test("a shop's back end orders in its own merchant's sales only", async () => {
  const { write, ways, request } = await begun(first, { capacity: 10 });
  const { outcomes } = await write(request(), request({ onlyMerchantId: request().orderId }));
  assert.deepEqual(kinds(outcomes), ['accepted', 'unknown-sale']);
  assert.deepEqual(ways, ['locked', 'locked']);
});

test('items with a limit and free items stay under locks, and whatever comes with them', async () => {
  for (const item of [
    { capacity: 9, limitPerCustomer: 5 },
    { capacity: 9, priceMinor: 0 },
  ]) {
    const { saleId, itemIds } = await insertSale(database, [item, { capacity: 9 }]);
    const { write, ways } = writerOn(first);
    await write(orderRequest(saleId, itemIds));
    await write(orderRequest(saleId, itemIds));
    await write(orderRequest(saleId, itemIds.slice(1)));
    assert.deepEqual(ways, ['locked', 'locked', 'optimistic']);
  }
});

test('S-09 orders of several items and sales: one statement takes all of their lines, or none', async () => {
  const sales = [
    await insertSale(database, [{ capacity: 9 }, { capacity: 3, priceMinor: 200 }]),
    await insertSale(database, [{ capacity: 9 }]),
  ] as const;
  const [two, one] = sales;
  const { write, ways, told } = writerOn(first);
  const mixed = () => [
    orderRequest(two.saleId, two.itemIds),
    orderRequest(one.saleId, one.itemIds, { quantity: 2 }),
    orderRequest(two.saleId, two.itemIds.toReversed()),
  ];
  await write(...mixed());
  const requests = mixed();
  const { outcomes } = await write(...requests.slice(0, 2));
  assert.deepEqual(ways, ['locked', 'optimistic']);
  assert.deepEqual(arrivals(outcomes), [3, 2]);
  assert.deepEqual(
    outcomes.map((each) => each.outcome === 'accepted' && [each.totalMinor, each.lines.length]),
    [
      [1_700, 2],
      [3_000, 1],
    ],
  );
  const [order] = requests;
  assert.deepEqual(
    await database.query('SELECT item_id, position, held FROM order_lines WHERE order_id = $1 ORDER BY position', [
      order?.orderId,
    ]),
    two.itemIds.map((id, position) => ({ item_id: id, position, held: 1 })),
  );
  assert.deepEqual(
    told.slice(-3).map(({ itemId, available, version }) => [itemId, available, version]),
    [
      [two.itemIds[0], 6, 3],
      [two.itemIds[1], 0, 3],
      [one.itemIds[0], 5, 3],
    ],
  );
  const { outcomes: last } = await write(...mixed());
  assert.deepEqual(kinds(last), ['sold-out', 'accepted', 'sold-out']);
  assert.deepEqual(ways, ['locked', 'optimistic', 'locked']);
});

test('S-09 another process took of one item: of the others nothing is taken either', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 9 }, { capacity: 9 }]);
  const { write, ways } = writerOn(first);
  await write(orderRequest(saleId, itemIds));
  await database.query('UPDATE items SET available = 0, capacity = 1, version = version + 1 WHERE id = $1', [
    itemIds[1],
  ]);
  const { outcomes } = await write(orderRequest(saleId, itemIds), orderRequest(saleId, itemIds.slice(0, 1)));
  assert.deepEqual(ways, ['locked', 'optimistic']);
  assert.deepEqual(kinds(outcomes), ['sold-out', 'accepted']);
  const [untouched] = await database.query<{ available: number }>('SELECT available FROM items WHERE id = $1', [
    itemIds[0],
  ]);
  assert.equal(untouched?.available, 7);
});

test('S-08 S-09 batches over the same sales and items in any order, by two processes: no deadlock, no gap', async () => {
  const sales = [
    await insertSale(database, [{ capacity: 500 }, { capacity: 500 }]),
    await insertSale(database, [{ capacity: 500 }]),
  ];
  const writers = [writerOn(first), writerOn(second)];
  await Promise.all(
    writers.map(async ({ write }, index) => {
      for (let batch = 0; batch < 30; batch += 1) {
        const requests = sales.map(({ saleId, itemIds }) =>
          orderRequest(saleId, index === 0 ? itemIds : itemIds.toReversed()),
        );
        const { outcomes } = await write(...(index === 0 ? requests : requests.toReversed()));
        assert.deepEqual(kinds(outcomes), ['accepted', 'accepted']);
      }
    }),
  );
  for (const { ways } of writers) assert.deepEqual(ways.slice(1), Array(29).fill('optimistic'));
});

test('S-02 S-08 two processes race for one item by both ways: sold to the last unit, numbered without a gap', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 300 }]);
  const writers = [writerOn(first), writerOn(second)];
  const outcomes = await Promise.all(
    writers.map(async ({ write }) => {
      const all: WrittenOutcome[] = [];
      for (let batch = 0; batch < 40; batch += 1) {
        const requests = Array.from({ length: 5 }, () => orderRequest(saleId, itemIds));
        all.push(...(await write(...requests)).outcomes);
      }
      return all;
    }),
  );
  const numbers = outcomes.flatMap(arrivals).filter((arrival) => arrival !== null);
  assert.deepEqual(
    numbers.sort((a, b) => a - b),
    Array.from({ length: 300 }, (_, index) => index + 1),
  );
  for (const { ways } of writers) assert.ok(ways.includes('optimistic') && ways.includes('locked'));
});

for (const cut of ['before-commit', 'after-commit'] as const) {
  test(`F-10 the connection is cut at the statement, ${cut}: each order is placed once, and told`, async () => {
    const { write, ways, request, saleId } = await begun(first, { capacity: 3 });
    const requests = [request(), request()];
    const cutsBefore = proxy.cuts();
    proxy.cutNext(cut);
    const { outcomes } = await write(...requests);
    assert.equal(proxy.cuts(), cutsBefore + 1);
    assert.deepEqual(ways, ['locked', 'optimistic']);
    assert.deepEqual(kinds(outcomes), cut === 'before-commit' ? ['accepted', 'accepted'] : ['repeat', 'repeat']);
    const rows = await database.query<{ id: string }>(
      'SELECT id FROM orders WHERE sale_id = $1 AND arrival > 1 ORDER BY arrival',
      [saleId],
    );
    assert.deepEqual(
      rows.map(({ id }) => id),
      requests.map(({ orderId }) => orderId),
    );
  });
}

test('F-10 something goes wrong in the engine after the statement was done: nobody is told that nothing was', async () => {
  const { saleId, itemIds } = await insertSale(database, [{ capacity: 9 }]);
  let away = false;
  let broken = false;
  const write = createOrderWriter({
    settleMs: 200,
    database: {
      async connect() {
        if (away) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
        const connection = await second.connect();
        return {
          ...connection,
          async query(statement, values) {
            const rows = await connection.query(statement, values);
            if (!broken || statement.name !== OPTIMISTIC) return rows;
            broken = false;
            away = true;
            throw new TypeError('A defect of ours.');
          },
        };
      },
    },
  });
  await write([orderRequest(saleId, itemIds)]);
  broken = true;
  const request = orderRequest(saleId, itemIds);
  assert.deepEqual(kinds(await write([request])), ['unknown']);
  away = false;
  const [retried] = await write([{ ...request, orderId: orderRequest(saleId, itemIds).orderId }]);
  assert.equal(retried?.outcome === 'repeat' && retried.orderId, request.orderId);
});

test('F-10 a statement that the server gets after its orders were refused writes nothing', async (t) => {
  const passed = Promise.withResolvers<void>();
  const slow = await createTcpProxy({ port: Number(new URL(database.url).port) }, () => ({
    request(chunk, { upstream }) {
      upstream.write(chunk, () => {
        if (chunk.includes(`${OPTIMISTIC}\0`)) passed.resolve();
      });
    },
    reply(chunk, { client }) {
      client.write(chunk);
    },
  }));
  const lonely = openLedger({ url: database.url.replace(/:\d+\//, `:${slow.port}/`) });
  t.after(() => lonely.close().then(() => slow.close()));
  const { write, ways, request, saleId } = await begun(lonely, { capacity: 10 });
  const [session] = await database.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%COMMIT%'
       AND state = 'idle' ORDER BY state_change DESC LIMIT 1`,
  );
  assert.ok(session);

  let stopped: boolean = process.kill(session.pid, 'SIGSTOP');
  const goOn = () => {
    if (stopped) process.kill(session.pid, 'SIGCONT');
    stopped = false;
  };
  t.after(goOn);
  const writing = write(request());
  await passed.promise;
  await database.query('UPDATE sales SET paused_at = now() WHERE id = $1', [saleId]);
  for (const connection of slow.connections) connection.cut();
  assert.deepEqual(kinds((await writing).outcomes), ['sale-not-open']);
  assert.deepEqual(ways, ['locked', 'optimistic']);

  await database.query('UPDATE sales SET paused_at = NULL WHERE id = $1', [saleId]);
  goOn();
  const isThere = async () =>
    (await database.query('SELECT FROM pg_stat_activity WHERE pid = $1', [session.pid])).length > 0;
  while (await isThere());
  const orders = await database.query('SELECT FROM orders WHERE sale_id = $1', [saleId]);
  assert.equal(orders.length, 1, 'only the one before');
});
