import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { insertSale } from '../../test/support/ledger.ts';
import './read-orders.ts';
import { allStatements } from './statement.ts';

let database: TestDatabase;
let saleId: string;
const CUSTOMER = '00000000-0000-4000-8000-000000000001';
const ORDERS = 20_000;

before(async () => {
  database = await createTestDatabase();
  const sale = await insertSale(database);
  saleId = sale.saleId;
  await database.query(
    `INSERT INTO orders (id, sale_id, customer_id, placed_by, placed_at, pay_by, arrival, total_minor, status,
                         fingerprint, idempotency_key)
     SELECT lpad(to_hex(number), 32, '0')::uuid, $1, $2, $2, now(), now(), number, 0, 'expired', '\\x00', number::text
     FROM generate_series(1, ${ORDERS}) AS number`,
    [saleId, CUSTOMER],
  );
  await database.query('ANALYZE orders');
});

after(() => database.drop());

/** Pages of memory that a list reads, by the plan that serves every value of its parameters. */
async function buffersOf(name: string, values: readonly string[]): Promise<number> {
  const list = allStatements().find((statement) => statement.name === name);
  assert.ok(list, `${name} is declared`);
  const plan = await database.onOneConnection([
    'SET plan_cache_mode = force_generic_plan',
    `PREPARE ${name} AS ${list.text}`,
    `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE ${name} (${values.join(', ')})`,
  ]);
  const top = (plan[0] as { 'QUERY PLAN': { Plan: Record<string, number> }[] })['QUERY PLAN'][0]?.Plan;
  assert.equal(top?.['Actual Rows'], 20);
  return (top?.['Shared Hit Blocks'] ?? 0) + (top?.['Shared Read Blocks'] ?? 0);
}

const id = (number: number) => `'${number.toString(16).padStart(32, '0')}'::uuid`;

test('PG-01 page 1,000 of each list of orders costs what page 1 costs', async () => {
  const lists = [
    [
      'list_orders_of_sale',
      (after: number) => ['NULL', 'NULL', `'${saleId}'`, 'NULL', String(after), '20'],
      0,
      ORDERS - 20,
    ],
    ['list_orders_of_customer', (after: number) => ['NULL', 'NULL', `'${CUSTOMER}'`, id(after), '20'], ORDERS + 1, 21],
    ['list_orders', (after: number) => ['NULL', 'NULL', id(after), '20'], ORDERS + 1, 21],
  ] as const;
  for (const [name, values, first, thousandth] of lists) {
    const [early, late] = [await buffersOf(name, values(first)), await buffersOf(name, values(thousandth))];
    assert.ok(late <= early * 2 + 10, `${name}: page 1 reads ${early} buffers, page 1,000 reads ${late}`);
  }
});
