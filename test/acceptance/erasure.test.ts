import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Answer, newCustomer, type RequestOptions, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { createShop, type Sale, type Shop } from '../support/shop.ts';
import { createApiKey, createMember, createMerchant } from '../support/staff.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });
let database: TestDatabase;
let shop: Shop;

before(async () => {
  database = await stage.database();
  stage.atEnd(() => assertLedgerSound(database));
  shop = await createShop((await stage.engines({ DATABASE_URL: database.url })).url);
});

const call = (method: string, path: string, options: RequestOptions = {}): Promise<Answer> =>
  send(method, `${shop.url}/api/v1${path}`, options);

interface Person {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly password: string;
  readonly token: string;
}

/** Registers somebody and signs them in. */
async function register(): Promise<Person> {
  const person = { email: `${randomUUID()}@example.com`, name: `Somebody ${randomUUID()}`, password: randomUUID() };
  const account = await call('POST', '/accounts', { body: person });
  assert.equal(account.status, 201, account.text);
  return { ...person, id: account.json.id, token: await signIn(person) };
}

async function signIn({ email, password }: Pick<Person, 'email' | 'password'>): Promise<string> {
  const session = await call('POST', '/sessions', { body: { email, password } });
  assert.equal(session.status, 201, session.text);
  return session.json.accessToken;
}

const eraseAccount = (accountId: string, token: string, key = 'auto'): Promise<Answer> =>
  call('POST', `/accounts/${accountId}/erasure`, { token, key });

const eraseCustomer = (externalId: string, options: RequestOptions = {}, merchantId = shop.merchantId) =>
  call('POST', `/merchants/${merchantId}/customer-erasures`, {
    token: shop.operatorToken,
    key: 'auto',
    body: { externalId },
    ...options,
  });

/** What a shop may note on an order. */
const notesAbout = (who: string) => ({ reference: `for ${who}`, metadata: { phone: `call ${who}` } });

/** Orders one unit, with the shop's notes. */
async function order(sale: Sale, token: string, who: string, onBehalfOf?: string): Promise<Answer> {
  const placed = await call('POST', '/orders', {
    token,
    key: 'auto',
    body: {
      saleId: sale.id,
      lines: [{ itemId: sale.items[0]?.id, quantity: 1 }],
      ...notesAbout(who),
      ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
    },
  });
  assert.equal(placed.status, 201, placed.text);
  return placed;
}

/** All that the ledger has in which one of these texts stands, by table. */
async function tracesOf(texts: readonly string[]): Promise<string[]> {
  const tables = await database.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await database.query<{ row: string }>(`SELECT to_jsonb(one)::text AS row FROM ${name} AS one`);
    if (rows.some(({ row }) => texts.some((text) => row.includes(text)))) found.push(name);
  }
  return found;
}

/** Orders and their history as the ledger has them, but for the notes. */
const booksOf = (customerId: string) =>
  database.query(
    `SELECT to_jsonb(orders) - 'reference' - 'metadata' AS placed,
       (SELECT jsonb_agg(to_jsonb(order_lines)) FROM order_lines WHERE order_id = orders.id) AS lines,
       (SELECT jsonb_agg(to_jsonb(order_events) ORDER BY version) FROM order_events WHERE order_id = orders.id) AS history
     FROM orders WHERE customer_id = $1 ORDER BY id`,
    [customerId],
  );

