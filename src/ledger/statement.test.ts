import assert from 'node:assert/strict';
import { glob } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { allStatements } from './statement.ts';

let database: TestDatabase;

before(async () => {
  database = await createTestDatabase();
  for await (const file of glob('*.ts', { cwd: import.meta.dirname, exclude: ['*.test.ts'] }))
    await import(`./${file}`);
});

after(() => database.drop());

test('every statement of the ledger is prepared against the migrated schema', async () => {
  const statements = allStatements();
  assert.ok(statements.length > 10, 'the ledger declares its statements');
  for (const { name, text } of statements) {
    // Utility statements such as SET cannot be prepared; they have no parameters to get wrong.
    if (!/^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i.test(text)) continue;
    await assert.doesNotReject(database.query(`PREPARE ${name} AS ${text}`), `${name} does not fit the schema`);
  }
});
