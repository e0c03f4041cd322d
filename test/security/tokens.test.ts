import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { createSigner } from 'fast-jwt';
import { tokenFor } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { scaled } from '../support/scale.ts';
import { createApiKey } from '../support/staff.ts';
import { createStage } from '../support/stage.ts';
import { type Operation, pathWith, readApiDocument } from './api-document.ts';
import { ask } from './ask.ts';
import { createWorld, exampleBody, WORLD_SETTINGS, type World } from './world.ts';

const stage = createStage({ after });
let database: TestDatabase;
let url: string;
let secured: readonly Operation[];
let world: World;

before(async () => {
  database = await stage.database();
  ({ url } = await stage.engine({ ...WORLD_SETTINGS, DATABASE_URL: database.url }));
  secured = (await readApiDocument(url)).operations.filter((operation) => operation.secured);
  world = await createWorld(url, database);
});

const DEVELOPMENT_KEY = 'not-a-secret-not-a-secret-not-a-secret';
const CLAIMS = { sub: randomUUID(), role: 'operator' };

function sign(options: object = {}, claims: object = CLAIMS): string {
  const good = { key: DEVELOPMENT_KEY, kid: 'development', iss: 'doorbuster', aud: 'doorbuster', expiresIn: 60_000 };
  return createSigner({ ...good, ...options })(claims);
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Values of Authorization that name nobody, by what is wrong with them. */
async function badCredentials(): Promise<Readonly<Record<string, string>>> {
  const [head = '', payload = '', signature = ''] = sign().split('.');
  const forged = encode({ ...CLAIMS, iss: 'doorbuster', aud: 'doorbuster', exp: 4_000_000_000 });
  const revoked = await createApiKey(world.shop, world.shop.merchantId);
  const keys = `${url}/api/v1/merchants/${world.shop.merchantId}/api-keys`;
  const { data } = (await ask('GET', keys, { token: world.shop.operatorToken })).json;
  await ask('DELETE', `${keys}/${data.at(-1).id}`, { token: world.shop.operatorToken });
  const tokens = {
    'edited role': `${head}.${forged}.${signature}`,
    'no signature': `${head}.${payload}.`,
    'alg none': `${encode({ alg: 'none', typ: 'JWT', kid: 'development' })}.${forged}.`,
    'alg None': `${encode({ alg: 'None', typ: 'JWT', kid: 'development' })}.${forged}.${signature}`,
    'another algorithm': sign({ algorithm: 'HS512' }),
    'another key': sign({ key: 'x'.repeat(40) }),
    'unknown key id': sign({ kid: 'other' }),
    'key id of the prototype': sign({ kid: '__proto__' }),
    'no key id': sign({ kid: undefined }),
    expired: sign({ clockTimestamp: Date.now() - 120_000 }),
    'no expiry': sign({ expiresIn: undefined }),
    'not yet valid': sign({ notBefore: 60_000 }),
    'another issuer': sign({ iss: 'other' }),
    'another audience': sign({ aud: 'other' }),
    'unknown role': sign({}, { ...CLAIMS, role: 'king' }),
    'role of the prototype': sign({}, { ...CLAIMS, role: 'constructor' }),
    'no subject': sign({}, { role: 'operator' }),
    'subject that is no id': sign({}, { ...CLAIMS, sub: "' OR 1=1 --" }),
    garbage: 'rubbish',
    'very long': 'x'.repeat(10_000),
    'an API key that is none': `dbk_${'x'.repeat(43)}`,
    'a revoked API key': revoked,
  };
  return {
    ...Object.fromEntries(Object.entries(tokens).map(([kind, token]) => [kind, `Bearer ${token}`])),
    empty: '',
    'only the scheme': 'Bearer',
    'another scheme': `Basic ${Buffer.from('operator@example.com:doorbuster-development').toString('base64')}`,
    'a token without its scheme': world.shop.operatorToken,
    'two tokens in one header': `Bearer ${tokenFor(randomUUID())}, Bearer ${world.shop.operatorToken}`,
  };
}

function call(operation: Operation, authorization: string | undefined) {
  const body = exampleBody(operation, world.ours);
  return ask(operation.method, url + pathWith(operation, world.ours.ids), {
    key: randomUUID(),
    headers: { 'if-match': '*', ...(authorization === undefined ? {} : { authorization }) },
    ...(body === undefined ? {} : { body }),
  });
}

/** Every kind meets some operations; in the full form, all of them. */
const OPERATIONS_PER_KIND = scaled(12, Number.POSITIVE_INFINITY);

test('SEC-04 every authenticated operation refuses every kind of bad credentials with 401 and WWW-Authenticate', async () => {
  const kinds = Object.entries(await badCredentials());
  // A revoked key may be remembered for a moment.
  const untilRevoked = kinds.toSorted(([a], [b]) => Number(a.includes('revoked')) - Number(b.includes('revoked')));
  let next = 0;
  for (const [kind, authorization] of untilRevoked) {
    for (let count = 0; count < Math.min(OPERATIONS_PER_KIND, secured.length); count += 1) {
      const operation = secured[next % secured.length];
      next += 1;
      assert.ok(operation !== undefined);
      const answer = await call(operation, authorization);
      const message = `${kind}: ${operation.name}: ${answer.status} ${answer.text}`;
      assert.deepEqual([answer.status, answer.json?.code], [401, 'unauthenticated'], message);
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer( error="invalid_token")?$/, message);
      assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/, message);
    }
  }
  assert.ok(next >= secured.length, 'every operation was asked');
});

test('SEC-04 two Authorization headers are no credentials, whichever of them is good', async () => {
  const [good, bad] = [`Bearer ${world.shop.operatorToken}`, 'Bearer rubbish'];
  const { hostname, port } = new URL(url);
  for (const authorization of [
    [good, bad],
    [bad, good],
    [good, good],
  ]) {
    const sent = request({
      hostname,
      port,
      path: '/api/v1/admin/accounts',
      agent: false,
      headers: ['Host', 'x', ...authorization.flatMap((each) => ['Authorization', each])],
    }).end();
    const [response] = await once(sent, 'response');
    assert.equal(response.statusCode, 401, await text(response));
    assert.match(response.headers['www-authenticate'], /^Bearer/);
  }
});

test('SEC-04 a token in the address is no credential', async () => {
  for (const name of ['access_token', 'token', 'authorization']) {
    const answer = await ask('GET', `${url}/api/v1/admin/accounts?${name}=${world.shop.operatorToken}`);
    assert.equal(answer.status, 401, name);
  }
});
