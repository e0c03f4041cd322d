import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startExample } from '../support/example.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { untilStatus } from '../support/payments.ts';
import { createStage } from '../support/stage.ts';

test('the kitchen: every step is seen on the screen, and the order goes out for its code alone', async (t) => {
  const stage = createStage(t);
  const database = await stage.database();
  const engine = await stage.engine({ DATABASE_URL: database.url });
  const example = startExample('kitchen', { DOORBUSTER_URL: engine.url });
  assert.equal(await example.ended, 0, example.output());

  const seen = [...example.output().matchAll(/^Screen: (order\.\w+)/gm)].map(([, type]) => type);
  assert.deepEqual(seen, [
    'order.placed',
    'order.payment_started',
    'order.paid',
    'order.accepted',
    'order.prepared',
    'order.collected',
  ]);
  assert.match(example.output(), /that is not the code of this order\.\n(.*\n)*?Counter: the code is right/);

  const [order] = await database.query<{ id: string; status: string; total: string }>(
    'SELECT id, status, total_minor AS total FROM orders',
  );
  assert.deepEqual([order?.status, Number(order?.total)], ['completed', 1_380]);
  await untilStatus(database, order?.id ?? '', 'completed');
  await database.until(`SELECT 1 FROM payments WHERE status = 'captured'`);
  await assertLedgerSound(database);
});
