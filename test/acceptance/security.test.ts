import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { createSigner } from 'fast-jwt';
import { newCustomer, send, tokenFor } from '../support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startEngine } from '../support/engine.ts';
import { startEngines, type TestEngines } from '../support/engines.ts';
import { createShop, type Shop, saleBody } from '../support/shop.ts';

/** One operation of the committed OpenAPI document. */
interface Operation {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly secured: boolean;
}

let database: TestDatabase;
let engines: TestEngines;
let shop: Shop;
let operations: Operation[];
/** Ids of things that exist and belong to the shop or to one customer, by the path parameter that takes them. */
let existing: Record<string, string>;

before(async () => {
  database = await createTestDatabase();
  engines = await startEngines({ DATABASE_URL: database.url });
  shop = await createShop(engines.url);
  operations = await readOperations();
  existing = await makeThings();
});

after(async () => {
  await engines.stop();
  await database.drop();
});

async function readOperations(): Promise<Operation[]> {
  const file = await readFile(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
  const { paths } = JSON.parse(file) as { paths: Record<string, Record<string, { security: unknown[] }>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      secured: security.length > 0,
    })),
  );
}

async function makeThings(): Promise<Record<string, string>> {
  const sale = await shop.createSale();
  const order = await shop.order(sale);
  const member = await send('POST', `${engines.url}/api/v1/accounts`, {
    body: { email: 'staff@example.com', password: 'a long enough one' },
  });
  const asOperator = { token: shop.operatorToken, key: 'auto' };
  const merchantUrl = `${engines.url}/api/v1/merchants/${shop.merchantId}`;
  const added = await send('POST', `${merchantUrl}/members`, {
    ...asOperator,
    body: { email: 'staff@example.com', role: 'merchant' },
  });
  assert.equal(added.status, 201, added.text);
  const apiKey = await send('POST', `${merchantUrl}/api-keys`, { ...asOperator, body: { name: 'back end' } });
  assert.equal(apiKey.status, 201, apiKey.text);
  const endpoint = await send('POST', `${merchantUrl}/webhook-endpoints`, {
    ...asOperator,
    body: { url: 'https://93.184.215.14/' },
  });
  assert.equal(endpoint.status, 201, endpoint.text);
  const endpointUrl = `${merchantUrl}/webhook-endpoints/${endpoint.json.id}`;
  // Paused, so that nothing is sent there.
  assert.equal((await send('POST', `${endpointUrl}/pause`, asOperator)).status, 200);
  const delivery = await send('POST', `${endpointUrl}/test`, asOperator);
  assert.equal(delivery.status, 202, delivery.text);
  return {
    saleId: sale.id,
    itemId: sale.items[0]?.id ?? '',
    orderId: order.json.id,
    merchantId: shop.merchantId,
    accountId: member.json.id,
    apiKeyId: apiKey.json.id,
    endpointId: endpoint.json.id,
    deliveryId: delivery.json.id,
    // Operators only, whether they are there or not.
    letterId: randomUUID(),
    redriveId: randomUUID(),
  };
}

/** A body that each operation takes, so that nothing but the caller's rights decides. */
function bodyFor({ name }: Operation): unknown {
  const bodies: Record<string, unknown> = {
    'POST /api/v1/merchants': { name: 'Mine now' },
    'POST /api/v1/merchants/{merchantId}/members': { email: 'staff@example.com', role: 'courier' },
    'POST /api/v1/merchants/{merchantId}/api-keys': { name: 'stolen' },
    'POST /api/v1/merchants/{merchantId}/webhook-endpoints': { url: 'https://93.184.215.14/' },
    'PATCH /api/v1/merchants/{merchantId}/webhook-endpoints/{endpointId}': { description: 'Mine now' },
    'POST /api/v1/sales': saleBody(shop.merchantId),
    'PATCH /api/v1/sales/{saleId}': { name: 'Mine now' },
    'POST /api/v1/sales/{saleId}/items': { name: 'Mine', priceMinor: 1, capacity: 1 },
    'PATCH /api/v1/sales/{saleId}/items/{itemId}': { priceMinor: 0 },
    'POST /api/v1/orders': { saleId: existing['saleId'], lines: [{ itemId: existing['itemId'], quantity: 1 }] },
    'POST /api/v1/orders/{orderId}/payment': { paymentMethod: 'card_ok' },
    'POST /api/v1/orders/{orderId}/refunds': { amountMinor: 1 },
    'POST /api/v1/merchants/{merchantId}/customer-erasures': { externalId: 'anna' },
    'POST /api/v1/admin/accounts': { email: 'king@example.com', password: 'a long enough one', role: 'operator' },
    'POST /api/v1/admin/stock': { itemId: existing['itemId'], capacity: 1_000 },
    'POST /api/v1/admin/dlq/redrives': {},
    'POST /api/v1/admin/dlq/{letterId}/discard': { reason: 'Mine now' },
    'POST /api/v1/admin/test-buyers': { saleId: existing['saleId'], count: 1 },
  };
  return bodies[name];
}

