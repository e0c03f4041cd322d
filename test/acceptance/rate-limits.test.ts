import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after as afterAll, before, describe, test } from 'node:test';
import { setTimeout as passed } from 'node:timers/promises';
import { type Answer, newCustomer, type RequestOptions, send } from '../support/client.ts';
import type { TestEngine } from '../support/engine.ts';
import type { TestRedis } from '../support/redis.ts';
import { sendFrom } from '../support/send-from.ts';
import { createShop, type Sale, type Shop } from '../support/shop.ts';
import { createApiKey } from '../support/staff.ts';
import { createStage } from '../support/stage.ts';
import { type Item, parseList } from '../support/structured-fields.ts';

const stage = createStage({ after: afterAll });

let redis: TestRedis;
/** Its limits lie in the windows that tests must wait for; two processes count together. */
let quick: { a: TestEngine; b: TestEngine };
/** Its windows end after the tests. */
let slow: TestEngine;
let unlimited: TestEngine;
let shop: Shop;
let sale: Sale;

const QUICK = { perAddress: 20, perUser: 8, windowSeconds: 2 };
const SLOW = { perAddress: 10, perUser: 4, windowSeconds: 600 };

const ALLOWED = '198.51.100.0/24, 2001:db8:ffff::/48';

/** The tests come from 127.0.0.1 and are believed who they say they are. */
const BEHIND_A_PROXY = { TRUSTED_PROXIES: '127.0.0.1' };

const limitsOf = ({ perAddress, perUser, windowSeconds }: typeof QUICK) => ({
  RATE_LIMIT_PER_IP: `${perAddress}/${windowSeconds}`,
  RATE_LIMIT_PER_USER: `${perUser}/${windowSeconds}`,
});

before(async () => {
  redis = await stage.redis();
  const settings = { ...BEHIND_A_PROXY, DATABASE_URL: (await stage.database()).url };
  const together = { ...settings, ...limitsOf(QUICK), RATE_LIMIT_ALLOW: ALLOWED, REDIS_URL: redis.url };
  unlimited = await stage.engine(settings);
  quick = { a: await stage.engine(together), b: await stage.engine(together) };
  slow = await stage.engine({ ...settings, ...limitsOf(SLOW), RATE_LIMIT_ALLOW: ALLOWED, REDIS_URL: '' });
  shop = await createShop(unlimited.url);
  sale = await shop.createSale({ items: [{ capacity: 1_000 }] });
});

let clients = 0;

/** An address that no test has used. */
function newAddress(): string {
  clients += 1;
  return `203.0.${113 + (clients >> 8)}.${clients & 255}`;
}

/** A request as a trusted proxy hands it on. */
function call(
  engine: TestEngine,
  client: string,
  {
    method = 'GET',
    path = '/api/v1/sales',
    headers,
    ...options
  }: RequestOptions & { method?: string; path?: string } = {},
): Promise<Answer> {
  return send(method, `${engine.url}${path}`, { ...options, headers: { ...headers, 'x-forwarded-for': client } });
}

/** So many requests one after the other; their statuses. */
async function statuses(count: number, request: () => Promise<Answer>): Promise<number[]> {
  const seen: number[] = [];
  for (let index = 0; index < count; index += 1) seen.push((await request()).status);
  return seen;
}

const isLimited = ({ status }: Answer) => status === 429;

/** Checks a 429 and gives the seconds to wait. */
function assertLimited(answer: Answer, policy: string, windowSeconds: number): number {
  assert.equal(answer.status, 429, answer.text);
  assert.equal(answer.json.code, 'rate-limited');
  assert.equal(answer.json.policy, policy);
  const seconds = answer.headers.get('retry-after') ?? '';
  assert.match(seconds, /^[1-9]\d*$/);
  assert.ok(Number(seconds) <= windowSeconds);
  const item = fieldOf(answer, 'ratelimit').find(({ value }) => value === policy);
  assert.equal(item?.parameters.get('r'), 0);
  assert.equal(item?.parameters.get('t'), Number(seconds));
  return Number(seconds);
}

const fieldOf = (answer: Answer, name: string): Item[] => parseList(answer.headers.get(name) ?? '');

