import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { openLedger } from '../../test/support/ledger.ts';
import type { Database } from '../ledger/database.ts';
import { createAnswerSweeper } from './answer-sweeper.ts';

let database: TestDatabase;
let ledger: Database;

before(async () => {
  database = await createTestDatabase();
  ledger = openLedger(database, false);
});

after(async () => {
  await ledger.close();
  await database.drop();
});

/** Stores answers of this age. */
async function insertAnswers(count: number, ageSeconds: number, operation: string): Promise<void> {
  await database.query(
    `INSERT INTO stored_answers (caller_id, operation, idempotency_key, fingerprint, status, headers, body, created_at)
     SELECT $1, $2, number, '', 200, '{}', '{}', now() - make_interval(secs => $3) FROM generate_series(1, $4) AS number`,
    [randomUUID(), operation, ageSeconds, count],
  );
}

const kept = () => database.query('SELECT operation, count(*)::int FROM stored_answers GROUP BY 1 ORDER BY 1');

test('answers go when their retention is over, and no earlier, however many there are; several sweepers share the work', async () => {
  const sweeper = createAnswerSweeper({ database: ledger, retentionSeconds: 100 });
  await insertAnswers(2_500, 101, 'old');
  await insertAnswers(3, 90, 'young');
  const rounds = [sweeper.runOnce(new AbortController().signal), sweeper.runOnce(new AbortController().signal)];
  assert.ok((await Promise.all(rounds)).some(({ more }) => more));
  while ((await sweeper.runOnce(new AbortController().signal)).more);
  assert.deepEqual(await kept(), [{ operation: 'young', count: 3 }]);
});

test('an answer that somebody reads at this moment is left to the next round, which waits for nobody', async () => {
  await database.query('DELETE FROM stored_answers');
  await insertAnswers(2, 101, 'old');
  const sweeper = createAnswerSweeper({ database: ledger, retentionSeconds: 100 });
  const lock = await database.hold(`SELECT FROM stored_answers WHERE idempotency_key = '1' FOR UPDATE`);
  await sweeper.runOnce(new AbortController().signal);
  assert.deepEqual(await kept(), [{ operation: 'old', count: 1 }]);
  await lock.release();
  await sweeper.runOnce(new AbortController().signal);
  assert.deepEqual(await kept(), []);
});
