import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { openLedger } from '../../test/support/ledger.ts';
import type { Database } from '../ledger/database.ts';
import { createLogIn, type LogIn } from './log-in.ts';
import { registerAccount } from './register-account.ts';

let database: TestDatabase;
let ledger: Database;

before(async () => {
  database = await createTestDatabase();
  ledger = openLedger(database);
});

after(async () => {
  await ledger.close();
  await database.drop();
});

const RIGHT = 'the right password';
const ADDRESS = '192.0.2.1';

/** An account whose e-mail is nobody else's. Its "hash" is the password, for the hashing is tested elsewhere. */
async function newEmail(): Promise<string> {
  const email = `${randomUUID()}@example.com`;
  const details = { email, password: RIGHT, name: null, role: 'customer' } as const;
  assert.ok(await registerAccount(ledger, async (password) => password, details));
  return email;
}

function newLogIn(limits: { failuresPerEmail?: number; failuresPerAddress?: number } = {}): {
  logIn: LogIn;
  /** The hashes that passwords were compared with. */
  compared: (string | undefined)[];
} {
  const compared: (string | undefined)[] = [];
  const verify = async (password: string, hash: string | undefined) => {
    compared.push(hash);
    return password === hash;
  };
  return {
    logIn: createLogIn(ledger, verify, { failuresPerEmail: 3, failuresPerAddress: 10, windowSeconds: 900, ...limits }),
    compared,
  };
}

const outcomes = async (attempts: readonly ReturnType<LogIn>[]) =>
  (await Promise.all(attempts)).map(({ outcome }) => outcome);

test('the right password signs in, the e-mail in any letter case', async () => {
  const { logIn } = newLogIn();
  const email = await newEmail();
  const result = await logIn({ email: email.toUpperCase(), password: RIGHT, address: ADDRESS });
  assert.equal(result.outcome, 'logged-in');
  assert.equal(result.outcome === 'logged-in' && result.account.email, email);
});

test('an unknown e-mail and a wrong password are rejected alike, and both are compared with a hash', async () => {
  const { logIn, compared } = newLogIn();
  const wrong = await logIn({ email: await newEmail(), password: 'wrong', address: ADDRESS });
  const unknown = await logIn({ email: `${randomUUID()}@example.com`, password: 'wrong', address: ADDRESS });
  assert.deepEqual(wrong, { outcome: 'rejected' });
  assert.deepEqual(unknown, wrong);
  assert.deepEqual(compared, [RIGHT, undefined]);
});

test('past its failures an e-mail must wait, also with the right password, and nothing is compared', async () => {
  const { logIn, compared } = newLogIn();
  const email = await newEmail();
  for (let attempt = 0; attempt < 3; attempt += 1) {
    assert.equal((await logIn({ email, password: 'wrong', address: ADDRESS })).outcome, 'rejected');
  }
  const limited = await logIn({ email: email.toUpperCase(), password: RIGHT, address: '192.0.2.2' });
  assert.equal(limited.outcome, 'limited');
  const seconds = limited.outcome === 'limited' ? limited.retryAfterSeconds : 0;
  assert.ok(seconds > 890 && seconds <= 900, `${seconds}`);
  assert.equal(compared.length, 3);
  assert.equal((await logIn({ email: await newEmail(), password: RIGHT, address: ADDRESS })).outcome, 'logged-in');
});

test('an e-mail that has no account is limited in the same way', async () => {
  const { logIn } = newLogIn();
  const attempt = { email: `${randomUUID()}@example.com`, password: 'wrong', address: ADDRESS };
  const results = [await logIn(attempt), await logIn(attempt), await logIn(attempt), await logIn(attempt)];
  assert.deepEqual(
    results.map(({ outcome }) => outcome),
    ['rejected', 'rejected', 'rejected', 'limited'],
  );
});

test('guesses that are sent at once are counted too', async () => {
  const { logIn, compared } = newLogIn({ failuresPerAddress: 100 });
  const email = await newEmail();
  const all = await outcomes(Array.from({ length: 20 }, () => logIn({ email, password: 'wrong', address: ADDRESS })));
  assert.equal(all.filter((outcome) => outcome === 'rejected').length, 3);
  assert.equal(all.filter((outcome) => outcome === 'limited').length, 17);
  assert.equal(compared.length, 3);
});

test("a right password clears the e-mail's failures", async () => {
  const { logIn } = newLogIn({ failuresPerAddress: 100 });
  const email = await newEmail();
  for (let round = 0; round < 3; round += 1) {
    assert.equal((await logIn({ email, password: 'wrong', address: ADDRESS })).outcome, 'rejected');
    assert.equal((await logIn({ email, password: 'wrong', address: ADDRESS })).outcome, 'rejected');
    assert.equal((await logIn({ email, password: RIGHT, address: ADDRESS })).outcome, 'logged-in');
  }
});

test('one address may guess at many e-mails only so often; signing in does not count, nor do other addresses', async () => {
  const { logIn } = newLogIn();
  const email = await newEmail();
  for (let round = 0; round < 20; round += 1) {
    assert.equal((await logIn({ email, password: RIGHT, address: ADDRESS })).outcome, 'logged-in');
  }
  const guesses: ReturnType<LogIn>[] = [];
  for (let index = 0; index < 12; index += 1) {
    guesses.push(logIn({ email: `${randomUUID()}@example.com`, password: 'wrong', address: ADDRESS }));
  }
  const all = await outcomes(guesses);
  assert.equal(all.filter((outcome) => outcome === 'rejected').length, 10);
  assert.equal((await logIn({ email, password: RIGHT, address: ADDRESS })).outcome, 'limited');
  assert.equal((await logIn({ email, password: RIGHT, address: '192.0.2.9' })).outcome, 'logged-in');
});
