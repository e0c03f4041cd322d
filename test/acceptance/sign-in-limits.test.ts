import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Answer, type RequestOptions, send } from '../support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startEngines, type TestEngines } from '../support/engines.ts';

let database: TestDatabase;
/** Two engine processes on one PostgreSQL. */
let engines: TestEngines;

before(async () => {
  database = await createTestDatabase();
  const settings = { DATABASE_URL: database.url, REDIS_URL: '' };
  engines = await startEngines(settings);
});

after(async () => {
  await engines.stop();
  await database.drop();
});

/** A certain process is asked, because without Redis each counts for itself. */
const call = (method: string, path: string, options?: RequestOptions, engine: 0 | 1 = 0): Promise<Answer> =>
  send(method, `${engines.urls[engine]}/api/v1${path}`, options);

async function register(): Promise<{ email: string; password: string }> {
  const credentials = { email: `${randomUUID()}@example.com`, password: `password-${randomUUID()}` };
  const answer = await call('POST', '/accounts', { body: credentials });
  assert.equal(answer.status, 201, answer.text);
  return credentials;
}

test('IK-11 too many wrong passwords: 429 with Retry-After, also for the right one; the same request succeeds later', async () => {
  const { email, password } = await register();
  for (let guess = 1; guess <= 5; guess += 1) {
    const answer = await call('POST', '/sessions', { body: { email, password: `guess number ${guess}` } });
    assert.equal(answer.status, 401, `guess ${guess}`);
  }
  const request = { key: randomUUID(), body: { email, password } };
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const limited = await call('POST', '/sessions', request);
    assert.equal(limited.status, 429);
    assert.equal(limited.json.code, 'rate-limited');
    const seconds = limited.headers.get('retry-after') ?? '';
    assert.match(seconds, /^[1-9]\d*$/);
    assert.ok(Number(seconds) <= 15 * 60);
  }
  const somebodyElse = await register();
  assert.equal((await call('POST', '/sessions', { body: somebodyElse })).status, 201);
  // Failures are counted per process, so the other one stands for a later time; nothing was stored for the key.
  const later = await call('POST', '/sessions', request, 1);
  assert.equal(later.status, 201, later.text);
});

test('an e-mail that nobody has is limited like any other', async () => {
  const body = { email: `${randomUUID()}@example.com`, password: 'whatever it is' };
  const statuses: number[] = [];
  for (let guess = 0; guess < 6; guess += 1) statuses.push((await call('POST', '/sessions', { body })).status);
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429]);
});
