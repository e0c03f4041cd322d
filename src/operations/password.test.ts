import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashPassword, verifyPassword } from './password.ts';

/** Of "password", with little memory. From the tests of the reference implementation (phc-winner-argon2, src/test.c). */
const CHEAP = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';

async function hashed(password: string): Promise<string> {
  const hash = await hashPassword(password);
  assert.ok(hash !== undefined);
  return hash;
}

test('a password matches its own hash and no other does', async () => {
  const hash = await hashed('correct horse battery');
  assert.equal(await verifyPassword('correct horse battery', hash), true);
  assert.equal(await verifyPassword('correct horse batterz', hash), false);
  assert.equal(await verifyPassword('', hash), false);
});

test('the hash says how it was made (Argon2id, 19 MiB, two passes) and has a salt of its own', async () => {
  const [one, other] = await Promise.all([hashed('the same words'), hashed('the same words')]);
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  assert.notEqual(one, other);
});

test('a hash made with other parameters, by another program, still matches', async () => {
  assert.equal(await verifyPassword('password', CHEAP), true);
  assert.equal(await verifyPassword('Password', CHEAP), false);
});

test('one password in two Unicode forms is one password', async () => {
  const hash = await hashed('caf\u00e9 au lait');
  assert.equal(await verifyPassword('cafe\u0301 au lait', hash), true);
});

test('without a hash the answer is no, whatever the password', async () => {
  assert.equal(await verifyPassword('anything at all', undefined), false);
});

test('a stored text that is no hash is an error, not a refusal', async () => {
  await assert.rejects(verifyPassword('anything', 'plain text'), /not an Argon2id PHC string/);
});

test('many at once wait in line and all get their answer', async () => {
  const hash = await hashed('in a queue');
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, index) => verifyPassword(index % 2 ? 'in a queue' : 'elsewhere', hash)),
  );
  assert.deepEqual(
    answers,
    answers.map((_, index) => index % 2 === 1),
  );
});

test('more than may wait at once get no answer, rather than one that comes too late', async () => {
  const answers = await Promise.all(Array.from({ length: 1_000 }, () => verifyPassword('x', CHEAP)));
  assert.ok(answers.includes(false));
  assert.ok(answers.includes(undefined));
  assert.equal(answers.includes(true), false);
  assert.equal(await verifyPassword('password', CHEAP), true, 'and the line moves on');
});
