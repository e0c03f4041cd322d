import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Answer, type RequestOptions, send } from '../support/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startEngine } from '../support/engine.ts';
import { startEngines, type TestEngines } from '../support/engines.ts';
import { createShop, type Shop } from '../support/shop.ts';

let database: TestDatabase;
let engines: TestEngines;
let shop: Shop;

before(async () => {
  database = await createTestDatabase();
  engines = await startEngines({ DATABASE_URL: database.url, LOG_LEVEL: 'trace' });
  shop = await createShop(engines.url);
});

after(async () => {
  await engines.stop();
  await database.drop();
});

const call = (method: string, path: string, options: RequestOptions = {}): Promise<Answer> =>
  send(method, `${engines.url}/api/v1${path}`, options);

const PASSWORD = 'a long enough password';

async function register(): Promise<{ id: string; email: string }> {
  const email = `${randomUUID()}@example.com`;
  const answer = await call('POST', '/accounts', { body: { email, password: PASSWORD } });
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

const logIn = (email: string, password = PASSWORD, url = engines.url): Promise<Answer> =>
  send('POST', `${url}/api/v1/sessions`, { body: { email, password } });

async function tokenOf(email: string, url = engines.url): Promise<string> {
  const answer = await logIn(email, PASSWORD, url);
  assert.equal(answer.status, 201, answer.text);
  return answer.json.accessToken;
}

const me = (token: string, url = engines.url): Promise<Answer> => send('GET', `${url}/api/v1/accounts/me`, { token });

test('201 a session: a token for the account, how long it is good, and nothing to be kept by caches', async () => {
  const account = await register();
  const answer = await logIn(account.email.toUpperCase());
  assert.equal(answer.status, 201);
  const { accessToken, ...rest } = answer.json;
  assert.deepEqual(rest, { tokenType: 'Bearer', expiresInSeconds: 3_600, account });
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.deepEqual((await me(accessToken)).json, account);
});

/** All that an answer says, without what is this exchange's own. */
function saidBy(answer: Answer): unknown {
  const { requestId, ...problem } = answer.json;
  const headers = [...answer.headers].filter(([name]) => !['date', 'request-id'].includes(name));
  assert.ok(requestId);
  return { status: answer.status, headers, problem };
}

test('401 credentials-rejected says the same for a wrong password and for an e-mail without an account', async () => {
  const { email } = await register();
  const wrong = await logIn(email, 'not the password');
  const unknown = await logIn(`${randomUUID()}@example.com`, 'not the password');
  assert.deepEqual([wrong.status, wrong.json.code], [401, 'credentials-rejected']);
  assert.ok(wrong.headers.get('www-authenticate'));
  assert.deepEqual(saidBy(unknown), saidBy(wrong));
  for (const email of ['', 'no e-mail at all', "' OR true --", 'ſomebody@example.com']) {
    assert.deepEqual(saidBy(await logIn(email)), saidBy(wrong), email);
  }
});

test('SEC-05 what is no attempt to sign in is a 400 and counts as none', async () => {
  const { email } = await register();
  for (const body of [
    {},
    { email },
    { email, password: null },
    { email, password: 1_234_567_890 },
    { email, password: 'x'.repeat(201) },
    { email: [email], password: PASSWORD },
    { email: `${email}\u0000`, password: PASSWORD },
    { email, password: PASSWORD, role: 'operator' },
  ]) {
    const answer = await call('POST', '/sessions', { body });
    assert.deepEqual([answer.status, answer.json.code], [400, 'validation-failed'], JSON.stringify(body));
  }
  assert.equal((await logIn(email)).status, 201);
});

// Of a certain process, because those under way count in the process that has them.
test('guesses at one e-mail that are sent to a process at once are no more than five', async () => {
  const { email } = await register();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => logIn(email, `guess ${index}`, engines.urls[0])),
  );
  const guessed = answers.filter(({ status }) => status === 401).length;
  assert.ok(guessed <= 5, `${guessed} guesses were compared`);
  for (const { status } of answers) assert.ok(status === 401 || status === 429, `${status}`);
});

// Made by hand, so that nothing of what is tested takes part.
const SECRET = 'not-a-secret-not-a-secret-not-a-secret';
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1_000);

