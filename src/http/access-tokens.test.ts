import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, randomUUID, createSign as signWith } from 'node:crypto';
import { test } from 'node:test';
import { createAccessTokens } from './access-tokens.ts';

const SECRET = 'first-secret-first-secret-first-secret';
const settings = { keys: [{ id: 'a', secret: SECRET }], issuer: 'doorbuster', audience: 'shop', ttlSeconds: 60 };
const tokens = createAccessTokens(settings);
const accountId = randomUUID();

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string | undefined): Record<string, unknown> =>
  JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'));
const now = () => Math.floor(Date.now() / 1_000);
const goodHead = { alg: 'HS256', typ: 'JWT', kid: 'a' };
const goodClaims = () => ({
  sub: accountId,
  role: 'customer',
  iss: 'doorbuster',
  aud: 'shop',
  iat: now(),
  exp: now() + 60,
});

/** A token made by hand, so that nothing of what is tested takes part. An undefined member is left out. */
function forge(head: object, claims: object, { hmac = 'sha256', secret = SECRET } = {}): string {
  const signed = `${encode({ ...goodHead, ...head })}.${encode({ ...goodClaims(), ...claims })}`;
  return `${signed}.${createHmac(hmac, secret).update(signed).digest('base64url')}`;
}

test('a signed token names its caller, the second time from memory', () => {
  const token = tokens.sign({ accountId, role: 'merchant' });
  const caller = { kind: 'account', accountId, role: 'merchant', onlySaleId: null };
  assert.deepEqual(tokens.verify(token), caller);
  assert.deepEqual(tokens.verify(token), caller);
  assert.deepEqual(tokens.verify(forge({}, {})), { ...caller, role: 'customer' });
});

test("a test buyer's token carries the only sale that it is good for", () => {
  const onlySaleId = randomUUID();
  const token = tokens.sign({ accountId, role: 'customer', onlySaleId });
  assert.deepEqual(tokens.verify(token), { kind: 'account', accountId, role: 'customer', onlySaleId });
});

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });

function rs256(): string {
  const signed = `${encode({ ...goodHead, alg: 'RS256' })}.${encode(goodClaims())}`;
  return `${signed}.${signWith('sha256').update(signed).sign(privateKey, 'base64url')}`;
}

/** A good token with other claims in its middle. */
function edited(change: object): string {
  const [head, claims, signature] = tokens.sign({ accountId, role: 'customer' }).split('.');
  return [head, encode({ ...decode(claims), ...change }), signature].join('.');
}

const BAD_TOKENS: Readonly<Record<string, string>> = {
  'alg none without a signature': `${encode({ ...goodHead, alg: 'none' })}.${encode(goodClaims())}.`,
  'alg none with the right signature': forge({ alg: 'none' }, {}),
  'alg None': forge({ alg: 'None' }, {}),
  'HS512 with the right key': forge({ alg: 'HS512' }, {}, { hmac: 'sha512' }),
  'HS256 that says HS512': forge({ alg: 'HS512' }, {}),
  RS256: rs256(),
  'no alg': forge({ alg: undefined }, {}),
  'a wrong key': forge({}, {}, { secret: 'other-secret-other-secret-other-secret' }),
  'an unknown kid': forge({ kid: 'b' }, {}),
  'no kid': forge({ kid: undefined }, {}),
  'a kid that is a member of every object': forge({ kid: '__proto__' }, {}),
  expired: forge({}, { exp: now() - 1 }),
  'expires now': forge({}, { exp: now() }),
  'no exp': forge({}, { exp: undefined }),
  'exp as text': forge({}, { exp: String(now() + 60) }),
  'not yet valid': forge({}, { nbf: now() + 30 }),
  'a wrong issuer': forge({}, { iss: 'somebody' }),
  'no issuer': forge({}, { iss: undefined }),
  'a wrong audience': forge({}, { aud: 'other-shop' }),
  'no audience': forge({}, { aud: undefined }),
  'an edited role': edited({ role: 'operator' }),
  'an edited subject': edited({ sub: randomUUID() }),
  'an edited expiry': edited({ exp: now() + 9_999 }),
  'an unknown role': forge({}, { role: 'root' }),
  'no role': forge({}, { role: undefined }),
  'no subject': forge({}, { sub: undefined }),
  'a subject that is no id': forge({}, { sub: 'anna' }),
  'a sale that is no id': forge({}, { sale: 'any' }),
  'claims that are no object': `${encode(goodHead)}.${encode('text')}.${'A'.repeat(43)}`,
  'a head that is no object': `${encode(null)}.${encode(goodClaims())}.${'A'.repeat(43)}`,
  'two parts': forge({}, {}).split('.').slice(0, 2).join('.'),
  'no signature': `${forge({}, {}).split('.').slice(0, 2).join('.')}.`,
  'no token': 'hello',
  nothing: '',
};

for (const [what, token] of Object.entries(BAD_TOKENS)) {
  test(`SEC-04 refused: ${what}`, () => assert.equal(tokens.verify(token), undefined));
}

test('SEC-04 a token that was good is refused once it has expired, though it is remembered', (context) => {
  context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  // Shorter than the memory lasts.
  const brief = createAccessTokens({ ...settings, ttlSeconds: 10 });
  const token = brief.sign({ accountId, role: 'customer' });
  assert.ok(brief.verify(token));
  context.mock.timers.tick(9_000);
  assert.ok(brief.verify(token));
  context.mock.timers.tick(1_000);
  assert.equal(brief.verify(token), undefined);
});

test('rotation: a new key in front signs, the old one still verifies, and is refused once removed', () => {
  const fresh = { id: 'b', secret: 'second-secret-second-secret-second-secret' };
  const during = createAccessTokens({ ...settings, keys: [fresh, ...settings.keys] });
  const after = createAccessTokens({ ...settings, keys: [fresh] });
  const old = tokens.sign({ accountId, role: 'customer' });
  const recent = during.sign({ accountId, role: 'customer' });
  assert.equal(decode(recent.split('.')[0])['kid'], 'b');
  assert.ok(during.verify(old));
  assert.ok(during.verify(recent));
  assert.ok(after.verify(recent));
  assert.equal(after.verify(old), undefined);
  assert.equal(tokens.verify(recent), undefined, 'a process that lacks the new key');
});

test('rotation: a key is asked for by its id only', () => {
  const swapped = createAccessTokens({
    ...settings,
    keys: [
      { id: 'a', secret: 'second-secret-second-secret-second-secret' },
      { id: 'b', secret: SECRET },
    ],
  });
  assert.equal(swapped.verify(tokens.sign({ accountId, role: 'customer' })), undefined);
});
