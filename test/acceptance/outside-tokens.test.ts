import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Answer, newCustomer, type RequestOptions, send } from '../support/client.ts';
import type { TestEngines } from '../support/engines.ts';
import {
  encodePart,
  type IdentityProvider,
  makeSigningKey,
  type SigningKey,
  signToken,
  startIdentityProvider,
} from '../support/identity-provider.ts';
import { pay, placeOrder, step } from '../support/orders.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createMerchant } from '../support/staff.ts';
import { createStage } from '../support/stage.ts';

const PATIENCE_MS = 10_000;
const MERCHANTS = 'https://shop.example/merchants';

const keys = {
  RS256: makeSigningKey('rs', 'RS256'),
  PS256: makeSigningKey('ps', 'PS256'),
  ES256: makeSigningKey('es', 'ES256'),
  EdDSA: makeSigningKey('ed', 'EdDSA'),
};

const stage = createStage({ after });
let provider: IdentityProvider;
let databaseUrl: string;
let engines: TestEngines;
let shop: Shop;

async function startProvider(): Promise<IdentityProvider> {
  const started = await startIdentityProvider();
  started.publish(...Object.values(keys));
  return started;
}

/** Of an engine that takes the tokens of an issuer. */
const settingsFor = (issuer: IdentityProvider) => ({
  DATABASE_URL: databaseUrl,
  OUTSIDE_ISSUER: issuer.issuer,
  OUTSIDE_AUDIENCE: 'shop',
  OUTSIDE_JWKS_COOLDOWN_SECONDS: '1',
  OUTSIDE_ROLE_CLAIM: 'realm_access.roles',
  OUTSIDE_ROLE_MAP: 'admin=operator,staff=merchant,rider=courier',
  OUTSIDE_MERCHANT_CLAIM: MERCHANTS,
  LOG_LEVEL: 'trace',
});

/** One process, because each fetches and remembers the keys for itself. */
const startProcess = (issuer: IdentityProvider, settings: Readonly<Record<string, string>> = {}) =>
  stage.engine({ ...settingsFor(issuer), ...settings });

before(async () => {
  databaseUrl = (await stage.database()).url;
  provider = await startProvider();
  engines = await stage.engines(settingsFor(provider));
  shop = await createShop(engines.url);
});

// Registered after the stage, so that the engines are gone when the issuer goes.
after(() => provider.close());

const now = () => Math.floor(Date.now() / 1_000);

/** A good token, of somebody new unless the claims say whose. */
function tokenBy(key: SigningKey, claims: object = {}, head: object = {}, issuer = provider.issuer): string {
  return signToken(key, { iss: issuer, aud: 'shop', sub: randomUUID(), exp: now() + 600, ...claims }, head);
}

const tokenOf = (claims: object = {}) => tokenBy(keys.ES256, claims);
const staffOf = (...merchantIds: string[]) =>
  tokenOf({ realm_access: { roles: ['offline_access', 'staff'] }, [MERCHANTS]: merchantIds });
const riderOf = (merchantId: string) => tokenOf({ realm_access: { roles: ['rider'] }, [MERCHANTS]: merchantId });

const call = (method: string, path: string, options: RequestOptions = {}): Promise<Answer> =>
  send(method, `${engines.url}/api/v1${path}`, options);
const me = (token: string, url = engines.url): Promise<Answer> => send('GET', `${url}/api/v1/accounts/me`, { token });

/** Asks until the answer has this status. */
async function until(status: number, ask: () => Promise<Answer>): Promise<Answer> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer.status === status) return answer;
    assert.ok(Date.now() < deadline, `still ${answer.status} ${answer.text}`);
  }
}

