import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { insertSale, openLedger } from '../../test/support/ledger.ts';
import type { Database } from './database.ts';
import { listOrders, type OrderFilter, type OrderPosition, positionIn, sequenceOf } from './read-orders.ts';
import { allStatements } from './statement.ts';

let database: TestDatabase;
let ledger: Database;
const CUSTOMER = '00000000-0000-4000-8000-000000000001';

/** One sale with very many orders, and very many sales that go on at the same time, three of them of one merchant. */
const BIG_SALE_ORDERS = 60_000;
const SALES = 500;
const SALES_ORDERS = 60_000;
let bigSaleId: string;
let merchantId: string;
/** Whose all the other sales are. */
let busyMerchantId: string;

/** Placed one second after the other. */
const SINCE = Date.UTC(2026, 0, 1);
const placed = (number: number) => new Date(SINCE + number * 1_000);
const MILLISECONDS = `(${SINCE} + number * 1000)`;
const ID_SQL = `(lpad(to_hex(${MILLISECONDS}), 12, '0') || '70008000' || lpad(to_hex(number), 12, '0'))::uuid`;

before(async () => {
  database = await createTestDatabase();
  ledger = openLedger(database, false);
  bigSaleId = (await insertSale(database)).saleId;
  merchantId = randomUUID();
  const [owner] = await database.query<{ merchant_id: string }>('SELECT merchant_id FROM sales');
  busyMerchantId = owner?.merchant_id ?? '';
  await database.query('INSERT INTO merchants (id, name) SELECT $1, $2', [merchantId, 'Three sales']);
  await database.query(
    `INSERT INTO sales (id, merchant_id, name, currency, opens_at, closes_at, fulfillment, hold_seconds, last_arrival)
     SELECT lpad(to_hex(number), 32, '0')::uuid, CASE WHEN number % 200 = 7 THEN $1::uuid ELSE merchant_id END, 'Lunch',
            'EUR', opens_at, closes_at, 'kitchen', 300, $2
     FROM sales, generate_series(1, ${SALES}) AS number WHERE id = $3`,
    [merchantId, SALES_ORDERS / SALES, bigSaleId],
  );
  const columns = `id, sale_id, customer_id, placed_by, placed_at, arrival, total_minor, status, fingerprint,
    idempotency_key, reference`;
  await database.query(
    `INSERT INTO orders (${columns})
     SELECT ${ID_SQL}, $1, $2, $2, to_timestamp(${MILLISECONDS} / 1000.0), number, 0, 'completed', '\\x00',
            number::text, CASE WHEN number % 1000 = 0 THEN 'the same' ELSE 'R-' || number END
     FROM generate_series(1, ${BIG_SALE_ORDERS}) AS number`,
    [bigSaleId, CUSTOMER],
  );
  await database.query(
    `INSERT INTO orders (${columns})
     SELECT ${ID_SQL}, lpad(to_hex(number % ${SALES} + 1), 32, '0')::uuid, gen_random_uuid(), gen_random_uuid(), to_timestamp(${MILLISECONDS} / 1000.0),
            (number - ${BIG_SALE_ORDERS} - 1) / ${SALES} + 1, 0,
            (CASE (number / ${SALES}) % 10 WHEN 0 THEN 'ready_for_pickup' ELSE 'completed' END)::order_status, '\\x00',
            number::text, NULL
     FROM generate_series(${BIG_SALE_ORDERS} + 1, ${BIG_SALE_ORDERS + SALES_ORDERS}) AS number`,
  );
  await database.query('UPDATE sales SET last_arrival = $1 WHERE id = $2', [BIG_SALE_ORDERS, bigSaleId]);
  await database.query('ANALYZE orders, sales');
});

after(async () => {
  await ledger.close();
  await database.drop();
});

/** Pages of memory that a list reads, by the plan that serves every value of its parameters. */
async function buffersOf(name: string, values: readonly string[], rows = 20): Promise<number> {
  const list = allStatements().find((statement) => statement.name === name);
  assert.ok(list, `${name} is declared`);
  const plan = await database.onOneConnection([
    'SET plan_cache_mode = force_generic_plan',
    `PREPARE ${name} AS ${list.text}`,
    `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE ${name} (${values.join(', ')})`,
  ]);
  const top = (plan[0] as { 'QUERY PLAN': { Plan: Record<string, number> }[] })['QUERY PLAN'][0]?.Plan;
  assert.equal(top?.['Actual Rows'], rows, name);
  return (top?.['Shared Hit Blocks'] ?? 0) + (top?.['Shared Read Blocks'] ?? 0);
}

