import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Answer, newCustomer, type RequestOptions, send } from '../support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startEngines, type TestEngines } from '../support/engines.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createApiKey, createMember } from '../support/staff.ts';

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

const call = (method: string, path: string, options: RequestOptions = {}): Promise<Answer> =>
  send(method, `${engines.url}/api/v1${path}`, options);

const newEmail = () => `${randomUUID()}@example.com`;
const PASSWORD = 'a long enough password';

async function countAccounts(): Promise<number> {
  const [row] = await database.query<{ count: number }>('SELECT count(*)::int FROM accounts');
  return row?.count ?? 0;
}

test("201 registered: a customer's account, the e-mail in lower case, and no password in sight", async () => {
  const email = newEmail();
  const answer = await call('POST', '/accounts', {
    body: { email: email.toUpperCase(), password: PASSWORD, name: 'Ännchen' },
  });
  assert.equal(answer.status, 201, answer.text);
  const { id, createdAt, ...rest } = answer.json;
  assert.deepEqual(rest, { email, name: 'Ännchen', role: 'customer' });
  assert.match(createdAt, /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/);

  const session = await call('POST', '/sessions', { body: { email, password: PASSWORD } });
  assert.equal(session.status, 201, session.text);
  assert.deepEqual(session.json.account, answer.json);
  const me = await call('GET', '/accounts/me', { token: session.json.accessToken });
  assert.deepEqual([me.status, me.json], [200, answer.json]);
  assert.equal(me.json.id, id);

  const [row] = await database.query<{ kept: string }>(
    'SELECT to_jsonb(accounts)::text AS kept FROM accounts WHERE id = $1',
    [id],
  );
  assert.ok(!row?.kept.includes(PASSWORD));
});

test('409 already-exists: an e-mail has one account, in any letter case, also when many register it at once', async () => {
  const email = newEmail();
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      call('POST', '/accounts', { body: { email: index % 2 ? email : email.toUpperCase(), password: PASSWORD } }),
    ),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array(7).fill(409)]);
  for (const { status, json } of answers) if (status === 409) assert.equal(json.code, 'already-exists');
});

test('SEC-05 PD-02 what cannot be registered is a 400 that names each place, never applied and never echoed', async () => {
  const before = await countAccounts();
  const good = () => ({ email: newEmail(), password: PASSWORD });
  const cases: [body: unknown, pointers: string[]][] = [
    [{}, ['/email', '/password']],
    [{ ...good(), role: 'operator' }, ['/role']],
    [{ ...good(), id: randomUUID(), createdAt: 'now' }, ['/createdAt', '/id']],
    [{ ...good(), email: 'nobody' }, ['/email']],
    [{ ...good(), email: 'a\u0000@example.com' }, ['/email']],
    [{ ...good(), email: `${'a'.repeat(250)}@example.com` }, ['/email']],
    [{ ...good(), email: 17 }, ['/email']],
    [{ ...good(), password: 'hunter2!!' }, ['/password']],
    [{ ...good(), password: 'x'.repeat(201) }, ['/password']],
    [{ ...good(), name: 'a\u0000b' }, ['/name']],
    [{ ...good(), name: '' }, ['/name']],
    [[], ['']],
    ['text', ['']],
  ];
  for (const [body, pointers] of cases) {
    const answer = await call('POST', '/accounts', { body });
    assert.equal(answer.status, 400, JSON.stringify(body));
    const places = new Set(answer.json.errors.map((error: { pointer: string }) => error.pointer));
    assert.deepEqual([...places].sort(), pointers, answer.text);
    assert.ok(!answer.text.includes('hunter2'));
  }
  const poisoned = `{"email":"${newEmail()}","password":"${PASSWORD}","__proto__":{"role":"operator"}}`;
  assert.equal((await call('POST', '/accounts', { rawBody: poisoned })).status, 400);
  assert.equal(await countAccounts(), before);
});

test('passwords of 10 and of 200 characters are taken and checked whole', async () => {
  for (const password of ['0123456789', `${'😀'.repeat(199)}x`]) {
    const email = newEmail();
    assert.equal((await call('POST', '/accounts', { body: { email, password } })).status, 201);
    assert.equal((await call('POST', '/sessions', { body: { email, password } })).status, 201);
    const cut = await call('POST', '/sessions', { body: { email, password: password.slice(0, -1) } });
    assert.equal(cut.status, 401);
  }
});

test('who has no account of its own has none to read', async () => {
  assert.equal((await call('GET', '/accounts/me')).status, 401);
  const key = await createApiKey(shop, shop.merchantId);
  for (const token of [newCustomer().token, key]) {
    assert.equal((await call('GET', '/accounts/me', { token })).status, 404);
  }
});

