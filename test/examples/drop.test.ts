import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngine } from '../support/engine.ts';
import { startExample } from '../support/example.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });
let database: TestDatabase;
let engine: TestEngine;

before(async () => {
  database = await stage.database();
  engine = await stage.engine({ DATABASE_URL: database.url });
});

test('the drop: whoever comes first has paid for a print, and everybody else is told kindly', async () => {
  const example = startExample('drop', { DOORBUSTER_URL: engine.url });
  assert.equal(await example.ended, 0, example.output());
  const numbers = [...example.output().matchAll(/Buyer \d+ is number (\d+) and has a print \(confirmed\)/g)];
  assert.deepEqual(numbers.map(([, number]) => Number(number)).sort(), [1, 2, 3, 4, 5]);
  assert.equal([...example.output().matchAll(/Buyer \d+, we are sorry/g)].length, 7);
  assert.match(example.output(), /The engine sold 5\.\n$/);

  const orders = await database.query(
    'SELECT status, count(*)::int, count(DISTINCT customer_id)::int AS customers FROM orders GROUP BY 1',
  );
  assert.deepEqual(orders, [{ status: 'confirmed', count: 5, customers: 5 }]);
  // Everybody was too early, was told so, and got through under the same key.
  await database.until(`SELECT 1 FROM sale_refusals WHERE reason = 'sale-not-open' AND refused >= 12`);
  await assertLedgerSound(database);
});

test('an example that cannot do what it is for says so and fails', async () => {
  const example = startExample('drop', { DOORBUSTER_URL: engine.url, OPERATOR_PASSWORD: 'not-the-password' });
  assert.equal(await example.ended, 1);
  assert.match(example.output(), /credentials-rejected/);
});

test('an example that there is not is answered by a list of those that there are', async () => {
  const example = startExample('lottery');
  assert.equal(await example.ended, 2);
  assert.match(example.output(), /one of: drop, kitchen, next-handler, stripe, webhook-receiver\n/);
});