function forge(claims: object): string {
  const signed = `${encode({ alg: 'HS256', typ: 'JWT', kid: 'development' })}.${encode({
    sub: randomUUID(),
    role: 'customer',
    iss: 'doorbuster',
    aud: 'doorbuster',
    iat: now(),
    exp: now() + 600,
    ...claims,
  })}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}

test('SEC-04 credentials in another form are none', async () => {
  const token = await tokenOf((await register()).email);
  const read = (authorization: string) => call('GET', '/accounts/me', { headers: { authorization } });
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) assert.equal((await read(`${scheme} ${token}`)).status, 200);
  const basic = `Basic ${Buffer.from(`user:${PASSWORD}`).toString('base64')}`;
  for (const authorization of ['Bearer', 'Bearer  ', token, basic, `Bearer ${token} ${token}`, `Bearer ${token},`]) {
    assert.equal((await read(authorization)).status, 401, authorization.slice(0, 20));
  }
  const inQuery = await call('GET', `/accounts/me?access_token=${token}`);
  assert.equal(inQuery.status, 401);
});

test('IK-09 IK-11 a repeat with an expired token is a 401, and the key still brings the order afterwards', async () => {
  const sale = await shop.createSale();
  const sub = randomUUID();
  const key = randomUUID();
  const request = { key, body: { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] } };
  const placed = await call('POST', '/orders', { ...request, token: forge({ sub }) });
  assert.equal(placed.status, 201, placed.text);
  const expired = await call('POST', '/orders', { ...request, token: forge({ sub, exp: now() - 1 }) });
  assert.deepEqual([expired.status, expired.json.code], [401, 'unauthenticated']);
  const again = await call('POST', '/orders', { ...request, token: forge({ sub, iat: now() - 1 }) });
  assert.deepEqual([again.status, again.text], [201, placed.text]);
  assert.equal(again.headers.get('idempotent-replayed'), 'true');
});

test('IK-11 a key that came with a bad token first is free', async () => {
  const sale = await shop.createSale();
  const sub = randomUUID();
  const request = { key: randomUUID(), body: { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] } };
  assert.equal((await call('POST', '/orders', { ...request, token: forge({ sub, aud: 'x' }) })).status, 401);
  const placed = await call('POST', '/orders', { ...request, token: forge({ sub }) });
  assert.equal(placed.status, 201);
  assert.equal(placed.headers.get('idempotent-replayed'), null);
});

test('keys rotate while people are signed in: the old one verifies until it is removed', async () => {
  const [old, fresh] = ['old:first-secret-first-secret-first-secret', 'new:second-secret-second-secret-second'];
  const { email } = await register();
  const tokens: Record<string, string> = {};
  const accepts = async (url: string) => ({
    old: (await me(tokens['old'] ?? '', url)).status,
    fresh: (await me(tokens['fresh'] ?? '', url)).status,
  });
  const settings = { DATABASE_URL: database.url, OPERATOR_PASSWORD: 'a long operator password' };

  const first = await startEngine({ ...settings, TOKEN_KEYS: old });
  tokens['old'] = await tokenOf(email, first.url);
  const during = await startEngine({ ...settings, TOKEN_KEYS: `${fresh},${old}` });
  tokens['fresh'] = await tokenOf(email, during.url);
  assert.deepEqual(await accepts(during.url), { old: 200, fresh: 200 });
  assert.deepEqual(await accepts(first.url), { old: 200, fresh: 401 });
  await first.stop();
  const afterwards = await startEngine({ ...settings, TOKEN_KEYS: fresh });
  assert.deepEqual(await accepts(afterwards.url), { old: 401, fresh: 200 });
  await during.stop();
  await afterwards.stop();
});

test('SEC-07 no password, token or key gets into the log, at its most talkative', async () => {
  const password = `secret-${randomUUID()}`;
  const email = `${randomUUID()}@example.com`;
  const operator = { token: shop.operatorToken, key: 'auto' };
  await call('POST', '/accounts', { body: { email, password } });
  const { accessToken } = (await logIn(email, password)).json;
  await logIn(email, `${password}!`);
  await me(accessToken);
  await call('POST', '/accounts', { body: { email, password, secret: password } });
  await call('POST', '/accounts', { rawBody: `{"email":"${email}","password":"${password}"` });
  await call('POST', '/admin/accounts', { ...operator, body: { email, password, role: 'courier' } });
  const made = await call('POST', `/merchants/${shop.merchantId}/api-keys`, { ...operator, body: { name: 'Key' } });
  await call('GET', '/accounts/me', { token: made.json.secret });
  await call('GET', '/orders', { token: made.json.secret });
  const log = engines.output().join('\n');
  for (const secret of [password, accessToken, made.json.secret, shop.operatorToken]) {
    assert.ok(typeof secret === 'string' && secret.length > 20);
    assert.ok(!log.includes(secret));
  }
});
