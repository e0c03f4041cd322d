import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Answer, newCustomer, type RequestOptions, send } from '../support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startEngines, type TestEngines } from '../support/engines.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { createShop, type Sale, type Shop, saleBody } from '../support/shop.ts';
import { createApiKey, createMember, createMerchant } from '../support/staff.ts';

let database: TestDatabase;
/** Two engine processes on one PostgreSQL. */
let engines: TestEngines;
let shop: Shop;
/** A key of the shop's merchant. */
let key: string;

before(async () => {
  database = await createTestDatabase();
  const settings = { DATABASE_URL: database.url, LOG_LEVEL: 'trace' };
  engines = await startEngines(settings);
  shop = await createShop(engines.url);
  key = await createApiKey(shop, shop.merchantId);
});

after(async () => {
  await assertLedgerSound(database);
  await engines.stop();
  await database.drop();
});

const call = (method: string, path: string, options?: RequestOptions, engine?: 0 | 1): Promise<Answer> =>
  send(method, `${engine === undefined ? engines.url : engines.urls[engine]}/api/v1${path}`, options);

interface OrderOptions {
  readonly customer?: string;
  readonly key?: string;
  readonly engine?: 0 | 1;
}

/** Orders one unit of the sale's first item with an API key, for the shop's customer anna unless told otherwise. */
function orderWith(secret: string, sale: Sale, { customer = 'anna', key = 'auto', engine }: OrderOptions = {}) {
  const body = { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }], onBehalfOf: customer };
  return call('POST', '/orders', { token: secret, key, body }, engine);
}

const keysPath = (merchantId = shop.merchantId) => `/merchants/${merchantId}/api-keys`;

test('the secret is shown once: not in a repeat, the list, the ledger or a log', async () => {
  const request = { token: shop.operatorToken, key: randomUUID(), body: { name: 'Back end' } };
  const made = await call('POST', keysPath(), request);
  assert.equal(made.status, 201, made.text);
  assert.equal(made.headers.get('cache-control'), 'no-store');
  const { id, secret, createdAt } = made.json;
  assert.match(secret, /^dbk_[A-Za-z0-9_-]{43}$/);
  assert.equal(made.json.name, 'Back end');
  assert.ok(Date.parse(createdAt));

  const repeat = await call('POST', keysPath(), request, 1);
  assert.equal(repeat.status, 201);
  assert.equal(repeat.headers.get('idempotent-replayed'), 'true');
  assert.deepEqual(repeat.json, { ...made.json, secret: null });
  const list = await call('GET', `${keysPath()}?limit=100`, { token: shop.operatorToken });
  const shown = list.json.data.find((each: { id: string }) => each.id === id);
  assert.equal(shown.revokedAt, null);
  assert.ok(!('secret' in shown));

  await call('GET', '/merchants', { token: secret });
  const rows = await database.query(
    'SELECT to_jsonb(api_keys)::text AS kept FROM api_keys UNION ALL SELECT to_jsonb(stored_answers)::text FROM stored_answers',
  );
  for (const { kept } of rows) assert.ok(!kept.includes(secret));
  assert.ok(!engines.output().join('\n').includes(secret), 'SEC-07 no secret in a log');
});

test('staff make keys for their merchant, and the key sees that merchant only', async () => {
  const merchantId = await createMerchant(shop);
  const staff = await createMember(shop, merchantId, 'merchant');
  const made = await call('POST', keysPath(merchantId), { token: staff, key: 'auto', body: { name: 'Ours' } });
  assert.equal(made.status, 201, made.text);
  const merchants = await call('GET', '/merchants', { token: made.json.secret });
  assert.deepEqual(
    merchants.json.data.map(({ id }: { id: string }) => id),
    [merchantId],
  );
});

test('400 for a name that is none; 400 without an Idempotency-Key', async () => {
  for (const body of [{}, { name: '' }, { name: 7 }, { name: 'n', secret: 'dbk_mine' }]) {
    assert.equal((await call('POST', keysPath(), { token: shop.operatorToken, key: 'auto', body })).status, 400);
  }
  const answer = await call('POST', keysPath(), { token: shop.operatorToken, body: { name: 'n' } });
  assert.equal(answer.json.code, 'idempotency-key-missing');
});

