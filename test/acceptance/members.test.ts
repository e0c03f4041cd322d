import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Answer, newCustomer, type RequestOptions, send, tokenFor } from '../support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startEngines, type TestEngines } from '../support/engines.ts';
import { createShop, type Shop, saleBody } from '../support/shop.ts';
import { createApiKey, createMember, createMerchant } from '../support/staff.ts';

let database: TestDatabase;
let engines: TestEngines;
let shop: Shop;

before(async () => {
  database = await createTestDatabase();
  engines = await startEngines({ DATABASE_URL: database.url });
  shop = await createShop(engines.url);
});

after(async () => {
  await engines.stop();
  await database.drop();
});

const call = (method: string, path: string, options?: RequestOptions): Promise<Answer> =>
  send(method, `${engines.url}/api/v1${path}`, options);

/** A customer with an account. */
async function register(): Promise<{ id: string; email: string; token: string }> {
  const credentials = { email: `${randomUUID()}@example.com`, password: randomUUID() };
  const account = await call('POST', '/accounts', { body: credentials });
  assert.equal(account.status, 201, account.text);
  return { id: account.json.id, email: credentials.email, token: tokenFor(account.json.id) };
}

const add = (merchantId: string, body: unknown, options: RequestOptions = {}): Promise<Answer> =>
  call('POST', `/merchants/${merchantId}/members`, { token: shop.operatorToken, key: 'auto', body, ...options });

const remove = (merchantId: string, accountId: string, token = shop.operatorToken): Promise<Answer> =>
  call('DELETE', `/merchants/${merchantId}/members/${accountId}`, { token });

const makeSale = (merchantId: string, token: string): Promise<Answer> =>
  call('POST', '/sales', { token, key: 'auto', body: saleBody(merchantId) });

const roleOf = async (account: { id: string; token: string }): Promise<string> =>
  (await call('GET', '/accounts/me', { token: account.token })).json.role;

test('a customer becomes staff or courier by its e-mail, in any letter case; a repeat gets the same answer', async () => {
  for (const role of ['merchant', 'courier']) {
    const account = await register();
    const key = randomUUID();
    const body = { email: account.email.toUpperCase(), role };
    const added = await add(shop.merchantId, body, { key });
    assert.equal(added.status, 201, added.text);
    const { createdAt, ...rest } = added.json;
    assert.deepEqual(rest, {
      merchantId: shop.merchantId,
      accountId: account.id,
      email: account.email,
      name: null,
      role,
    });
    assert.ok(Date.parse(createdAt));
    assert.equal(await roleOf(account), role);
    const repeat = await add(shop.merchantId, body, { key });
    assert.equal(repeat.text, added.text);
    assert.equal(repeat.headers.get('idempotent-replayed'), 'true');
  }
});

test('404 for an e-mail without an account, which says so; the key stays usable', async () => {
  const key = randomUUID();
  const credentials = { email: `${randomUUID()}@example.com`, password: randomUUID() };
  const body = { email: credentials.email, role: 'merchant' };
  const unknown = await add(shop.merchantId, body, { key });
  assert.equal(unknown.status, 404);
  assert.equal(unknown.json.code, 'not-found');
  assert.match(unknown.json.detail, /e-mail/);
  await call('POST', '/accounts', { body: credentials });
  assert.equal((await add(shop.merchantId, body, { key })).status, 201);
});

test('409 for who is a member already, and for who works in another role', async () => {
  const { email } = await register();
  assert.equal((await add(shop.merchantId, { email, role: 'courier' })).status, 201);
  const again = await add(shop.merchantId, { email, role: 'courier' });
  assert.equal(again.status, 409);
  assert.equal(again.json.code, 'already-exists');
  const elsewhere = await createMerchant(shop);
  for (const merchantId of [shop.merchantId, elsewhere]) {
    const other = await add(merchantId, { email, role: 'merchant' });
    assert.equal(other.status, 409);
    assert.equal(other.json.code, 'other-role');
    assert.equal(other.json.role, 'courier');
    const page = await send('GET', other.json.type);
    assert.equal(page.status, 200);
  }
  assert.equal((await add(elsewhere, { email, role: 'courier' })).status, 201, 'the same role at two merchants');
  const operator = await add(shop.merchantId, { email: 'operator@example.com', role: 'merchant' });
  assert.equal(operator.json.code, 'other-role');
});

