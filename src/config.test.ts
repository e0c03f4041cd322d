import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, readConfig, warningsOf } from './config.ts';

const SECRETS = { TOKEN_KEYS: `main:${'s'.repeat(32)}`, OPERATOR_PASSWORD: 'a long pass phrase' };

test('without any setting: development on loopback, embedded ledger', () => {
  const config = readConfig({});
  assert.equal(config.NODE_ENV, 'development');
  assert.equal(config.HOST, '127.0.0.1');
  assert.equal(config.DATABASE_URL, undefined);
  assert.ok(Object.isFrozen(config));
});

test('every fault stands in one message, and no secret does', () => {
  const environment = {
    PORT: '70000',
    ROLE: 'king',
    DATABASE_URL: 'mysql://user:hunter2@host/x',
    TOKEN_KEYS: 'k:short',
  };
  assert.throws(
    () => readConfig(environment),
    (error) => {
      assert.ok(error instanceof ConfigError);
      for (const name of Object.keys(environment)) assert.match(error.message, new RegExp(name));
      assert.doesNotMatch(error.message, /hunter2|k:short/);
      return true;
    },
  );
});

test('SEC-07 default secrets are refused in production and on any address but loopback', () => {
  assert.throws(
    () => readConfig({ NODE_ENV: 'production' }),
    /TOKEN_KEYS must be set[\s\S]*OPERATOR_PASSWORD must be set/,
  );
  assert.throws(() => readConfig({ HOST: '0.0.0.0' }), /TOKEN_KEYS must be set/);
  assert.throws(
    () => readConfig({ ...SECRETS, NODE_ENV: 'production', OPERATOR_PASSWORD: 'doorbuster-development' }),
    /OPERATOR_PASSWORD/,
  );
  assert.equal(
    readConfig({ ...SECRETS, NODE_ENV: 'production', PAYMENT_PROVIDER: 'sandbox', HOST: '0.0.0.0' }).HOST,
    '0.0.0.0',
  );
});

test('token keys: the first signs, ids are unique', () => {
  const keys = `new:${'n'.repeat(32)},old:${'o'.repeat(40)}`;
  assert.deepEqual(
    readConfig({ TOKEN_KEYS: keys }).TOKEN_KEYS.map((key) => key.id),
    ['new', 'old'],
  );
  assert.throws(() => readConfig({ TOKEN_KEYS: `a:${'n'.repeat(32)},a:${'o'.repeat(32)}` }), /twice/);
});

test('legal but risky settings are told', () => {
  assert.deepEqual(warningsOf(readConfig({})), []);
  assert.match(warningsOf(readConfig({ REDIS_URL: 'redis://127.0.0.1' })).join(), /no Redis gate/);
});

test('in production the payment provider is named, and stripe needs its keys; play money is told', () => {
  const production = { ...SECRETS, NODE_ENV: 'production' };
  assert.throws(() => readConfig(production), /PAYMENT_PROVIDER must be named/);
  assert.throws(
    () => readConfig({ ...production, PAYMENT_PROVIDER: 'stripe' }),
    /STRIPE_SECRET_KEY must be set[\s\S]*STRIPE_WEBHOOK_SECRET must be set/,
  );
  assert.match(
    warningsOf(readConfig({ ...production, PAYMENT_PROVIDER: 'sandbox', PUBLIC_URL: 'https://shop.example' })).join(),
    /no order is paid with real money/,
  );
});

test('an outside issuer needs an audience and an address of its keys; its settings without it are a fault', () => {
  const outside = { OUTSIDE_ISSUER: 'https://id.example/', OUTSIDE_AUDIENCE: 'shop' };
  assert.deepEqual(readConfig(outside).OUTSIDE_ALGORITHMS, ['RS256', 'PS256', 'ES256', 'EdDSA']);
  assert.equal(readConfig(outside).OUTSIDE_ISSUER, 'https://id.example/', 'compared exactly, so kept exactly');
  assert.throws(() => readConfig({ OUTSIDE_AUDIENCE: 'shop' }), /OUTSIDE_AUDIENCE means nothing without/);
  assert.throws(() => readConfig({ OUTSIDE_ISSUER: 'https://id.example' }), /OUTSIDE_AUDIENCE must be set/);
  for (const OUTSIDE_ISSUER of ['my-issuer', 'https://']) {
    assert.throws(() => readConfig({ ...outside, OUTSIDE_ISSUER }), /OUTSIDE_JWKS_URL must be set/);
  }
  for (const OUTSIDE_ALGORITHMS of ['HS256', 'none', 'RS256,HS256', 'rs256']) {
    assert.throws(() => readConfig({ ...outside, OUTSIDE_ALGORITHMS }), /OUTSIDE_ALGORITHMS must be one of/);
  }
});

test('roles of an outside issuer: value=role pairs, the value in any form', () => {
  const outside = { OUTSIDE_ISSUER: 'https://id.example', OUTSIDE_AUDIENCE: 'shop', OUTSIDE_ROLE_CLAIM: 'roles' };
  assert.deepEqual(readConfig({ ...outside, OUTSIDE_ROLE_MAP: 'Shop Admin=operator, a=b=courier' }).OUTSIDE_ROLE_MAP, [
    { value: 'Shop Admin', role: 'operator' },
    { value: 'a=b', role: 'courier' },
  ]);
  for (const OUTSIDE_ROLE_MAP of ['admin', '=operator', 'admin=king', 'operator', 'admin=operator,']) {
    assert.throws(() => readConfig({ ...outside, OUTSIDE_ROLE_MAP }), /OUTSIDE_ROLE_MAP must be value=role pairs/);
  }
  assert.throws(() => readConfig(outside), /need each other/);
});

test('risky settings of an outside issuer are told', () => {
  const outside = { OUTSIDE_AUDIENCE: 'shop', OUTSIDE_ROLE_CLAIM: 'roles', OUTSIDE_ROLE_MAP: 'staff=merchant' };
  const warnings = (more: Record<string, string>) => warningsOf(readConfig({ ...outside, ...more })).join();
  assert.match(warnings({ OUTSIDE_ISSUER: 'http://id.example' }), /plain http/);
  assert.match(warnings({ OUTSIDE_ISSUER: 'https://id.example' }), /work for nobody/);
  assert.equal(warnings({ OUTSIDE_ISSUER: 'http://127.0.0.1:8080', OUTSIDE_MERCHANT_CLAIM: 'merchants' }), '');
});
