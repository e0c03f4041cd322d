import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, rateOf, readConfig, warningsOf } from './config.ts';

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

test('REDIS_URL is standalone, Sentinel or Cluster; a fault in it shows no secret', () => {
  const kindOf = (address: string) => readConfig({ REDIS_URL: address }).REDIS_URL?.kind;
  assert.equal(kindOf('rediss://app:secret@cache:6379/1'), 'standalone');
  assert.equal(kindOf('redis-sentinel://one:26379,two:26379/shop'), 'sentinel');
  assert.equal(kindOf('redis-cluster://:secret@one:7000,two:7001'), 'cluster');
  assert.throws(
    () => readConfig({ REDIS_URL: 'redis-sentinel://:hunter2@one' }),
    (error) =>
      error instanceof ConfigError &&
      /REDIS_URL must name the master/.test(error.message) &&
      !/hunter2/.test(error.message),
  );
});

test('legal but risky settings are told', () => {
  assert.deepEqual(warningsOf(readConfig({})), []);
  assert.match(warningsOf(readConfig({ ROLE: 'api' })).join(), /no other process can do the rest/);
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

test('rate limits: requests/seconds or off; production has some of its own, a rehearsal at home has none', () => {
  const production = { ...SECRETS, NODE_ENV: 'production', PAYMENT_PROVIDER: 'sandbox' };
  const ratesOf = (environment: Record<string, string>) => {
    const config = readConfig(environment);
    return [rateOf(config, 'RATE_LIMIT_PER_IP'), rateOf(config, 'RATE_LIMIT_PER_USER')];
  };
  assert.deepEqual(ratesOf({}), [undefined, undefined]);
  assert.deepEqual(ratesOf(production), [
    { requests: 1_200, seconds: 60 },
    { requests: 600, seconds: 60 },
  ]);
  assert.deepEqual(ratesOf({ ...production, RATE_LIMIT_PER_IP: 'off', RATE_LIMIT_PER_USER: '5/1' }), [
    undefined,
    { requests: 5, seconds: 1 },
  ]);
  for (const rate of ['600', '0/60', '600/0', '1.5/60', '600/86401', 'none', '-1/60', ' 1/1']) {
    assert.throws(() => readConfig({ RATE_LIMIT_PER_USER: rate }), /RATE_LIMIT_PER_USER must be requests\/seconds/);
  }
});

test('lists of addresses are addresses and ranges, and never everybody', () => {
  const list = '10.0.0.0/8, 192.0.2.1,2001:db8::/32,::1';
  assert.deepEqual(readConfig({ TRUSTED_PROXIES: list }).TRUSTED_PROXIES, list.split(/, ?/));
  for (const name of ['TRUSTED_PROXIES', 'RATE_LIMIT_ALLOW']) {
    for (const wrong of [
      'proxy.example',
      '10.0.0.0/33',
      '10.0.0',
      '::/129',
      '0.0.0.0/0',
      '::/0',
      '1.2.3.4/8/8',
      '1.2.3.4,',
      'a/8',
    ]) {
      assert.throws(() => readConfig({ [name]: wrong }), new RegExp(`${name} has .*no address and no range`), wrong);
    }
  }
});

test('risky rate limits are told', () => {
  const production = {
    ...SECRETS,
    NODE_ENV: 'production',
    PAYMENT_PROVIDER: 'sandbox',
    PUBLIC_URL: 'https://a.example',
  };
  const warnings = (more: Record<string, string>) => warningsOf(readConfig({ ...production, ...more })).join();
  assert.match(warnings({ RATE_LIMIT_PER_IP: 'off' }), /RATE_LIMIT_PER_IP is off/);
  assert.match(warnings({ RATE_LIMIT_PER_IP: 'off', RATE_LIMIT_PER_USER: 'off' }), /_PER_IP and \w+_PER_USER are off/);
  assert.match(warnings({ DATABASE_URL: 'postgres://a/b' }), /each process counts the rate limits by itself/);
  assert.doesNotMatch(warnings({ DATABASE_URL: 'postgres://a/b', REDIS_URL: 'redis://a' }), /by itself/);
  assert.doesNotMatch(warningsOf(readConfig({ DATABASE_URL: 'postgres://a/b' })).join(), /rate limits/);
});