const quoted = (text: string) => `'${text}'`;
const time = (number: number) => quoted(placed(number).toISOString());
const saleNumber = (number: number) => quoted(number.toString(16).padStart(32, '0'));
const idOf = (number: number) =>
  quoted(`${(SINCE + number * 1_000).toString(16).padStart(12, '0')}70008000${number.toString(16).padStart(12, '0')}`);
const FIRST = quoted('00000000-0000-0000-0000-000000000000');
const LAST = quoted('ffffffff-ffff-ffff-ffff-ffffffffffff');
const ARRIVAL_MAX = '9223372036854775807';

/** Parameters 1 to 6 of every list. */
function filters(filter: {
  statuses?: string;
  merchant?: string;
  customerId?: string;
  reference?: string;
  from?: number;
  until?: number;
}): string[] {
  return [
    filter.statuses === undefined ? 'NULL' : `'{${filter.statuses}}'`,
    filter.merchant === undefined ? 'NULL' : `'{${filter.merchant}}'`,
    filter.customerId === undefined ? 'NULL' : quoted(filter.customerId),
    filter.reference === undefined ? 'NULL' : quoted(filter.reference),
    filter.from === undefined ? 'NULL' : time(filter.from),
    filter.until === undefined ? 'NULL' : time(filter.until),
  ];
}

/** A page of 20 orders with their lines, the way to it through an index, and nothing else. */
const PAGE_BUFFERS_MAX = 300;

test('PG-01 page 1,000 of each list of orders costs what page 1 costs', async () => {
  const sale = quoted(bigSaleId);
  const own = filters({ customerId: CUSTOMER });
  const ofMerchant = filters({ merchant: merchantId });
  const work = filters({ merchant: merchantId, statuses: 'ready_for_pickup,in_transit' });
  const busy = filters({ merchant: busyMerchantId });
  const busyWork = filters({ merchant: busyMerchantId, statuses: 'ready_for_pickup' });
  const same = filters({ reference: 'the same' });
  const newest = BIG_SALE_ORDERS + SALES_ORDERS + 1;
  const lists: (readonly [name: string, first: string[], late: string[]])[] = [
    ['list_orders_of_sale', [...filters({}), sale, '0'], [...filters({}), sale, String(BIG_SALE_ORDERS - 20)]],
    ['list_orders_of_customer', [...own, LAST, FIRST], [...own, idOf(21), FIRST]],
    ['list_orders', [...filters({}), idOf(newest), FIRST], [...filters({}), idOf(21), FIRST]],
    ['list_orders_by_reference', [...same, LAST, FIRST], [...same, idOf(21_000), FIRST]],
    ['list_orders_of_merchants', [...ofMerchant, LAST, ARRIVAL_MAX], [...ofMerchant, saleNumber(7), '21']],
    ['list_orders_of_merchants', [...busy, LAST, ARRIVAL_MAX], [...busy, saleNumber(3), '90']],
    ['list_work_of_merchants', [...busyWork, LAST, ARRIVAL_MAX], [...busyWork, saleNumber(5), '90']],
    ['list_work_of_merchants', [...work, LAST, ARRIVAL_MAX], [...work, saleNumber(207), '110']],
  ];
  for (const [name, first, late] of lists) {
    const [early, deep] = [await buffersOf(name, [...first, '20']), await buffersOf(name, [...late, '20'])];
    assert.ok(early <= PAGE_BUFFERS_MAX, `${name}: page 1 reads ${early} buffers`);
    assert.ok(deep <= early * 2 + 10, `${name}: page 1 reads ${early} buffers, a late one ${deep}`);
  }
});

test('PG-01 a list that begins or ends at a time seeks to it', async () => {
  const [from, until] = [BIG_SALE_ORDERS - 200, BIG_SALE_ORDERS - 180];
  const inBigSale = [...filters({ from, until }), quoted(bigSaleId), '0', '20'];
  const ofMerchant = { merchant: merchantId, from: BIG_SALE_ORDERS + 2_000, until: BIG_SALE_ORDERS + 20_000 };
  const reads = [
    await buffersOf('list_orders_of_sale', inBigSale),
    await buffersOf('list_orders_of_merchants', [...filters(ofMerchant), LAST, ARRIVAL_MAX, '20']),
    await buffersOf('list_orders', [...filters({ until }), idOf(until + 300), FIRST, '20']),
    await buffersOf('list_orders_of_customer', [
      ...filters({ customerId: CUSTOMER, from, until }),
      idOf(until + 300),
      idOf(from - 300),
      '20',
    ]),
  ];
  for (const buffers of reads) assert.ok(buffers <= 3 * PAGE_BUFFERS_MAX, `a page reads ${buffers} buffers`);
});