function call(operation: Operation, ids: Record<string, string>, token: string | undefined) {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? `no-${name}`);
  const body = operation.method === 'GET' || operation.method === 'DELETE' ? undefined : bodyFor(operation);
  return send(operation.method, engines.url + path, {
    ...(token === undefined ? {} : { token }),
    ...(body === undefined ? {} : { body }),
    headers: { 'if-match': '*', ...(operation.method === 'POST' ? { 'idempotency-key': randomUUID() } : {}) },
  });
}

/** What a caller can learn from an answer. */
const seen = (answer: { status: number; json: { code?: string; detail?: string } }) => ({
  status: answer.status,
  code: answer.json?.code,
  detail: answer.json?.detail,
});

/** Who has no right to anything of the shop. */
const strangers = () => ({
  customer: newCustomer().token,
  'staff of nobody': tokenFor(randomUUID(), 'merchant'),
  courier: tokenFor(randomUUID(), 'courier'),
});

test('SEC-01 every operation with the id of something owned: a stranger gets what an unknown id gets', async () => {
  const unknown = Object.fromEntries(Object.keys(existing).map((name) => [name, randomUUID()]));
  const owned = operations.filter(({ secured, path }) => secured && path.includes('{'));
  assert.ok(owned.length >= 10, 'the document names the operations');
  for (const operation of owned) {
    for (const [who, token] of Object.entries(strangers())) {
      const real = seen(await call(operation, existing, token));
      assert.deepEqual(real, seen(await call(operation, unknown, token)), `${who}: ${operation.name}`);
      assert.ok(real.status === 404 || real.status === 403, `${who}: ${operation.name} gave ${real.status}`);
    }
  }
});

test('SEC-03 every admin operation: anonymous 401, customers, couriers and foreign staff 403 or 404, and no effect', async () => {
  const admin = operations.filter(({ path }) => path.startsWith('/api/v1/admin/'));
  assert.ok(admin.length >= 4);
  for (const operation of admin) {
    assert.equal((await call(operation, existing, undefined)).status, 401, operation.name);
    for (const [who, token] of Object.entries(strangers())) {
      const { status } = await call(operation, existing, token);
      const expected = operation.name === 'POST /api/v1/admin/stock' ? [403, 404] : [403];
      assert.ok(expected.includes(status), `${who}: ${operation.name} gave ${status}`);
    }
  }
  assert.equal((await shop.readSale(existing['saleId'] ?? '')).items[0]?.stock.capacity, 10);
  assert.deepEqual(await database.query("SELECT FROM accounts WHERE email = 'king@example.com'"), []);
});

test('SEC-04 every secured operation refuses every kind of bad token with 401 and WWW-Authenticate', async () => {
  const key = 'not-a-secret-not-a-secret-not-a-secret';
  const claims = { sub: randomUUID(), role: 'operator' };
  const make = (options: object, payload: object = claims) =>
    createSigner({ key, kid: 'development', iss: 'doorbuster', aud: 'doorbuster', expiresIn: 60_000, ...options })(
      payload,
    );
  const [head, , signature] = make({}).split('.');
  const edited = Buffer.from(JSON.stringify({ ...claims, exp: 4_000_000_000 })).toString('base64url');
  const none = Buffer.from(JSON.stringify({ alg: 'none', kid: 'development' })).toString('base64url');
  const bad = {
    'edited role': `${head}.${edited}.${signature}`,
    'alg none': `${none}.${edited}.`,
    'another algorithm': make({ algorithm: 'HS512' }),
    'another key': make({ key: 'x'.repeat(40) }),
    'unknown key id': make({ kid: 'other' }),
    expired: make({ clockTimestamp: Date.now() - 120_000 }),
    'not yet valid': make({ notBefore: 60_000 }),
    'another issuer': make({ iss: 'other' }),
    'another audience': make({ aud: 'other' }),
    'unknown role': make({}, { ...claims, role: 'king' }),
    'no subject': make({}, { role: 'operator' }),
    'not a token': 'rubbish',
    'an API key that is none': `dbk_${'x'.repeat(43)}`,
  };
  for (const operation of operations.filter(({ secured }) => secured)) {
    for (const [kind, token] of Object.entries({ nothing: undefined, ...bad })) {
      const answer = await call(operation, existing, token);
      assert.equal(answer.status, 401, `${kind}: ${operation.name}`);
      assert.equal(answer.json.code, 'unauthenticated');
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
    }
  }
});

test('no body is read before the caller is known: 401 comes before 413, 415 and 400', async () => {
  const bodies = [
    { rawBody: 'x'.repeat(100_000) },
    { rawBody: 'x', headers: { 'content-type': 'text/plain' } },
    { rawBody: '{' },
  ];
  for (const body of bodies) {
    assert.equal((await send('POST', `${engines.url}/api/v1/orders`, body)).status, 401);
  }
});

test('SEC-07 no secret stands in the log', async () => {
  const output = engines.output().join('\n');
  for (const secret of [
    'not-a-secret-not-a-secret',
    'doorbuster-development',
    shop.operatorToken,
    'a long enough one',
  ]) {
    assert.ok(!output.includes(secret));
  }
});

test('SEC-07 the engine refuses to start with default secrets outside development', async () => {
  await assert.rejects(
    startEngine({ DATABASE_URL: database.url, NODE_ENV: 'production' }),
    /ended with 1 before it listened[\s\S]*TOKEN_KEYS must be set[\s\S]*OPERATOR_PASSWORD must be set/,
  );
});