for (const [alg, key] of Object.entries(keys)) {
  test(`200 a good ${alg} token: its subject is the same account each time, without a row in the ledger`, async () => {
    const sub = randomUUID();
    const first = await me(tokenBy(key, { sub }));
    assert.equal(first.status, 200, first.text);
    assert.match(first.json.id, /^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    assert.deepEqual(first.json, { id: first.json.id, role: 'customer', merchantIds: [] });
    assert.deepEqual((await me(tokenBy(key, { sub, jti: 'another' }))).json, first.json);
    assert.notEqual((await me(tokenBy(key))).json.id, first.json.id);
  });
}

test('own tokens and API keys are good as ever', async () => {
  assert.equal((await me(shop.operatorToken)).json.role, 'operator');
  const order = await shop.order(await shop.createSale());
  assert.equal(order.status, 201, order.text);
});

test('an outside customer orders, repeats by another token of the same person, and has the limit of one customer', async () => {
  const sale = await shop.createSale({ items: [{ limitPerCustomer: 1 }] });
  const sub = randomUUID();
  const { id } = (await me(tokenOf({ sub }))).json;
  const first = await shop.order(sale, { token: tokenOf({ sub }), key: 'the-key' });
  assert.equal(first.status, 201, first.text);
  assert.equal(first.json.userId, id);
  const repeat = await shop.order(sale, { token: tokenBy(keys.RS256, { sub }), key: 'the-key' });
  assert.deepEqual([repeat.status, repeat.text], [201, first.text]);
  const more = await shop.order(sale, { token: tokenOf({ sub }) });
  assert.deepEqual([more.status, more.json.code], [409, 'limit-reached']);

  const other = tokenOf();
  assert.equal((await shop.order(sale, { token: other, key: 'the-key' })).status, 201);
  assert.equal((await call('GET', `/orders/${first.json.id}`, { token: other })).status, 404);
  assert.equal((await call('GET', `/orders?userId=${id}`, { token: other })).status, 403);
  const listed = await call('GET', '/orders', { token: tokenOf({ sub }) });
  assert.deepEqual(
    listed.json.data.map((order: { id: string }) => order.id),
    [first.json.id],
  );
});

test('SEC-04 every kind of bad token of the issuer is 401 with WWW-Authenticate', async () => {
  const stranger = makeSigningKey('es', 'ES256');
  const claims = { iss: provider.issuer, aud: 'shop', sub: randomUUID(), exp: now() + 600 };
  const operator = { ...claims, realm_access: { roles: ['admin'] } };
  const none = encodePart({ alg: 'none', typ: 'JWT', kid: 'es' });
  const pem = keys.RS256.publicKey.export({ format: 'pem', type: 'spki' });
  const confuse = (alg: string) => {
    const signed = `${encodePart({ alg, typ: 'JWT', kid: 'rs' })}.${encodePart(operator)}`;
    return `${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}`;
  };
  const [head, , signature] = tokenOf(claims).split('.');
  const bad = {
    'alg none': `${none}.${encodePart(operator)}.`,
    'alg none with a signature': `${none}.${encodePart(operator)}.${signature}`,
    'HS256 by the public key': confuse('HS256'),
    'RS256 that is HS256 by the public key': confuse('RS256'),
    'another key with a known id': tokenBy(stranger, operator),
    'an unknown key id': tokenBy(keys.ES256, operator, { kid: 'other' }),
    'a key of its own': tokenBy(stranger, operator, { kid: 'mine', jwk: stranger.jwk }),
    'another issuer': tokenOf({ iss: 'https://other.example/' }),
    'our own issuer': tokenOf({ iss: 'doorbuster', aud: 'doorbuster', role: 'operator' }),
    'another audience': tokenOf({ aud: ['other'] }),
    expired: tokenOf({ exp: now() - 60 }),
    'no expiry': tokenOf({ exp: undefined }),
    'not yet valid': tokenOf({ nbf: now() + 60 }),
    'an edited role': `${head}.${encodePart(operator)}.${signature}`,
    'the type of a logout': tokenBy(keys.ES256, operator, { typ: 'logout+jwt' }),
    'no subject': tokenOf({ sub: undefined }),
  };
  for (const [kind, token] of Object.entries(bad)) {
    for (const [method, path] of [
      ['GET', '/accounts/me'],
      ['GET', '/admin/accounts'],
      ['POST', '/orders'],
    ] as const) {
      const answer = await call(method, path, { token });
      assert.deepEqual([answer.status, answer.json.code], [401, 'unauthenticated'], `${kind}: ${method} ${path}`);
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer error="invalid_token"/);
    }
  }
});

test('roles come by the map: an operator administers, nobody else does', async () => {
  const cases = [
    [['admin', 'staff'], 'operator', 200],
    [['staff'], 'merchant', 403],
    [['rider'], 'courier', 403],
    [['operator', 'Admin'], 'customer', 403],
    ['admin', 'operator', 200],
  ] as const;
  for (const [roles, role, status] of cases) {
    const token = tokenOf({ realm_access: { roles } });
    assert.equal((await me(token)).json.role, role);
    assert.equal((await call('GET', '/admin/accounts', { token })).status, status, role);
  }
});

test('SEC-01 staff work for the merchants that their token names, and what is of others does not exist', async () => {
  const otherId = await createMerchant(shop);
  const order = await placeOrder(shop, await shop.createSale());
  const staff = staffOf(shop.merchantId.toUpperCase(), 'rubbish', randomUUID());
  const [other, both, nobody] = [staffOf(otherId), staffOf(otherId, shop.merchantId), staffOf()];
  for (const [token, status] of [
    [staff, 200],
    [both, 200],
    [other, 404],
    [nobody, 404],
  ] as const) {
    assert.equal((await call('GET', `/orders/${order.id}`, { token })).status, status);
    assert.equal((await call('GET', `/merchants/${shop.merchantId}/members`, { token })).status, status);
    const renamed = { token, body: { name: 'Renamed' }, headers: { 'if-match': '*' } };
    assert.equal((await call('PATCH', `/sales/${order.sale.id}`, renamed)).status, status);
  }
  const listed = async (token: string) =>
    (await call('GET', `/orders?saleId=${order.sale.id}`, { token })).json.data.length;
  assert.deepEqual([await listed(staff), await listed(other), await listed(nobody)], [1, 0, 0]);
  const merchants = (await call('GET', '/merchants', { token: staff })).json.data;
  assert.deepEqual(
    merchants.map((merchant: { id: string }) => merchant.id),
    [shop.merchantId],
  );
});

