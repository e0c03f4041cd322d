import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { openLedger } from '../../test/support/ledger.ts';
import type { Database } from '../ledger/database.ts';
import { ensureOperator } from './ensure-operator.ts';
import { registerAccount } from './register-account.ts';

let database: TestDatabase;
let ledgers: Database[];

before(async () => {
  database = await createTestDatabase();
  ledgers = [openLedger(database), openLedger(database), openLedger(database)];
});

after(async () => {
  for (const ledger of ledgers) await ledger.close();
  await database.drop();
});

const keep = async (password: string) => `hash of ${password}`;

test('processes that start at once make one operator, and one of them says that it did', async () => {
  const details = { email: 'Boss@Example.com', password: 'the first password' };
  const made = await Promise.all(ledgers.map((ledger) => ensureOperator(ledger, keep, details)));
  assert.deepEqual(made.sort(), [false, false, true]);
  assert.deepEqual(await database.query('SELECT email, role FROM accounts'), [
    { email: 'boss@example.com', role: 'operator' },
  ]);
});

test('a later start changes nothing, though the configuration has another password', async () => {
  const details = { email: 'boss@example.com', password: 'another password' };
  for (const ledger of ledgers) assert.equal(await ensureOperator(ledger, keep, details), false);
  assert.deepEqual(await database.query('SELECT password_hash FROM accounts'), [
    { password_hash: 'hash of the first password' },
  ]);
});

test("an e-mail that is somebody else's account is refused and left as it is", async () => {
  const details = { email: 'anna@example.com', password: 'a long enough password' };
  const [ledger] = ledgers;
  assert.ok(ledger);
  await registerAccount(ledger, keep, { ...details, name: null, role: 'customer' });
  await assert.rejects(ensureOperator(ledger, keep, details), /account of a customer/);
  assert.deepEqual(await database.query('SELECT role FROM accounts WHERE email = $1', [details.email]), [
    { role: 'customer' },
  ]);
});
