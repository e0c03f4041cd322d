import assert from 'node:assert/strict';
import { createHmac, type JsonWebKey } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  encodePart,
  type IdentityProvider,
  makeSigningKey,
  type SigningKey,
  signToken,
  startIdentityProvider,
} from '../../test/support/identity-provider.ts';
import { outsideAccountId } from './outside-claims.ts';
import { createOutsideTokens, type OutsideTokens } from './outside-tokens.ts';

const keys = {
  rs: makeSigningKey('rs', 'RS256'),
  ps: makeSigningKey('ps', 'PS256'),
  es: makeSigningKey('es', 'ES256'),
  ed: makeSigningKey('ed', 'EdDSA'),
};
const stranger = makeSigningKey('es', 'ES256');
/** What no issuer should publish. */
const shared: JsonWebKey = { kty: 'oct', kid: 'shared', alg: 'HS256', k: Buffer.alloc(32, 'k').toString('base64url') };
const broken: JsonWebKey = { kty: 'RSA', kid: 'broken', alg: 'RS256', e: 'AQAB' };

let provider: IdentityProvider;
let tokens: OutsideTokens;
const refused: string[] = [];

const optionsOf = ({ issuer, jwksUrl }: IdentityProvider) => ({
  issuer,
  audience: 'shop',
  jwksUrl,
  cooldownMs: 3_600_000,
  algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'] as const,
  mapping: {
    roleClaim: 'role',
    roles: [{ value: 'admin', role: 'operator' as const }],
    roleDefault: 'customer' as const,
    merchantClaim: undefined,
  },
  onAway: () => undefined,
  onRefused: (reason: string) => void refused.push(reason),
});

before(async () => {
  provider = await startIdentityProvider();
  provider.publish(...Object.values(keys), { jwk: shared }, { jwk: broken });
  tokens = createOutsideTokens(optionsOf(provider));
});

after(() => provider.close());

const now = () => Math.floor(Date.now() / 1_000);
const goodClaims = () => ({ iss: provider.issuer, aud: 'shop', sub: 'anna', exp: now() + 60 });
const forge = (claims: object = {}, head: object = {}, key: SigningKey = keys.es) =>
  signToken(key, { ...goodClaims(), ...claims }, head);

const anna = (role = 'customer') => ({
  kind: 'account',
  accountId: outsideAccountId(provider.issuer, 'anna'),
  role,
  onlySaleId: null,
  merchantIds: [],
});

for (const [name, key] of Object.entries(keys)) {
  test(`a token by ${name} names its caller, the second time at once`, async () => {
    const token = forge({}, {}, key);
    const first = tokens.verify(token);
    assert.ok(first instanceof Promise);
    assert.deepEqual(await first, anna());
    assert.deepEqual(tokens.verify(token), anna());
  });
}

test('what else issuers do is good: several audiences, no type, at+jwt, claims of their own, clocks a little apart', async () => {
  for (const token of [
    forge({ aud: ['other', 'shop'] }),
    forge({}, { typ: undefined }),
    forge({}, { typ: 'at+jwt' }),
    forge({}, { typ: 'application/at+JWT' }),
    forge({ azp: 'app', scope: 'openid' }),
    forge({ nbf: now() + 3, iat: now() + 3 }),
    forge({ exp: now() - 2 }),
  ]) {
    assert.deepEqual(await tokens.verify(token), anna());
  }
  assert.deepEqual(await tokens.verify(forge({ role: ['admin'] })), anna('operator'));
});

/** A good token with other claims in its middle. */
function edited(change: object): string {
  const [head, , signature] = forge().split('.');
  return [head, encodePart({ ...goodClaims(), ...change }), signature].join('.');
}