test('SEC-05 a member is staff or courier, nothing else, and no other members of the body are taken', async () => {
  const { email, id } = await register();
  for (const body of [
    { email, role: 'operator' },
    { email, role: 'customer' },
    { email },
    { role: 'merchant' },
    { email, role: 'merchant', accountId: id },
  ]) {
    assert.equal((await add(shop.merchantId, body)).status, 400, JSON.stringify(body));
  }
  assert.equal(
    (await add(shop.merchantId, { email, role: 'merchant' }, { key: '' })).json.code,
    'idempotency-key-missing',
  );
});

test('staff of a merchant add, list and remove its members', async () => {
  const merchantId = await createMerchant(shop);
  const staff = await createMember(shop, merchantId, 'merchant');
  const courier = await register();
  assert.equal((await add(merchantId, { email: courier.email, role: 'courier' }, { token: staff })).status, 201);

  const listed: { accountId: string; role: string }[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`;
    const page = await call('GET', `/merchants/${merchantId}/members?limit=1${query}`, { token: staff });
    assert.equal(page.status, 200, page.text);
    listed.push(...page.json.data);
    cursor = page.json.nextCursor;
  } while (cursor !== null);
  assert.deepEqual(listed.map(({ role }) => role).sort(), ['courier', 'merchant']);
  assert.ok(listed.some(({ accountId }) => accountId === courier.id));

  assert.equal((await remove(merchantId, courier.id.toUpperCase(), staff)).status, 204);
  const gone = await remove(merchantId, courier.id, staff);
  assert.equal(gone.status, 404);
  const rest = await call('GET', `/merchants/${merchantId}/members`, { token: staff });
  assert.equal(rest.json.data.length, 1);
});

test('who is added or removed has or loses the rights at once, with the token of before', async () => {
  const [first, second] = [await createMerchant(shop), await createMerchant(shop)];
  const account = await register();
  const { email } = account;
  const token = tokenFor(account.id, 'merchant');
  assert.equal((await makeSale(first, token)).status, 404);
  await add(first, { email, role: 'merchant' });
  assert.equal((await makeSale(first, token)).status, 201);
  assert.equal((await makeSale(second, token)).status, 404);
  await add(second, { email, role: 'merchant' });
  assert.equal((await makeSale(second, token)).status, 201);

  assert.equal((await remove(first, account.id)).status, 204);
  assert.equal((await makeSale(first, token)).status, 404);
  assert.equal((await call('GET', `/merchants/${first}/members`, { token })).status, 404);
  assert.equal((await makeSale(second, token)).status, 201);
  assert.equal(await roleOf(account), 'merchant');

  assert.equal((await remove(second, account.id)).status, 204);
  assert.equal((await makeSale(second, token)).status, 404);
  assert.equal(await roleOf(account), 'customer', 'who works for nobody is a customer again');
  assert.equal((await add(first, { email, role: 'courier' })).status, 201, 'and may take another role');
});

test('an account added twice at once is a member once', async () => {
  const { email } = await register();
  const answers = await Promise.all(Array.from({ length: 6 }, () => add(shop.merchantId, { email, role: 'merchant' })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409, 409, 409, 409]);
});

test('an account removed from all its merchants at once is a customer afterwards; one added meanwhile is not', async () => {
  const merchantIds = await Promise.all(Array.from({ length: 4 }, () => createMerchant(shop)));
  const [last, ...others] = merchantIds;
  for (let round = 0; round < 5; round += 1) {
    const account = await register();
    const { email } = account;
    for (const merchantId of others) await add(merchantId, { email, role: 'merchant' });
    const removed = others.map((merchantId) => remove(merchantId, account.id));
    const added = round % 2 ? add(last ?? '', { email, role: 'merchant' }) : undefined;
    for (const answer of await Promise.all(removed)) assert.equal(answer.status, 204);
    if (added !== undefined) assert.equal((await added).status, 201);
    assert.equal(await roleOf(account), round % 2 ? 'merchant' : 'customer');
  }
});

test("SEC-01 members and API keys of another's merchant are 404, the same as for an unknown id", async () => {
  const merchantId = await createMerchant(shop);
  const { id: accountId, email } = await register();
  await add(merchantId, { email, role: 'courier' });
  const made = await call('POST', `/merchants/${merchantId}/api-keys`, {
    token: shop.operatorToken,
    key: 'auto',
    body: { name: 'Theirs' },
  });
  const strangers = {
    customer: newCustomer().token,
    courier: await createMember(shop, shop.merchantId, 'courier'),
    staff: await createMember(shop, shop.merchantId, 'merchant'),
    'API key': await createApiKey(shop, shop.merchantId),
  };
  const routes: [string, (id: string) => string, unknown][] = [
    ['GET', (id) => `/merchants/${id}/members`, undefined],
    ['POST', (id) => `/merchants/${id}/members`, { email, role: 'merchant' }],
    ['DELETE', (id) => `/merchants/${id}/members/${accountId}`, undefined],
    ['GET', (id) => `/merchants/${id}/api-keys`, undefined],
    ['POST', (id) => `/merchants/${id}/api-keys`, { name: 'Mine' }],
    ['DELETE', (id) => `/merchants/${id}/api-keys/${made.json.id}`, undefined],
  ];
  const unknownId = randomUUID();
  for (const [method, path, body] of routes) {
    const options = { key: 'auto', body };
    assert.equal((await call(method, path(merchantId), options)).status, 401, `${method} ${path(merchantId)}`);
    const unknown = await call(method, path(unknownId), { ...options, token: shop.operatorToken });
    assert.equal(unknown.status, 404, unknown.text);
    for (const [who, token] of Object.entries(strangers)) {
      const answer = await call(method, path(merchantId), { ...options, token });
      assert.equal(answer.status, 404, `${method} ${path(merchantId)} as ${who}: ${answer.text}`);
      const { requestId: _, ...rest } = answer.json;
      assert.deepEqual({ ...rest, requestId: unknown.json.requestId }, unknown.json);
    }
  }
  const members = await call('GET', `/merchants/${merchantId}/members`, { token: shop.operatorToken });
  assert.equal(members.json.data.length, 1);
  const keys = await call('GET', `/merchants/${merchantId}/api-keys`, { token: shop.operatorToken });
  assert.deepEqual(
    keys.json.data.map(({ id, revokedAt }: { id: string; revokedAt: string | null }) => [id, revokedAt]),
    [[made.json.id, null]],
  );
  // An operator names another merchant's key under the wrong merchant.
  const misplaced = await call('DELETE', `/merchants/${shop.merchantId}/api-keys/${made.json.id}`, {
    token: shop.operatorToken,
  });
  assert.equal(misplaced.status, 404);
});

test('the own merchant with the wrong means: an API key may neither add people nor make keys, 403', async () => {
  const token = await createApiKey(shop, shop.merchantId);
  const { email, id } = await register();
  const attempts: [string, string, unknown][] = [
    ['GET', 'members', undefined],
    ['POST', 'members', { email, role: 'merchant' }],
    ['DELETE', `members/${id}`, undefined],
    ['GET', 'api-keys', undefined],
    ['POST', 'api-keys', { name: 'Child' }],
    ['DELETE', `api-keys/${randomUUID()}`, undefined],
  ];
  for (const [method, path, body] of attempts) {
    const answer = await call(method, `/merchants/${shop.merchantId}/${path}`, { token, key: 'auto', body });
    assert.equal(answer.status, 403, `${method} ${path}: ${answer.text}`);
  }
});