test('operators make accounts in every role, and those can sign in', async () => {
  for (const role of ['customer', 'merchant', 'courier', 'operator']) {
    const email = newEmail();
    const made = await call('POST', '/admin/accounts', {
      token: shop.operatorToken,
      key: 'auto',
      body: { email, password: PASSWORD, role },
    });
    assert.equal(made.status, 201, made.text);
    assert.deepEqual([made.json.email, made.json.role, made.json.name], [email, role, null]);
    const session = await call('POST', '/sessions', { body: { email, password: PASSWORD } });
    assert.equal(session.status, 201, session.text);
    assert.deepEqual(session.json.account, made.json);
    const listed = await call('GET', '/admin/accounts', { token: session.json.accessToken });
    assert.equal(listed.status, role === 'operator' ? 200 : 403);
  }
});

test('IK-04 an account is made once per key: the repeat has the same bytes, and no password is kept with it', async () => {
  const body = { email: newEmail(), password: 'remember me not', role: 'courier' };
  const request = { token: shop.operatorToken, key: randomUUID() };
  const first = await call('POST', '/admin/accounts', { ...request, body });
  const repeat = await call('POST', '/admin/accounts', { ...request, body });
  assert.equal(first.status, 201, first.text);
  assert.deepEqual([repeat.status, repeat.text], [201, first.text]);
  assert.equal(repeat.headers.get('idempotent-replayed'), 'true');

  const other = await call('POST', '/admin/accounts', { ...request, body: { ...body, email: newEmail() } });
  assert.deepEqual([other.status, other.json.code], [422, 'idempotency-key-reused']);
  const taken = await call('POST', '/admin/accounts', { token: shop.operatorToken, key: 'auto', body });
  assert.deepEqual([taken.status, taken.json.code], [409, 'already-exists']);
  const keyless = await call('POST', '/admin/accounts', { token: shop.operatorToken, body });
  assert.deepEqual([keyless.status, keyless.json.code], [400, 'idempotency-key-missing']);

  const kept = await database.query<{ row: string }>(
    'SELECT to_jsonb(stored_answers)::text AS row FROM stored_answers',
  );
  assert.ok(!kept.some(({ row }) => row.includes('remember me not')));
});

test('SEC-03 the accounts of all: anonymous 401, customers, staff and shops 403', async () => {
  const staff = await createMember(shop, shop.merchantId, 'merchant');
  const courier = await createMember(shop, shop.merchantId, 'courier');
  const key = await createApiKey(shop, shop.merchantId);
  const body = { email: newEmail(), password: PASSWORD, role: 'operator' };
  assert.equal((await call('GET', '/admin/accounts')).status, 401);
  assert.equal((await call('POST', '/admin/accounts', { key: 'auto', body })).status, 401);
  for (const token of [newCustomer().token, staff, courier, key]) {
    assert.equal((await call('GET', '/admin/accounts', { token })).status, 403);
    const made = await call('POST', '/admin/accounts', { token, key: 'auto', body });
    assert.deepEqual([made.status, made.json.code], [403, 'forbidden']);
  }
  const session = await call('POST', '/sessions', { body: { email: body.email, password: PASSWORD } });
  assert.equal(session.status, 401);
});

test('PG-01 the list of accounts shows each exactly once though others register meanwhile', async () => {
  const existing = await database.query<{ id: string }>('SELECT id FROM accounts WHERE email IS NOT NULL ORDER BY id');
  const seen: string[] = [];
  let cursor = '';
  do {
    const page = await call('GET', `/admin/accounts?limit=3${cursor}`, { token: shop.operatorToken });
    assert.equal(page.status, 200, page.text);
    assert.ok(!page.text.includes('argon2'));
    seen.push(...page.json.data.map((account: { id: string }) => account.id));
    cursor = page.json.nextCursor === null ? '' : `&cursor=${page.json.nextCursor}`;
    if (seen.length < 6) await call('POST', '/accounts', { body: { email: newEmail(), password: PASSWORD } });
  } while (cursor !== '');
  assert.equal(new Set(seen).size, seen.length);
  for (const { id } of existing) assert.ok(seen.includes(id));
  for (const query of ['limit=0', 'limit=101', 'role=operator']) {
    assert.equal((await call('GET', `/admin/accounts?${query}`, { token: shop.operatorToken })).status, 400, query);
  }
  const forged = await call('GET', '/admin/accounts?cursor=abc', { token: shop.operatorToken });
  assert.deepEqual([forged.status, forged.json.code], [400, 'cursor-invalid']);
});
