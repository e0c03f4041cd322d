import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { insertSale, openLedger } from '../../test/support/ledger.ts';
import { createStage } from '../../test/support/stage.ts';
import { createRefusalCounts } from './count-refusals.ts';

const stage = createStage({ after });
const database = await stage.database();
const ledger = openLedger(database, false);
stage.atEnd(() => ledger.close());

const refusalsOf = (saleId: string) =>
  database.query('SELECT reason, refused::int FROM sale_refusals WHERE sale_id = $1 ORDER BY reason', [saleId]);

test('what several processes refuse at the same time is added up, by sale and reason', async () => {
  const { saleId } = await insertSale(database);
  const { saleId: otherId } = await insertSale(database);
  const processes = [1, 2, 3].map(() => createRefusalCounts(ledger));
  for (let round = 0; round < 5; round += 1) {
    for (const refusals of processes) {
      for (let count = 0; count < 10; count += 1) refusals.count(saleId, 'sold-out');
      refusals.count(saleId, 'limit-reached');
      refusals.count(otherId, 'sold-out');
    }
    await Promise.all(processes.map((refusals) => refusals.flush()));
  }
  assert.deepEqual(await refusalsOf(saleId), [
    { reason: 'limit-reached', refused: 15 },
    { reason: 'sold-out', refused: 150 },
  ]);
  assert.deepEqual(await refusalsOf(otherId), [{ reason: 'sold-out', refused: 15 }]);
});

test('what is no refusal, or of no sale, is not counted; what is made up does not fill memory', async () => {
  const { saleId } = await insertSale(database);
  const refusals = createRefusalCounts(ledger);
  for (const outcome of ['placed', 'replayed', 'unknown-sale', 'in-progress']) refusals.count(saleId, outcome);
  refusals.count(saleId, 'overloaded');
  const before = process.memoryUsage().heapUsed;
  for (let count = 0; count < 200_000; count += 1) refusals.count(randomUUID(), 'overloaded');
  assert.ok(process.memoryUsage().heapUsed - before < 50 * 1024 * 1024);
  await refusals.flush();
  assert.deepEqual(await database.query('SELECT sale_id FROM sale_refusals WHERE reason = $1', ['overloaded']), [
    { sale_id: saleId },
  ]);
});

test('what could not be added while the ledger was away is added later', async () => {
  const { saleId } = await insertSale(database);
  let away = true;
  const refusals = createRefusalCounts({
    query: (statement, values) => (away ? Promise.reject(new Error('away')) : ledger.query(statement, values)),
  });
  refusals.count(saleId, 'sold-out');
  await assert.rejects(refusals.flush(), /away/);
  refusals.count(saleId, 'sold-out');
  away = false;
  await refusals.flush();
  await refusals.flush();
  assert.deepEqual(await refusalsOf(saleId), [{ reason: 'sold-out', refused: 2 }]);
});