test('an account erases itself: nothing personal is left anywhere, orders, totals and history are as they were', async () => {
  const person = await register();
  const sale = await shop.createSale();
  const orders = [await order(sale, person.token, person.email), await order(sale, person.token, person.email)];
  const other = newCustomer();
  const othersOrder = await order(sale, other.token, 'somebody else');
  const before = await booksOf(person.id);
  assert.deepEqual(await tracesOf([person.email, person.name]), ['accounts', 'orders']);

  const erased = await eraseAccount(person.id, person.token);
  assert.equal(erased.status, 200, erased.text);
  assert.deepEqual(Object.keys(erased.json), ['id', 'erasedAt']);
  assert.equal(erased.json.id, person.id);
  assert.ok(Math.abs(Date.parse(erased.json.erasedAt) - Date.now()) < 60_000);

  assert.deepEqual(await tracesOf([person.email, person.name]), []);
  assert.deepEqual(await booksOf(person.id), before);
  const listed = await call('GET', `/orders?saleId=${sale.id}`, { token: shop.operatorToken });
  assert.equal(listed.status, 200, listed.text);
  for (const placed of orders) {
    const shown = listed.json.data.find(({ id }: { id: string }) => id === placed.json.id);
    assert.deepEqual(shown, { ...placed.json, reference: null, metadata: null });
  }
  const untouched = await call('GET', `/orders/${othersOrder.json.id}`, { token: other.token });
  assert.deepEqual(
    [untouched.json.reference, untouched.json.metadata],
    [othersOrder.json.reference, othersOrder.json.metadata],
  );
  const stock = (await shop.readSale(sale.id)).items[0]?.stock;
  assert.deepEqual(stock, { capacity: 10, available: 7, held: 3, sold: 0 });
});

test('who was erased signs in no more, as if the e-mail were unknown, and may register anew as somebody else', async () => {
  const person = await register();
  const sale = await shop.createSale();
  await order(sale, person.token, person.email);
  assert.equal((await eraseAccount(person.id, shop.operatorToken)).status, 200);

  const credentials = { email: person.email, password: person.password };
  const refused = await call('POST', '/sessions', { body: credentials });
  const unknown = await call('POST', '/sessions', { body: { ...credentials, email: `${randomUUID()}@example.com` } });
  assert.deepEqual([refused.status, refused.json.code], [401, 'credentials-rejected']);
  assert.deepEqual({ ...refused.json, requestId: unknown.json.requestId }, unknown.json);

  const anew = await call('POST', '/accounts', { body: credentials });
  assert.equal(anew.status, 201, anew.text);
  assert.notEqual(anew.json.id, person.id);
  const list = await call('GET', '/orders', { token: await signIn(credentials) });
  assert.deepEqual(list.json.data, []);
});

test('tokens given out stay good until they expire; to erase again clears what came since and tells the same time', async () => {
  const person = await register();
  const sale = await shop.createSale();
  const first = await eraseAccount(person.id, person.token);
  assert.equal((await call('GET', '/accounts/me', { token: person.token })).status, 404);
  const late = await order(sale, person.token, person.email);
  const again = await eraseAccount(person.id, person.token);
  assert.deepEqual([again.status, again.json], [200, first.json]);
  const shown = await call('GET', `/orders/${late.json.id}`, { token: person.token });
  assert.deepEqual([shown.json.reference, shown.json.metadata], [null, null]);
  assert.deepEqual(await tracesOf([person.email]), []);
});

test('IK-04 an erasure is answered once per key: the repeat has the same bytes', async () => {
  const person = await register();
  const sale = await shop.createSale();
  const key = randomUUID();
  const first = await eraseAccount(person.id, person.token, key);
  const later = await eraseAccount(person.id, person.token);
  assert.equal(later.headers.get('idempotent-replayed'), null);
  const repeat = await eraseAccount(person.id, person.token, key);
  assert.deepEqual([repeat.status, repeat.text], [200, first.text]);
  assert.equal(repeat.headers.get('idempotent-replayed'), 'true');
  assert.equal((await eraseAccount(person.id, person.token, '')).json.code, 'idempotency-key-missing');

  const secret = await createApiKey(shop, shop.merchantId);
  await order(sale, secret, 'anna', 'anna');
  const request = { key: randomUUID(), token: secret };
  const erased = await eraseCustomer('anna', request);
  assert.equal(erased.status, 200, erased.text);
  const repeated = await eraseCustomer('anna', request);
  assert.deepEqual([repeated.text, repeated.headers.get('idempotent-replayed')], [erased.text, 'true']);
  const reused = await eraseCustomer('ben', request);
  assert.deepEqual([reused.status, reused.json.code], [422, 'idempotency-key-reused']);
});