/** Signed with what everybody can read: HS256 with the text of a public key, and an algorithm that may say so. */
function confused(head: object, secret: string | Buffer): string {
  const signed = `${encodePart({ alg: 'HS256', typ: 'JWT', kid: 'rs', ...head })}.${encodePart(goodClaims())}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

const pem = () => keys.rs.publicKey.export({ format: 'pem', type: 'spki' });
const bare = (head: object) => `${encodePart({ typ: 'JWT', kid: 'es', ...head })}.${encodePart(goodClaims())}.`;

const BAD_TOKENS: Readonly<Record<string, () => string>> = {
  'alg none': () => bare({ alg: 'none' }),
  'alg None with a signature': () => forge({}, { alg: 'None' }),
  'no alg': () => forge({}, { alg: undefined }),
  'HS256 with the public key as its secret': () => confused({}, pem()),
  'the same as DER': () => confused({}, keys.rs.publicKey.export({ format: 'der', type: 'spki' })),
  'the same as JWK': () => confused({}, JSON.stringify(keys.rs.jwk)),
  'the same that says RS256': () => confused({ alg: 'RS256' }, pem()),
  'HS256 by a shared secret that the issuer publishes': () => confused({ kid: 'shared' }, Buffer.alloc(32, 'k')),
  'RS256 by a shared secret that the issuer publishes': () => forge({}, { kid: 'shared' }, keys.rs),
  'a key that is none': () => forge({}, { kid: 'broken' }, keys.rs),
  "a key of another algorithm's": () => forge({}, { kid: 'rs' }),
  'an algorithm of another key': () => forge({}, { alg: 'RS256' }, keys.ps),
  'another key with a known id': () => forge({}, {}, stranger),
  'an unknown kid': () => forge({}, { kid: 'other' }),
  'a kid that is a member of every object': () => forge({}, { kid: '__proto__' }),
  'no kid': () => forge({}, { kid: undefined }),
  'a kid that is no text': () => forge({}, { kid: 7 }),
  'its own key along with it': () => forge({}, { kid: 'other', jwk: stranger.jwk }, stranger),
  'an address of its own keys': () => forge({}, { kid: 'other', jku: `${provider.issuer}else` }, stranger),
  'a critical extension': () => forge({}, { crit: ['x'], x: 1 }),
  'the type of a logout': () => forge({}, { typ: 'logout+jwt' }),
  'a type that is no text': () => forge({}, { typ: 7 }),
  expired: () => forge({ exp: now() - 6 }),
  'no exp': () => forge({ exp: undefined }),
  'exp as text': () => forge({ exp: String(now() + 60) }),
  'not yet valid': () => forge({ nbf: now() + 30 }),
  'nbf as text': () => forge({ nbf: String(now()) }),
  'another issuer': () => forge({ iss: 'https://other.example/' }),
  'an issuer with a slash less': () => forge({ iss: provider.issuer.slice(0, -1) }),
  'a list of issuers': () => forge({ iss: [provider.issuer] }),
  'no issuer': () => forge({ iss: undefined }),
  'another audience': () => forge({ aud: 'other' }),
  'audiences without ours': () => forge({ aud: ['other', 'shop2'] }),
  'no audience': () => forge({ aud: undefined }),
  'an edited role': () => edited({ role: 'admin' }),
  'an edited subject': () => edited({ sub: 'bert' }),
  'an edited expiry': () => edited({ exp: now() + 9_999 }),
  'no subject': () => forge({ sub: undefined }),
  'a subject that is no text': () => forge({ sub: 7 }),
  'no signature': () => `${forge().split('.').slice(0, 2).join('.')}.`,
  'two parts': () => forge().split('.').slice(0, 2).join('.'),
  'four parts': () => `${forge()}.x`,
  'claims that are no object': () => `${encodePart({ alg: 'ES256', kid: 'es' })}.${encodePart('text')}.AAAA`,
  'a head that is no object': () => `${encodePart(null)}.${encodePart(goodClaims())}.AAAA`,
  'no token': () => 'hello',
  nothing: () => '',
};

for (const [what, make] of Object.entries(BAD_TOKENS)) {
  test(`SEC-04 refused: ${what}`, async () => {
    const token = make();
    for (const _ of [1, 2]) assert.equal(await tokens.verify(token), undefined);
  });
}

test('SEC-04 algorithms that the configuration does not name are refused', async () => {
  const only = createOutsideTokens({ ...optionsOf(provider), algorithms: ['RS256'] });
  assert.deepEqual(await only.verify(forge({}, {}, keys.rs)), anna());
  for (const key of [keys.ps, keys.es, keys.ed]) assert.equal(await only.verify(forge({}, {}, key)), undefined);
});

test('a token that cannot be ours is told at once: no key is looked for', async () => {
  const before = provider.fetches();
  for (const token of [forge({ iss: 'https://other.example/' }), forge({}, { alg: 'HS256' }), 'hello']) {
    assert.equal(tokens.verify(token), undefined);
  }
  assert.equal(provider.fetches(), before);
});

test('SEC-04 a token that was good is refused once it has expired, though it is remembered', async (context) => {
  const brief = forge({ exp: now() + 10 });
  context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  await tokens.verify(brief);
  context.mock.timers.tick(8_000);
  assert.deepEqual(tokens.verify(brief), anna());
  context.mock.timers.tick(8_000);
  assert.equal(await tokens.verify(brief), undefined);
});

test('a token is believed for a minute without checking it again', async (context) => {
  const token = forge({ exp: now() + 3_600 });
  context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  await tokens.verify(token);
  context.mock.timers.tick(59_000);
  assert.deepEqual(tokens.verify(token), anna());
  context.mock.timers.tick(1_001);
  assert.ok(tokens.verify(token) instanceof Promise);
});

test('somebody without a role is forbidden where customers are not the default', async () => {
  const options = optionsOf(provider);
  const strict = createOutsideTokens({ ...options, mapping: { ...options.mapping, roleDefault: 'none' } });
  assert.deepEqual(await strict.verify(forge({ role: 'admin' })), anna('operator'));
  for (const role of ['else', undefined]) {
    await assert.rejects(async () => strict.verify(forge({ role })), { code: 'forbidden' });
  }
});

test('keys that cannot be fetched: the problem is ours, and says when to try again', async () => {
  const away = await startIdentityProvider();
  away.behave('500');
  const lost = createOutsideTokens({ ...optionsOf(away), cooldownMs: 30_000 });
  await assert.rejects(
    async () => lost.verify(forge({ iss: away.issuer })),
    (error: { code?: string; details?: { retryAfterSeconds?: number } }) => {
      const { retryAfterSeconds = 0 } = error.details ?? {};
      return error.code === 'unavailable' && retryAfterSeconds > 25 && retryAfterSeconds <= 30;
    },
  );
  await away.close();
});

test('why tokens were refused is told without whose they are', () => {
  assert.ok(refused.includes('unexpected "aud" claim value'));
  assert.ok(refused.every((reason) => !reason.includes('anna') && !reason.includes('eyJ')));
});