test("a shop's back end orders for its own customers: an order of one id each, whatever the process", async () => {
  const sale = await shop.createSale();
  const [first, second, other] = [
    await orderWith(key, sale, { customer: 'anna' }),
    await orderWith(key, sale, { customer: 'anna', engine: 1 }),
    await orderWith(key, sale, { customer: 'ben' }),
  ];
  for (const answer of [first, second, other]) assert.equal(answer.status, 201, answer.text);
  assert.equal(first.json.userId, second.json.userId);
  assert.notEqual(first.json.userId, other.json.userId);
  const [row] = await database.query('SELECT merchant_id, external_id FROM shop_customers WHERE id = $1', [
    first.json.userId,
  ]);
  assert.deepEqual(row, { merchant_id: shop.merchantId, external_id: 'anna' });
});

test('S-07 limits count per customer of the shop, over both processes and both kinds of key', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 100, limitPerCustomer: 2 }] });
  const another = await createApiKey(shop, shop.merchantId);
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      orderWith(index % 3 ? key : another, sale, {
        customer: index % 4 < 2 ? 'anna' : 'ben',
        engine: index % 2 ? 1 : 0,
      }),
    ),
  );
  const placed = answers.filter(({ status }) => status === 201);
  assert.equal(placed.length, 4);
  const byCustomer = Map.groupBy(placed, ({ json }) => json.userId);
  assert.deepEqual(
    [...byCustomer.values()].map((orders) => orders.length),
    [2, 2],
  );
  for (const answer of answers.filter(({ status }) => status !== 201)) assert.equal(answer.json.code, 'limit-reached');
});

test('two shops that name their customers alike have two customers', async () => {
  const merchantId = await createMerchant(shop);
  const theirs = await createApiKey(shop, merchantId);
  const made = await call('POST', '/sales', { token: theirs, key: 'auto', body: saleBody(merchantId) });
  assert.equal(made.status, 201, made.text);
  const [mine, yours] = [await orderWith(key, await shop.createSale()), await orderWith(theirs, made.json)];
  assert.deepEqual([mine.status, yours.status], [201, 201]);
  assert.notEqual(mine.json.userId, yours.json.userId);
});

test('400 for a key that does not say for whom, and for a customer that orders for somebody else', async () => {
  const sale = await shop.createSale();
  const body = { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] };
  const nobody = await call('POST', '/orders', { token: key, key: 'auto', body });
  assert.equal(nobody.status, 400);
  assert.equal(nobody.json.errors[0].pointer, '/onBehalfOf');
  const forAnna = { ...body, onBehalfOf: 'anna' };
  const customer = await call('POST', '/orders', { token: newCustomer().token, key: 'auto', body: forAnna });
  assert.equal(customer.status, 400);
  assert.equal(customer.json.errors[0].pointer, '/onBehalfOf');
  for (const onBehalfOf of ['', 'a'.repeat(201), 'nul\u0000', 7, null]) {
    const answer = await call('POST', '/orders', { token: key, key: 'auto', body: { ...body, onBehalfOf } });
    assert.equal(answer.status, 400, String(onBehalfOf));
  }
  assert.equal((await shop.readSale(sale.id)).items[0]?.stock.held, 0);
});

test("a key orders in its own merchant's sales only, also when the other sale is sold out or closed", async () => {
  const theirs = await createApiKey(shop, await createMerchant(shop));
  const open = await shop.createSale();
  const soldOut = await shop.createSale({ items: [{ capacity: 0 }] });
  const hour = 3_600_000;
  const closed = await shop.createSale({
    opensAt: new Date(Date.now() - 2 * hour).toISOString(),
    closesAt: new Date(Date.now() - hour).toISOString(),
  });
  const unknown: Sale = { id: randomUUID(), items: open.items };
  const answers: Answer[] = [];
  for (const sale of [unknown, open, soldOut, closed]) {
    // Twice: what a refusal leaves in the process's memory must not change the answer.
    for (const engine of [0, 0, 1] as const) {
      answers.push(await orderWith(theirs, sale, { engine }));
      if (sale !== unknown) await orderWith(key, sale, { engine });
    }
  }
  for (const { status, text, json } of answers) {
    assert.equal(status, 400, text);
    assert.equal(json.code, 'validation-failed');
    assert.deepEqual(json.errors, answers[0]?.json.errors, 'the same as for a sale that does not exist');
  }
  assert.equal((await shop.readSale(open.id)).items[0]?.stock.held, 3, 'its own shop ordered, nobody else');
});