test('RL-01 every limited answer has RateLimit and RateLimit-Policy, as structured fields', async () => {
  const client = newAddress();
  const { token } = newCustomer();
  for (let count = 1; count <= 3; count += 1) {
    const answer = await call(slow, client, { token, path: '/api/v1/orders' });
    assert.equal(answer.status, 200);
    const policies = fieldOf(answer, 'ratelimit-policy').map(({ value, parameters }) => ({
      value,
      ...Object.fromEntries(parameters),
    }));
    assert.deepEqual(policies, [
      { value: 'per-ip', q: SLOW.perAddress, w: SLOW.windowSeconds },
      { value: 'per-user', q: SLOW.perUser, w: SLOW.windowSeconds },
    ]);
    const [byAddress, byUser, ...rest] = fieldOf(answer, 'ratelimit');
    assert.deepEqual(rest, []);
    assert.equal(byAddress?.value, 'per-ip');
    assert.equal(byAddress.parameters.get('r'), SLOW.perAddress - count);
    assert.equal(byUser?.value, 'per-user');
    assert.equal(byUser.parameters.get('r'), SLOW.perUser - count);
    for (const { parameters } of [byAddress, byUser]) {
      const seconds = Number(parameters.get('t'));
      assert.ok(Number.isInteger(seconds) && seconds > 0 && seconds <= SLOW.windowSeconds, `${seconds}`);
    }
  }
  const anonymous = await call(slow, client, { path: '/api/v1/orders' });
  assert.equal(anonymous.status, 401);
  assert.deepEqual(
    fieldOf(anonymous, 'ratelimit').map(({ value }) => value),
    ['per-ip'],
  );
  const head = await call(slow, client, { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(fieldOf(head, 'ratelimit')[0]?.parameters.get('r'), SLOW.perAddress - 5, 'HEAD is counted once');
});

test('RL-01 over two processes exactly the quota passes in a fresh window, and after Retry-After again', async () => {
  const client = newAddress();
  const both = () => [call(quick.a, client), call(quick.b, client)];
  const answers = await Promise.all(Array.from({ length: 30 }, both).flat());
  assert.equal(answers.filter(({ status }) => status === 200).length, QUICK.perAddress);
  const limited = answers.filter(isLimited);
  assert.equal(limited.length, 60 - QUICK.perAddress);
  const waits = limited.map((answer) => assertLimited(answer, 'per-ip', QUICK.windowSeconds));
  await passed(Math.max(...waits) * 1_000);
  const again = await Promise.all(Array.from({ length: 30 }, both).flat());
  assert.equal(again.filter(({ status }) => status === 200).length, QUICK.perAddress, 'the next window, too');
});

test('RL-01 a user is limited over all addresses and processes; the keys of one merchant are one user', async () => {
  const { token } = newCustomer();
  const asUser = (engine: TestEngine, credentials: string) =>
    call(engine, newAddress(), { path: '/api/v1/orders', token: credentials });
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => [asUser(quick.a, token), asUser(quick.b, token)]).flat(),
  );
  assert.equal(answers.filter(({ status }) => status === 200).length, QUICK.perUser);
  for (const answer of answers.filter(isLimited)) assertLimited(answer, 'per-user', QUICK.windowSeconds);
  assert.equal((await asUser(quick.a, newCustomer().token)).status, 200, 'somebody else is not');

  const keys = [await createApiKey(shop, shop.merchantId), await createApiKey(shop, shop.merchantId)];
  const shops = await Promise.all(Array.from({ length: 10 }, () => keys.map((key) => asUser(quick.a, key))).flat());
  assert.equal(shops.filter((answer) => !isLimited(answer)).length, QUICK.perUser);
});

test('IK-11 a 429 leaves the key free: the same request is done after Retry-After, once', async () => {
  const { token } = newCustomer();
  await statuses(QUICK.perUser, () => call(quick.a, newAddress(), { token, path: '/api/v1/orders' }));
  const order = () =>
    call(quick.b, newAddress(), {
      method: 'POST',
      path: '/api/v1/orders',
      token,
      key,
      body: { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] },
    });
  const key = randomUUID();
  const seconds = assertLimited(await order(), 'per-user', QUICK.windowSeconds);
  await passed(seconds * 1_000);
  const placed = await order();
  assert.equal(placed.status, 201, placed.text);
  assert.equal(placed.headers.get('idempotent-replayed'), null);
  const repeated = await order();
  assert.equal(repeated.status, 201);
  assert.equal(repeated.text, placed.text);
  assert.equal(repeated.headers.get('idempotent-replayed'), 'true');
});

