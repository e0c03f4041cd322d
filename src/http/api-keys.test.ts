import assert from 'node:assert/strict';
import { hash, randomUUID } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { openLedger } from '../../test/support/ledger.ts';
import { insertApiKey, revokeApiKey } from '../ledger/api-keys.ts';
import type { Database } from '../ledger/database.ts';
import type { Queryable } from '../ledger/statement.ts';
import { createFindApiKey, makeApiKeySecret } from './api-keys.ts';

let database: TestDatabase;
let ledger: Database;
let asked = 0;
/** The ledger, counting what it is asked. */
const counting: Queryable = {
  query(statement, values) {
    asked += 1;
    return ledger.query(statement, values);
  },
};

before(async () => {
  database = await createTestDatabase();
  ledger = openLedger(database);
});

after(async () => {
  await ledger.close();
  await database.drop();
});

async function newKey(): Promise<{ secret: string; id: string; merchantId: string }> {
  const { secret, secretHash } = makeApiKeySecret();
  const [id, merchantId] = [randomUUID(), randomUUID()];
  await database.query('INSERT INTO merchants (id, name) VALUES ($1, $2)', [merchantId, 'Test shop']);
  await insertApiKey(ledger, { id, merchantId, name: 'Back end', secretHash, createdBy: randomUUID() });
  asked = 0;
  return { secret, id, merchantId };
}

/** A clock that stands still until it is moved. */
function stopClock(context: TestContext): { move: (ms: number) => void } {
  let now = performance.now();
  context.mock.method(performance, 'now', () => now);
  return {
    move(ms) {
      now += ms;
    },
  };
}

test('a secret is dbk_ and 32 random bytes, and the ledger keeps its SHA-256 only', async () => {
  const { secret, id } = await newKey();
  assert.match(secret, /^dbk_[A-Za-z0-9_-]{43}$/);
  assert.notEqual(secret, makeApiKeySecret().secret);
  const [row] = await database.query<{ kept: string }>(
    'SELECT to_jsonb(api_keys)::text AS kept FROM api_keys WHERE id = $1',
    [id],
  );
  assert.ok(row?.kept.includes(hash('sha256', secret)));
  assert.ok(!row?.kept.includes(secret));
});

test('a good key names its merchant: asked for once, then known at once', async () => {
  const { secret, id, merchantId } = await newKey();
  const find = createFindApiKey(counting);
  const caller = { kind: 'shop', merchantId, apiKeyId: id };
  assert.deepEqual(await Promise.all([find(secret), find(secret), find(secret)]), [caller, caller, caller]);
  assert.deepEqual(find(secret), caller);
  assert.equal(asked, 1);
});

test('a revoked key is refused within 10 s by a process that knew it, and at once by one that did not', async (context) => {
  const clock = stopClock(context);
  const { secret, id, merchantId } = await newKey();
  const find = createFindApiKey(counting);
  assert.ok(await find(secret));
  assert.equal(await revokeApiKey(ledger, merchantId, id), true);
  assert.equal(await createFindApiKey(ledger)(secret), undefined);
  clock.move(10_000);
  assert.equal(await find(secret), undefined);
  assert.equal(await revokeApiKey(ledger, merchantId, id), true, 'once more changes nothing');
});

test('a key that is in use all the time is looked up again all the same', async (context) => {
  const clock = stopClock(context);
  const { secret, id, merchantId } = await newKey();
  const find = createFindApiKey(counting);
  await find(secret);
  await revokeApiKey(ledger, merchantId, id);
  for (let second = 0; second < 10; second += 1) {
    await find(secret);
    clock.move(1_000);
  }
  assert.equal(await find(secret), undefined);
});

test('misses are not remembered: a key works from the moment it is made', async () => {
  const find = createFindApiKey(counting);
  const { secret, secretHash } = makeApiKeySecret();
  assert.equal(await find(secret), undefined);
  const { merchantId } = await newKey();
  await insertApiKey(ledger, { id: randomUUID(), merchantId, name: 'Late', secretHash, createdBy: randomUUID() });
  assert.ok(await find(secret));
});

test('what does not look like a key is refused without asking the ledger', async () => {
  const { secret } = await newKey();
  const find = createFindApiKey(counting);
  for (const text of [
    '',
    'dbk_',
    secret.slice(0, -1),
    `${secret}A`,
    secret.toUpperCase(),
    `${secret.slice(0, -1)}\u00e9`,
  ]) {
    assert.equal(find(text), undefined, text);
  }
  assert.equal(asked, 0);
});

test('a look-up that failed is tried again', async () => {
  const { secret } = await newKey();
  let broken = true;
  const find = createFindApiKey({
    query: (statement, values) => (broken ? Promise.reject(new Error('down')) : ledger.query(statement, values)),
  });
  await assert.rejects(async () => find(secret), /down/);
  broken = false;
  assert.ok(await find(secret));
});