test('an order is seen by the key that placed it, other keys of the shop, its staff and operators; nobody else', async () => {
  const sale = await shop.createSale();
  const placed = await orderWith(key, sale);
  const path = `/orders/${placed.json.id}`;
  const may = {
    'the key': key,
    'another key': await createApiKey(shop, shop.merchantId),
    staff: await createMember(shop, shop.merchantId, 'merchant'),
    operator: shop.operatorToken,
  };
  for (const [who, token] of Object.entries(may)) {
    const answer = await call('GET', path, { token }, 1);
    assert.equal(answer.text, placed.text, who);
  }
  const unknown = await call('GET', `/orders/${randomUUID()}`, { token: key });
  const elsewhere = await createMerchant(shop);
  const mayNot = {
    "another merchant's key": await createApiKey(shop, elsewhere),
    "another merchant's staff": await createMember(shop, elsewhere, 'merchant'),
    'a customer': newCustomer().token,
  };
  for (const [who, token] of Object.entries(mayNot)) {
    const answer = await call('GET', path, { token });
    assert.equal(answer.status, 404, who);
    assert.equal(answer.json.detail, unknown.json.detail);
    const list = await call('GET', `/orders?saleId=${sale.id}`, { token });
    assert.deepEqual(list.json.data, [], who);
  }
  const list = await call('GET', `/orders?userId=${placed.json.userId}&saleId=${sale.id}`, { token: key });
  assert.deepEqual(list.json.data, [placed.json]);
});

test('IK-08 a retry with a newer key of the same shop finds its order; another shop with that key makes its own', async () => {
  const sale = await shop.createSale();
  const idempotencyKey = randomUUID();
  const placed = await orderWith(key, sale, { key: idempotencyKey });
  const replayed = await orderWith(await createApiKey(shop, shop.merchantId), sale, { key: idempotencyKey, engine: 1 });
  assert.equal(replayed.text, placed.text);
  assert.equal(replayed.headers.get('idempotent-replayed'), 'true');
  assert.equal((await orderWith(key, sale, { key: idempotencyKey, customer: 'ben' })).status, 422);

  const merchantId = await createMerchant(shop);
  const theirs = await createApiKey(shop, merchantId);
  const made = await call('POST', '/sales', { token: theirs, key: 'auto', body: saleBody(merchantId) });
  const own = await orderWith(theirs, made.json, { key: idempotencyKey });
  assert.equal(own.status, 201, own.text);
  assert.notEqual(own.json.id, placed.json.id);
});

test('a revoked key is refused at once where it was not in use, and within 10 s everywhere; its orders stay', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 1_000 }] });
  const request = { token: shop.operatorToken, key: 'auto', body: { name: 'Leaked' } };
  const { id, secret } = (await call('POST', keysPath(), request)).json;
  const placed = await orderWith(secret, sale);
  assert.equal(placed.status, 201);

  const revoke = () => call('DELETE', `${keysPath()}/${id}`, { token: shop.operatorToken });
  const revoked = await revoke();
  assert.equal(revoked.status, 204);
  assert.equal(revoked.text, '');
  const revokedAt = Date.now();
  assert.equal((await orderWith(secret, sale, { engine: 1 })).status, 401);
  for (;;) {
    const answer = await orderWith(secret, sale);
    if (answer.status === 401) {
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer error="invalid_token"');
      break;
    }
    assert.ok(Date.now() - revokedAt < 10_000, 'the published bound');
    await database.query('SELECT pg_sleep(0.1)');
  }
  const [row] = await database.query('SELECT revoked_at FROM api_keys WHERE id = $1', [id]);
  assert.equal((await revoke()).status, 204, 'revoking again is no error');
  assert.deepEqual(await database.query('SELECT revoked_at FROM api_keys WHERE id = $1', [id]), [row]);
  assert.equal((await call('GET', `/orders/${placed.json.id}`, { token: key })).text, placed.text);
  const list = await call('GET', `${keysPath()}?limit=100`, { token: shop.operatorToken });
  const shown = list.json.data.find((each: { id: string }) => each.id === id);
  assert.equal(shown.revokedAt, row?.['revoked_at'].toISOString());
});

test('404 for a key that the merchant does not have', async () => {
  const answer = await call('DELETE', `${keysPath()}/${randomUUID()}`, { token: shop.operatorToken });
  assert.equal(answer.status, 404);
  const malformed = await call('DELETE', `${keysPath()}/none`, { token: shop.operatorToken });
  assert.equal(malformed.status, 400);
});