describe('the order of the checks', () => {
  test('404 and 405 come before the limit by address and count for none; it comes before 401', async () => {
    const client = newAddress();
    await statuses(SLOW.perAddress, () => call(slow, client));
    assertLimited(await call(slow, client, { path: '/api/v1/orders' }), 'per-ip', SLOW.windowSeconds);
    const unknown = await call(slow, client, { path: '/api/v1/nothing' });
    assert.equal(unknown.status, 404);
    assert.equal(unknown.headers.get('ratelimit'), null);
    assert.equal((await call(slow, client, { method: 'DELETE', path: '/api/v1/orders' })).status, 405);

    const other = newAddress();
    await statuses(SLOW.perAddress, () => call(slow, other, { path: '/api/v1/nothing' }));
    await statuses(SLOW.perAddress, () => call(slow, other, { method: 'DELETE', path: '/api/v1/orders' }));
    assert.equal((await call(slow, other)).status, 200);
  });

  test('401 comes before the limit by user, and that before what is wrong with the body', async () => {
    const { token } = newCustomer();
    const post = (options: RequestOptions) =>
      call(slow, newAddress(), { method: 'POST', path: '/api/v1/orders', token, key: 'auto', ...options });
    const bad: readonly [status: number, options: RequestOptions][] = [
      [415, { rawBody: 'saleId=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
      [413, { rawBody: `{"metadata":"${'x'.repeat(200_000)}"}` }],
      [400, { rawBody: '{"saleId":' }],
      [400, { body: {} }],
    ];
    for (const [status, options] of bad) assert.equal((await post(options)).status, status);
    for (const [, options] of bad) assertLimited(await post(options), 'per-user', SLOW.windowSeconds);
    assert.equal((await call(slow, newAddress(), { path: '/api/v1/orders', token: `${token}x` })).status, 401);
    assert.equal((await call(slow, newAddress(), { path: '/api/v1/orders' })).status, 401);
  });

  test('health, metrics, pages and webhooks of payment providers have no limit', async () => {
    const client = newAddress();
    await statuses(SLOW.perAddress + 1, () => call(slow, client));
    const webhook = { method: 'POST', path: '/api/v1/payment-webhooks/sandbox', body: {} };
    assert.equal((await call(slow, client, webhook)).status, 400);
    for (const path of ['/health/live', '/health/ready', '/metrics', '/errors/rate-limited', '/openapi.json']) {
      const answer = await call(slow, client, { path });
      assert.equal(answer.status, 200, path);
      assert.equal(answer.headers.get('ratelimit'), null);
    }
  });
});

describe('RL-02 whose request it is', () => {
  test('RL-02 what a stranger claims neither resets its own limit nor fills that of another', async () => {
    const victim = newAddress();
    const forged = (index: number) => ({
      'x-forwarded-for': index % 2 === 0 ? victim : `192.0.2.${index}, 127.0.0.1`,
      forwarded: `for=${victim}`,
      'x-real-ip': victim,
    });
    const seen: number[] = [];
    for (let index = 0; index < SLOW.perAddress + 2; index += 1) {
      const answer = await sendFrom('127.0.0.2', 'GET', `${slow.url}/api/v1/sales`, { headers: forged(index) });
      seen.push(answer.status);
    }
    assert.deepEqual(seen, [...Array<number>(SLOW.perAddress).fill(200), 429, 429]);
    const answer = await call(slow, victim);
    assert.equal(fieldOf(answer, 'ratelimit')[0]?.parameters.get('r'), SLOW.perAddress - 1, 'the first of its own');
    assert.equal((await sendFrom('127.0.0.3', 'GET', `${slow.url}/api/v1/sales`)).status, 200);
  });

  test('RL-02 behind a proxy the address that the proxy saw counts, whatever stands before it', async () => {
    const client = newAddress();
    const victim = newAddress();
    for (let index = 0; index < SLOW.perAddress; index += 1) {
      assert.equal((await call(slow, `${victim}, 192.0.2.${index}, ${client}`)).status, 200);
    }
    assertLimited(await call(slow, client), 'per-ip', SLOW.windowSeconds);
    assert.equal((await call(slow, victim)).status, 200);
  });

  test('RL-02 IPv6 counts by /64', async () => {
    const last = ['1', 'ffff', 'a:b:c:d'];
    for (let index = 0; index < SLOW.perAddress; index += 1) {
      const host = last[index % last.length] ?? '';
      assert.equal((await call(slow, `2001:db8:1:2:${host.includes(':') ? '' : ':'}${host}`)).status, 200);
    }
    assertLimited(await call(slow, '2001:db8:1:2:ffff:ffff:ffff:ffff'), 'per-ip', SLOW.windowSeconds);
    assert.equal((await call(slow, '2001:db8:1:3::1')).status, 200);
  });

  test('RL-02 nothing limits the allowed addresses, and nobody else can claim to be one', async () => {
    const { token } = newCustomer();
    for (const client of ['198.51.100.7', '2001:db8:ffff:1::1', '::ffff:198.51.100.8']) {
      const seen = await statuses(SLOW.perAddress + 2, () => call(slow, client, { token, path: '/api/v1/orders' }));
      assert.ok(
        seen.every((status) => status === 200),
        `${client}: ${seen}`,
      );
    }
    assert.equal((await call(slow, '198.51.100.7')).headers.get('ratelimit'), null);
    const claim = { headers: { 'x-forwarded-for': '198.51.100.7' } };
    const stranger = () => sendFrom('127.0.0.4', 'GET', `${slow.url}/api/v1/sales`, claim);
    assert.equal((await statuses(SLOW.perAddress + 1, stranger)).at(-1), 429);
  });

  test('IK-11 wrong passwords count against the client behind the proxy, over all processes, and allowed addresses are no exception', async () => {
    const logIn = (engine: TestEngine, client: string, email: string) =>
      call(engine, client, { method: 'POST', path: '/api/v1/sessions', body: { email, password: 'a wrong password' } });

    const email = `${randomUUID()}@example.com`;
    const guesses: number[] = [];
    for (let guess = 0; guess < 7; guess += 1) {
      guesses.push((await logIn(guess % 2 === 0 ? quick.a : quick.b, newAddress(), email)).status);
    }
    assert.deepEqual(guesses, [401, 401, 401, 401, 401, 429, 429], 'by e-mail');

    const client = '198.51.100.99';
    const anyone = () => `${randomUUID()}@example.com`;
    const engines = [quick.a, quick.b];
    for (let guess = 0; guess < 50; guess += 2) {
      const both = await Promise.all(engines.map((engine) => logIn(engine, client, anyone())));
      assert.deepEqual(
        both.map(({ status }) => status),
        [401, 401],
      );
    }
    for (const engine of engines) assert.equal((await logIn(engine, client, anyone())).status, 429, 'by address');
    assert.equal((await logIn(quick.a, '198.51.100.98', anyone())).status, 401, 'other clients of the proxy are free');
  });
});

test('RL-03 with Redis gone or hanging nothing fails: each process limits by itself, and together again afterwards', async () => {
  /** How many of 30 requests to each process passed; the others were refused, and nothing else. */
  const passedOf = (client: string) =>
    Promise.all(
      [quick.a, quick.b].map(async (engine) => {
        const answers = await Promise.all(Array.from({ length: 30 }, () => call(engine, client)));
        for (const { status, text } of answers) assert.ok(status === 200 || status === 429, text);
        return answers.filter(({ status }) => status === 200).length;
      }),
    );
  async function untilTogether(): Promise<void> {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const [a = 0, b = 0] = await passedOf(newAddress());
      if (a + b === QUICK.perAddress) return;
      assert.ok(Date.now() < deadline, 'they count together again');
    }
  }
  const alone = [QUICK.perAddress, QUICK.perAddress];

  await redis.kill();
  assert.deepEqual(await passedOf(newAddress()), alone, 'killed');
  await redis.start();
  await untilTogether();
  redis.pause();
  assert.deepEqual(await passedOf(newAddress()), alone, 'hanging');
  redis.resume();
  await untilTogether();
});

test('without limits there are no fields; limits without Redis are told at the start', async () => {
  const answer = await call(unlimited, newAddress());
  assert.equal(answer.headers.get('ratelimit'), null);
  assert.equal(answer.headers.get('ratelimit-policy'), null);
  const warning = /REDIS_URL is not set: each process counts the rate limits by itself/;
  assert.match(slow.output.join('\n'), warning);
  assert.doesNotMatch([...unlimited.output, ...quick.a.output].join('\n'), warning);
});