test('a whole order by outside people: staff prepare it, a courier of the merchant sees and delivers it', async () => {
  const otherId = await createMerchant(shop);
  const sale = await shop.createSale({ fulfillment: 'kitchen' });
  const customer = { id: '', token: tokenOf() };
  const order = await placeOrder(shop, sale, { customer });
  assert.equal((await pay(engines.url, order)).status, 200);
  const [staff, rider, stranger] = [staffOf(shop.merchantId), riderOf(shop.merchantId), riderOf(otherId)];
  const read = async (token: string) => (await call('GET', `/orders/${order.id}`, { token })).status;
  assert.deepEqual([await read(staff), await read(rider), await read(stranger)], [200, 404, 404]);
  assert.equal((await step(engines.url, order.id, 'acceptance', { token: staffOf(otherId) })).status, 404);
  for (const intent of ['acceptance', 'preparation']) {
    assert.equal((await step(engines.url, order.id, intent, { token: staff })).status, 200, intent);
  }
  assert.deepEqual([await read(staff), await read(rider), await read(stranger)], [200, 200, 404]);
  const ofRider = (await call('GET', `/orders?saleId=${sale.id}`, { token: rider })).json.data;
  assert.equal(ofRider.length, 1);
  const picked = await step(engines.url, order.id, 'pickup', { token: rider, body: {} });
  assert.deepEqual([picked.status, picked.json?.status], [200, 'in_transit'], picked.text);
});

test('a rotated key is found by itself, with one fetch of a process', async () => {
  const rotated = makeSigningKey('rotated', 'ES256');
  const fetches = provider.fetches();
  provider.publish(...Object.values(keys), rotated);
  const ask = () => me(tokenBy(rotated), engines.urls[0]);
  await until(200, ask);
  for (const answer of await Promise.all(Array.from({ length: 20 }, ask))) assert.equal(answer.status, 200);
  assert.equal(provider.fetches() - fetches, 1);
});

test('a flood of unknown key ids fetches the key set no more often than allowed, and harms nobody', async () => {
  const issuer = await startProvider();
  stage.atEnd(issuer.close);
  const flooded = await startProcess(issuer, { OUTSIDE_JWKS_COOLDOWN_SECONDS: '3600' });
  const ask = (kid: string) => me(tokenBy(keys.ES256, {}, { kid }, issuer.issuer), flooded.url);
  assert.equal((await ask('es')).status, 200);
  for (let round = 0; round < 5; round += 1) {
    const flood = await Promise.all(Array.from({ length: 100 }, () => ask(randomUUID())));
    assert.ok(flood.every(({ status }) => status === 401));
  }
  assert.equal((await ask('es')).status, 200);
  assert.equal(issuer.fetches(), 1);
});

test('keys away: 503 with Retry-After until they are back, then known keys go on; own tokens never notice', async () => {
  const issuer = await startProvider();
  stage.atEnd(issuer.close);
  issuer.behave('500');
  const lonely = await startProcess(issuer);
  const ask = (key: SigningKey, head: object = {}) => me(tokenBy(key, {}, head, issuer.issuer), lonely.url);
  const away = await ask(keys.ES256);
  assert.deepEqual([away.status, away.json.code], [503, 'unavailable']);
  assert.match(away.headers.get('retry-after') ?? '', /^[12]$/);
  assert.equal((await me(shop.operatorToken, lonely.url)).status, 200);
  assert.equal((await shop.order(await shop.createSale(), { token: newCustomer().token })).status, 201);

  issuer.behave('fine');
  await until(200, () => ask(keys.ES256));
  issuer.behave('drops');
  const unknown = await until(503, () => ask(keys.ES256, { kid: 'other' }));
  assert.ok(unknown.headers.get('retry-after'));
  for (const key of Object.values(keys)) assert.equal((await ask(key)).status, 200, 'a known key');
  issuer.behave('fine');
  await until(401, () => ask(keys.ES256, { kid: 'other' }));
});

test('a key set that hangs: 503 in time', async () => {
  const issuer = await startProvider();
  stage.atEnd(issuer.close);
  issuer.behave('hangs');
  const waiting = await startProcess(issuer);
  const startedAt = performance.now();
  const answer = await me(tokenBy(keys.ES256, {}, {}, issuer.issuer), waiting.url);
  assert.equal(answer.status, 503);
  assert.ok(performance.now() - startedAt < 5_000);
});

test('403 for people without a role where customers are not the default', async () => {
  const strict = await startProcess(provider, { OUTSIDE_ROLE_DEFAULT: 'none' });
  const answer = await me(tokenOf(), strict.url);
  assert.deepEqual([answer.status, answer.json.code], [403, 'forbidden']);
  assert.equal((await me(staffOf(), strict.url)).status, 200);
});

test('SEC-07 no token stands in the log, but why one was refused does', async () => {
  const token = tokenOf({ aud: 'other' });
  assert.equal((await me(token)).status, 401);
  const output = engines.output().join('\n');
  assert.ok(output.includes('unexpected \\"aud\\" claim value'));
  assert.ok(!output.includes(token.split('.')[1] ?? '') && !output.includes(token.split('.')[2] ?? ''));
});
