import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { startEngine } from '../support/engine.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });
let database: TestDatabase;

before(async () => {
  database = await stage.database();
});

test('SEC-07 the engine refuses to start with default secrets outside development', async () => {
  await assert.rejects(
    startEngine({ DATABASE_URL: database.url, NODE_ENV: 'production' }),
    /ended with 1 before it listened[\s\S]*TOKEN_KEYS must be set[\s\S]*OPERATOR_PASSWORD must be set/,
  );
});

test('no body is read before the caller is known: 401 comes before 413, 415 and 400', async () => {
  const engine = await stage.engine({ DATABASE_URL: database.url });
  const bodies = [
    { rawBody: 'x'.repeat(100_000) },
    { rawBody: 'x', headers: { 'content-type': 'text/plain' } },
    { rawBody: '{' },
  ];
  for (const body of bodies) {
    assert.equal((await send('POST', `${engine.url}/api/v1/orders`, body)).status, 401);
  }
});
