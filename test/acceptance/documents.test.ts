import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { send } from '../support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startEngines, type TestEngines } from '../support/engines.ts';

let database: TestDatabase;
let engines: TestEngines;

before(async () => {
  database = await createTestDatabase();
  engines = await startEngines({ DATABASE_URL: database.url, CORS_ORIGINS: 'https://shop.example' });
});

after(async () => {
  await engines.stop();
  await database.drop();
});

test('the API reference loads nothing from elsewhere', async () => {
  const page = await send('GET', `${engines.url}/reference/`);
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
  const loaded = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
  assert.ok(loaded.length > 0, 'the page loads its script');
  for (const address of loaded) {
    const url = new URL(address, `${engines.url}/reference/`);
    assert.equal(url.origin, engines.url, address);
    assert.equal((await fetch(url)).status, 200, address);
  }
});

test('the served OpenAPI document is version 3.1 and names every operation once', async () => {
  const { openapi, paths } = (await send('GET', `${engines.url}/openapi.json`)).json;
  assert.match(openapi, /^3\.1\./);
  const ids = Object.values<Record<string, { operationId: string }>>(paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  assert.ok(ids.length > 20);
  assert.equal(new Set(ids).size, ids.length);
});

test('pages of configured origins may call and see the headers they need; others may not', async () => {
  const preflight = (origin: string) =>
    send('OPTIONS', `${engines.url}/api/v1/orders`, {
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,idempotency-key,content-type',
      },
    });
  const allowed = await preflight('https://shop.example');
  assert.equal(allowed.status, 204);
  assert.equal(allowed.headers.get('access-control-allow-origin'), 'https://shop.example');
  assert.match(allowed.headers.get('access-control-allow-headers') ?? '', /idempotency-key/);
  const foreign = await preflight('https://evil.example');
  assert.equal(foreign.headers.get('access-control-allow-origin'), null);
  const answer = await send('GET', `${engines.url}/api/v1/sales`, { headers: { origin: 'https://shop.example' } });
  assert.match(answer.headers.get('access-control-expose-headers') ?? '', /Idempotent-Replayed/);
});

test('metrics tell what was placed, how large batches were, and how HTTP answered', async () => {
  const { status, text } = await send('GET', `${engines.url}/metrics`);
  assert.equal(status, 200);
  for (const name of ['placing_seconds', 'batch_orders', 'batch_seconds', 'placing_waiting', 'http_request_seconds']) {
    assert.match(text, new RegExp(`# TYPE doorbuster_${name} `));
  }
});