test("SEC-01 another's account is 404, the same as an unknown one, for everybody but operators", async () => {
  const person = await register();
  const strangers = {
    customer: (await register()).token,
    staff: await createMember(shop, shop.merchantId, 'merchant'),
    courier: await createMember(shop, shop.merchantId, 'courier'),
    'API key': await createApiKey(shop, shop.merchantId),
  };
  const unknown = await eraseAccount(randomUUID(), shop.operatorToken);
  assert.deepEqual([unknown.status, unknown.json.code], [404, 'not-found']);
  for (const [who, token] of Object.entries(strangers)) {
    const answer = await eraseAccount(person.id, token);
    assert.deepEqual({ ...answer.json, requestId: unknown.json.requestId }, unknown.json, who);
  }
  assert.equal((await call('POST', `/accounts/${person.id}/erasure`, { key: 'auto' })).status, 401);
  await signIn(person);
});

test("409 not-erasable: an operator's account stays, whoever asks; the key stays free", async () => {
  const email = `${randomUUID()}@example.com`;
  const password = randomUUID();
  const made = await call('POST', '/admin/accounts', {
    token: shop.operatorToken,
    key: 'auto',
    body: { email, password, role: 'operator' },
  });
  const key = randomUUID();
  for (const token of [shop.operatorToken, await signIn({ email, password })]) {
    const refused = await eraseAccount(made.json.id, token, key);
    assert.deepEqual([refused.status, refused.json.code], [409, 'not-erasable']);
    assert.equal((await send('GET', refused.json.type)).status, 200);
  }
  await signIn({ email, password });
});

test('a body is refused, and nothing is erased', async () => {
  const person = await register();
  const answer = await call('POST', `/accounts/${person.id}/erasure`, {
    token: person.token,
    key: 'auto',
    body: { reason: 'tired' },
  });
  assert.equal(answer.status, 400, answer.text);
  for (const body of [{}, { externalId: '' }, { externalId: 7 }, { externalId: 'anna', userId: randomUUID() }]) {
    assert.equal((await eraseCustomer('anna', { body })).status, 400, JSON.stringify(body));
  }
  await signIn(person);
});

test('an erased member works for nobody at once, and no stored answer shows who it was', async () => {
  const person = await register();
  const elsewhere = await createMerchant(shop);
  const key = randomUUID();
  const add = (merchantId: string) =>
    call('POST', `/merchants/${merchantId}/members`, {
      token: shop.operatorToken,
      key,
      body: { email: person.email, role: 'merchant' },
    });
  for (const merchantId of [shop.merchantId, elsewhere]) assert.equal((await add(merchantId)).status, 201);
  const token = await signIn(person);
  assert.deepEqual(await tracesOf([person.email, person.name]), ['accounts', 'stored_answers']);

  assert.equal((await eraseAccount(person.id, token)).status, 200);
  assert.deepEqual(await tracesOf([person.email, person.name]), []);
  const members = await call('GET', `/merchants/${elsewhere}/members`, { token: shop.operatorToken });
  assert.deepEqual(members.json.data, []);
  assert.equal((await call('GET', `/merchants/${elsewhere}/members`, { token })).status, 404);
  assert.equal((await add(shop.merchantId)).status, 404, 'the e-mail has no account any more');
  const accounts = await call('GET', '/admin/accounts?limit=100', { token: shop.operatorToken });
  assert.ok(!accounts.text.includes(person.id));
});

