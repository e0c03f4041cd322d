import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, drainMsOf, rateOf, readConfig, secretsOf, servesPublicMetrics } from './config.ts';
import { SETTINGS } from './settings.ts';
import { warningsOf } from './warnings.ts';

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

test('traces: headers are name=value, percent-encoded, and stay secret; the share is a number from 0 to 1', () => {
  const { OTEL_TRACES_SAMPLER_ARG: usual, OTEL_EXPORTER_OTLP_ENDPOINT: none } = readConfig({});
  assert.deepEqual([usual, none], [0.01, undefined]);
  const headers = (value: string) => readConfig({ OTEL_EXPORTER_OTLP_HEADERS: value }).OTEL_EXPORTER_OTLP_HEADERS;
  assert.deepEqual(headers('authorization=Bearer%20a=b, x-scope = shop'), {
    authorization: 'Bearer a=b',
    'x-scope': 'shop',
  });
  for (const value of ['hunter2', 'a b=hunter2', 'key=hunter2,', 'key=hunter2%']) {
    assert.throws(
      () => headers(value),
      (error) => error instanceof ConfigError && !error.message.includes('hunter2'),
      value,
    );
  }
  const share = (value: string) => readConfig({ OTEL_TRACES_SAMPLER_ARG: value }).OTEL_TRACES_SAMPLER_ARG;
  assert.deepEqual(['0', '1', '1.0', '.5', '0.001'].map(share), [0, 1, 1, 0.5, 0.001]);
  for (const value of ['2', '-1', '1%', '1.5', 'always_on', '1e-3']) assert.throws(() => share(value), /from 0 to 1/);
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

test('NOTIFY_URL is kept to the letter and may be private; what it needs is checked, and no fault shows it', () => {
  const url = 'http://127.0.0.1:9000/hook/';
  const secret = `whsec_${'s'.repeat(32)}`;
  const config = readConfig({ NOTIFY_URL: url, NOTIFY_SECRET: secret });
  assert.deepEqual([config.NOTIFY_URL, config.NOTIFY_FORMAT, config.NOTIFY_SECRET], [url, 'json', secret]);
  for (const [environment, fault] of [
    [{ NOTIFY_URL: 'hooks.example.com/hunter2' }, /NOTIFY_URL must be an address/],
    [{ NOTIFY_URL: 'https://user:hunter2@hooks.example.com/' }, /NOTIFY_URL must not have a name or password/],
    [{ NOTIFY_URL: url, NOTIFY_SECRET: 'hunter2' }, /NOTIFY_SECRET must be whsec_/],
    [{ NOTIFY_SECRET: secret }, /NOTIFY_SECRET means nothing without NOTIFY_URL/],
    [{ NOTIFY_FORMAT: 'slack' }, /NOTIFY_FORMAT means nothing without NOTIFY_URL/],
    [{ NOTIFY_URL: url, NOTIFY_FORMAT: 'slack', NOTIFY_SECRET: secret }, /NOTIFY_SECRET means nothing with/],
  ] as const) {
    assert.throws(
      () => readConfig(environment),
      (error) => error instanceof ConfigError && fault.test(error.message) && !error.message.includes('hunter2'),
    );
  }
});

const PRODUCTION = { ...SECRETS, NODE_ENV: 'production', PAYMENT_PROVIDER: 'sandbox' };

test("metrics: on the public port for a token, or on one's own machine; with a port of their own never there", () => {
  const served = (environment: Record<string, string>) => servesPublicMetrics(readConfig(environment));
  const METRICS_TOKEN = 'a-token-of-the-monitoring';
  assert.equal(served({}), true);
  assert.equal(served({ ...SECRETS, HOST: '0.0.0.0' }), false);
  assert.equal(served(PRODUCTION), false);
  assert.equal(served({ ...PRODUCTION, METRICS_TOKEN }), true);
  assert.equal(served({ METRICS_TOKEN, METRICS_PORT: '9464' }), false);
  assert.throws(() => readConfig({ METRICS_TOKEN: 'short' }), /METRICS_TOKEN must have at least 16/);
  assert.throws(() => readConfig({ METRICS_PORT: '3000' }), /METRICS_PORT must be another than PORT/);
});

test('metrics that nobody can read, and such as anybody can, are told', () => {
  const told = (environment: Record<string, string>) => warningsOf(readConfig(environment)).join('\n');
  assert.match(told(PRODUCTION), /\/metrics is not served/);
  assert.doesNotMatch(told({}), /metrics/i);
  assert.doesNotMatch(told({ ...PRODUCTION, METRICS_PORT: '9464' }), /metrics/i);
  assert.match(told({ METRICS_PORT: '9464', METRICS_HOST: '0.0.0.0' }), /METRICS_HOST is no loopback address/);
});

test('a stop waits for the proxies in production, and always ends in its time', () => {
  const drain = (environment: Record<string, string>) => drainMsOf(readConfig(environment));
  assert.equal(drain({}), 0);
  assert.equal(drain(PRODUCTION), 4_000);
  assert.equal(drain({ ...PRODUCTION, SHUTDOWN_TIMEOUT_MS: '3000' }), 1_500);
  assert.equal(drain({ ...PRODUCTION, SHUTDOWN_DRAIN_MS: '0' }), 0);
  assert.throws(() => readConfig({ SHUTDOWN_DRAIN_MS: '15000' }), /SHUTDOWN_DRAIN_MS must be less than/);
});

test('SEC-07 every secret setting has its secrets told to the log, of an address the part that makes it secret', () => {
  const secret = (name: string) => `${name.toLowerCase()}-0123456789-0123456789-0123456789`;
  const given: Readonly<Record<string, string>> = {
    DATABASE_URL: `postgres://me:${secret('database')}%21@db.example/x`,
    REDIS_URL: `redis://me:${secret('redis')}@redis.example`,
    TOKEN_KEYS: `a:${secret('first')},b:${secret('second')}`,
    NOTIFY_URL: `https://chat.example/hooks/${secret('notify')}`,
    NOTIFY_SECRET: `whsec_${Buffer.from(secret('signing')).toString('base64')}`,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${secret('collector')}`,
    PAYMENT_PROVIDER: 'stripe',
  };
  const names = Object.entries(SETTINGS).filter(([, setting]) => 'secret' in setting);
  const environment = { ...Object.fromEntries(names.map(([name]) => [name, secret(name)])), ...given };
  const secrets = secretsOf(readConfig(environment));
  for (const [name] of names) {
    const text = environment[name] ?? '';
    assert.ok(
      secrets.some((each) => text.includes(each)),
      `${name} is a secret setting: add what it says to secretsOf`,
    );
  }
  assert.ok(secrets.includes(`${secret('database')}!`));
  assert.ok(secrets.includes(secret('second')));
  assert.ok(!secrets.some((each) => each.includes('example')));
});