/** All pages of a list, as the numbers by which the orders were placed. */
async function numbersOf(filter: OrderFilter, limit = 50): Promise<number[]> {
  const numbers: number[] = [];
  for (let after: OrderPosition | undefined; ; ) {
    const page = await listOrders(ledger, filter, after, limit);
    numbers.push(...page.map(({ placedAt }) => (placedAt.getTime() - SINCE) / 1_000));
    const last = page.at(limit - 1);
    if (last === undefined) return numbers;
    after = positionIn(sequenceOf(filter), last);
  }
}

const range = (from: number, until: number) => Array.from({ length: until - from }, (_, index) => from + index);

test('PG-01 time bounds are exact: the first counts, the last does not', async () => {
  const [from, until] = [31_000, 31_500];
  const times = { placedFrom: placed(from), placedUntil: placed(until) };
  assert.deepEqual(await numbersOf({ saleId: bigSaleId, ...times }), range(from, until));
  assert.deepEqual(await numbersOf({ customerId: CUSTOMER, ...times }), range(from, until).reverse());
  assert.deepEqual(await numbersOf({ ...times }, 100), range(from, until).reverse());
  for (const [edge, expected] of [
    [{ placedUntil: placed(3) }, [1, 2]],
    [{ placedFrom: placed(BIG_SALE_ORDERS - 1) }, [BIG_SALE_ORDERS - 1, BIG_SALE_ORDERS]],
    [{ placedFrom: placed(BIG_SALE_ORDERS + 1) }, []],
    [{ placedUntil: placed(0) }, []],
  ] as const) {
    assert.deepEqual(await numbersOf({ saleId: bigSaleId, ...edge }), expected);
  }
});

test("PG-01 all pages of a merchant's list give each order of its sales once, newest sale and newest order first", async () => {
  const ofSale = (sale: number) =>
    range(BIG_SALE_ORDERS + 1, BIG_SALE_ORDERS + SALES_ORDERS + 1)
      .filter((number) => (number % SALES) + 1 === sale)
      .reverse();
  const all = [...ofSale(407), ...ofSale(207), ...ofSale(7)];
  assert.equal(all.length, 360);
  assert.deepEqual(await numbersOf({ merchantIds: [merchantId] }), all);

  const [from, until] = [BIG_SALE_ORDERS + 5_000, BIG_SALE_ORDERS + 40_000];
  const times = { placedFrom: placed(from), placedUntil: placed(until) };
  assert.deepEqual(
    await numbersOf({ merchantIds: [merchantId], ...times }),
    all.filter((number) => number >= from && number < until),
  );
  assert.deepEqual(
    await numbersOf({ merchantIds: [merchantId], statuses: ['ready_for_pickup'] }, 7),
    all.filter((number) => Math.floor(number / SALES) % 10 === 0),
  );
});

test('a clock that stepped back for some seconds hides no order from a list by time', async () => {
  const { saleId } = await insertSale(database);
  // 40 orders, one a second; between the 20th and the 21st the clock went back by 4 seconds.
  await database.query(
    `INSERT INTO orders (id, sale_id, customer_id, placed_by, placed_at, arrival, total_minor, status, fingerprint,
                         idempotency_key)
     SELECT gen_random_uuid(), $1, $2, $2, $3::timestamptz + (number - CASE WHEN number > 20 THEN 4 ELSE 0 END) * interval '1 second',
            number, 0, 'expired', '\\x00', gen_random_uuid()::text FROM generate_series(1, 40) AS number`,
    [saleId, randomUUID(), placed(0)],
  );
  await database.query('UPDATE sales SET last_arrival = 40 WHERE id = $1', [saleId]);
  const all = range(1, 41).map((number) => number - (number > 20 ? 4 : 0));
  for (const bound of range(1, 38)) {
    const [later, earlier] = [
      await numbersOf({ saleId, placedFrom: placed(bound) }),
      await numbersOf({ saleId, placedUntil: placed(bound) }),
    ];
    assert.deepEqual(
      later,
      all.filter((number) => number >= bound),
    );
    assert.deepEqual(
      earlier,
      all.filter((number) => number < bound),
    );
  }
});