test("a shop's customer is erased by its staff, its API keys and operators: its own id and notes are gone, orders stay", async () => {
  const secret = await createApiKey(shop, shop.merchantId);
  const callers = {
    staff: await createMember(shop, shop.merchantId, 'merchant'),
    'API key': secret,
    operator: shop.operatorToken,
  };
  const sale = await shop.createSale();
  for (const [who, token] of Object.entries(callers)) {
    const externalId = `customer ${randomUUID()}`;
    const placed = await order(sale, secret, externalId, externalId);
    const { userId } = placed.json;
    const before = await booksOf(userId);
    assert.deepEqual(await tracesOf([externalId]), ['orders', 'shop_customers']);
    const erased = await eraseCustomer(externalId, { token });
    assert.equal(erased.status, 200, `${who}: ${erased.text}`);
    assert.deepEqual(Object.keys(erased.json), ['userId', 'erasedAt']);
    assert.equal(erased.json.userId, userId);
    assert.deepEqual(await tracesOf([externalId]), []);
    assert.deepEqual(await booksOf(userId), before);
  }
});

test('S-07 to be erased and named again by the shop gives a customer no second limit, and its id is not kept again', async () => {
  const secret = await createApiKey(shop, shop.merchantId);
  const sale = await shop.createSale({ items: [{ capacity: 10, limitPerCustomer: 1 }] });
  const externalId = `customer ${randomUUID()}`;
  await order(sale, secret, 'limited', externalId);
  const first = await eraseCustomer(externalId);
  const refused = await call('POST', '/orders', {
    token: secret,
    key: 'auto',
    body: { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }], onBehalfOf: externalId },
  });
  assert.deepEqual([refused.status, refused.json.code], [409, 'limit-reached']);
  const elsewhere = await order(await shop.createSale(), secret, externalId, externalId);
  assert.equal(elsewhere.json.userId, first.json.userId);
  const again = await eraseCustomer(externalId);
  assert.deepEqual(again.json, first.json);
  assert.deepEqual(await tracesOf([externalId]), []);
});

test("SEC-01 another merchant's customer is 404, and so is one that nobody knows", async () => {
  const secret = await createApiKey(shop, shop.merchantId);
  const externalId = `customer ${randomUUID()}`;
  await order(await shop.createSale(), secret, 'kept', externalId);
  const elsewhere = await createMerchant(shop);
  const strangers = {
    customer: newCustomer().token,
    courier: await createMember(shop, shop.merchantId, 'courier'),
    'staff of another': await createMember(shop, elsewhere, 'merchant'),
    "another's API key": await createApiKey(shop, elsewhere),
  };
  for (const [who, token] of Object.entries(strangers)) {
    const theirs = await eraseCustomer(externalId, { token });
    const unknown = await eraseCustomer(externalId, { token }, randomUUID());
    assert.equal(theirs.status, 404, `${who}: ${theirs.text}`);
    assert.deepEqual({ ...theirs.json, requestId: unknown.json.requestId }, unknown.json);
  }
  // The same name at another merchant is another customer.
  for (const [name, merchantId] of [
    [externalId, elsewhere],
    [randomUUID(), shop.merchantId],
    [externalId, randomUUID()],
  ] as const) {
    const answer = await eraseCustomer(name, {}, merchantId);
    assert.deepEqual([answer.status, answer.json.code], [404, 'not-found']);
  }
  assert.deepEqual(await tracesOf([externalId]), ['shop_customers']);
});

test('an erasure waits for nothing but the row: erased and ordering at once, both are done', async () => {
  const person = await register();
  const sale = await shop.createSale({ items: [{ capacity: 100 }] });
  const [erased] = await Promise.all([
    eraseAccount(person.id, person.token),
    ...Array.from({ length: 20 }, () => order(sale, person.token, person.email)),
    ...Array.from({ length: 5 }, () => eraseAccount(person.id, shop.operatorToken)),
  ]);
  assert.equal(erased.status, 200, erased.text);
  const again = await eraseAccount(person.id, shop.operatorToken);
  assert.deepEqual(again.json, erased.json);
  assert.equal((await booksOf(person.id)).length, 20);
  assert.deepEqual(await tracesOf([person.email]), []);
});
