import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as passed } from 'node:timers/promises';
import { newCustomer } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngine } from '../support/engine.ts';
import { openKeptConnection } from '../support/kept-connection.ts';
import type { TestRedis } from '../support/redis.ts';
import { scaled } from '../support/scale.ts';
import { createShop, type Sale, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

const REFUSALS = scaled(20_000, 1_000_000);
const ORDERS = scaled(500, 5_000);

/** Longer than the orders of a test take, so that all of their answers are there at once. */
const RETENTION_SECONDS = scaled(2, 12);
const WINDOW_SECONDS = scaled(2, 5);
/** Two refusals and a 429 from each address. */
const PER_ADDRESS = 2;
/** More than a buyer who has reached the limit sends in a window, less than the greedy ones. */
const PER_USER = 100;

/** Redis may use so much more than before, whatever was asked of it: buffers of connections, the odd probe. */
const SLACK_BYTES = 64 * 1024;
/** An accepted order of one line costs some 940: its answer as JSON, the name of its key, entries in Redis's tables. */
const BYTES_PER_ORDER_MAX = 1_200;
/** What a buyer of a limited item costs as long as the sale is remembered, some 125: a field of one hash. */
const BYTES_PER_BUYER_MAX = 200;
/** Redis takes so long to sweep up what has expired, and to make its tables smaller. */
const SWEEPING_MS = 20_000;

const CONNECTIONS = 64;

const stage = createStage({ after });
let database: TestDatabase;
let redis: TestRedis;
/** Two engine processes, both with limits. */
let engines: readonly TestEngine[];
let shop: Shop;
let soldOut: Sale;
let limited: Sale;
/** Those who have reached the limit of a limited item. */
let buyers: readonly string[];

before(async () => {
  database = await stage.database();
  redis = await stage.redis();
  const settings = {
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    // The tests are believed who they say they are.
    TRUSTED_PROXIES: '127.0.0.1',
    RATE_LIMIT_PER_IP: `${PER_ADDRESS}/${WINDOW_SECONDS}`,
    RATE_LIMIT_PER_USER: `${PER_USER}/${WINDOW_SECONDS}`,
    RATE_LIMIT_ALLOW: '127.0.0.1,192.0.2.0/24',
    IDEMPOTENCY_RETENTION_SECONDS: String(RETENTION_SECONDS),
  };
  engines = [await stage.engine(settings), await stage.engine(settings)];
  shop = await createShop(engines[0]?.url ?? '');
  soldOut = await shop.createSale({ items: [{ capacity: 1 }] });
  limited = await shop.createSale({ items: [{ capacity: 1_000_000, limitPerCustomer: 1 }] });
  assert.equal((await shop.order(soldOut)).status, 201);
  buyers = await placeMany(limited, ORDERS);
  // Once all of it has happened: scripts are known, buffers are made.
  await rejectMany(600);
});

/** An address from which nobody has come. */
function newAddress(number: number): string {
  return `2001:db8:${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}::1`;
}
let addresses = 0;

interface Attempt {
  readonly sale: Sale;
  readonly token: string;
  readonly address: string;
}

/** Orders one unit of each attempt's sale with a new key, at both engines in turn; how many answers of each code came. */
async function orderAll(attempts: Iterable<Attempt>): Promise<Map<string, number>> {
  const codes = new Map<string, number>();
  const queue = attempts[Symbol.iterator]();
  async function sendOnOneConnection(index: number): Promise<void> {
    const connection = await openKeptConnection(engines[index % 2]?.url ?? '');
    for (let next = queue.next(); !next.done; next = queue.next()) {
      const { sale, token, address } = next.value;
      const { status, text } = await connection.post(
        '/api/v1/orders',
        { authorization: `Bearer ${token}`, 'idempotency-key': randomUUID(), 'x-forwarded-for': address },
        JSON.stringify({ saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] }),
      );
      const code = status === 201 ? 'placed' : refusalOf(text);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    connection.close();
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => sendOnOneConnection(index)));
  return codes;
}

/** The code of a problem; of a limit, its name. */
function refusalOf(text: string): string {
  const { code, policy } = JSON.parse(text) as { code: string; policy?: string };
  return policy ?? code;
}

/** Places orders of new customers, from an address that no limit counts; the customers' tokens. */
async function placeMany(sale: Sale, count: number): Promise<string[]> {
  const tokens = Array.from({ length: count }, () => newCustomer().token);
  const codes = await orderAll(tokens.map((token) => ({ sale, token, address: '192.0.2.1' })));
  assert.deepEqual(Object.fromEntries(codes), { placed: count });
  return tokens;
}

/**
 * Refused requests, nearly all of them from addresses and customers that were never seen: sold out, limit reached, the
 * limit of an address, and now and then a greedy customer from many addresses.
 */
async function rejectMany(count: number): Promise<Map<string, number>> {
  const greedy = newCustomer().token;
  function* attempts(): Generator<Attempt> {
    for (let sent = 0; sent < count; sent += 3) {
      addresses += 1;
      const address = newAddress(addresses);
      const round = sent / 3;
      yield { sale: soldOut, token: newCustomer().token, address };
      yield { sale: limited, token: buyers[round % buyers.length] ?? '', address };
      if (round % 4 > 0) {
        yield { sale: soldOut, token: newCustomer().token, address };
      } else {
        addresses += 1;
        yield { sale: soldOut, token: greedy, address: newAddress(addresses) };
      }
    }
  }
  return orderAll(attempts());
}

async function usedBytes(): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(String(await redis.query('INFO', 'memory')))?.[1]);
}

/** The least of some looks: one of them may see a buffer that is there for a moment. */
async function restingBytes(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 10; look += 1) {
    least = Math.min(least, await usedBytes());
    await passed(50);
  }
  return least;
}

const namesLike = async (pattern: string) => (await redis.query('KEYS', pattern)) as string[];

/** Resolves when no key of these names is left. */
async function untilGone(...patterns: readonly string[]): Promise<void> {
  const deadline = Date.now() + (RETENTION_SECONDS + WINDOW_SECONDS) * 1_000 + SWEEPING_MS;
  for (;;) {
    const left = (await Promise.all(patterns.map(namesLike))).flat();
    if (left.length === 0) return;
    assert.ok(Date.now() < deadline, `${left.length} keys are still there, such as ${left[0]}`);
    await passed(100);
  }
}

const ANSWERS = '*:kept:*';
const WINDOWS = '*:limit:*';

/** Resolves when Redis has no more than so many bytes. */
async function untilUsedAtMost(bytes: number): Promise<number> {
  const deadline = Date.now() + SWEEPING_MS;
  for (;;) {
    const used = await usedBytes();
    if (used <= bytes) return restingBytes();
    assert.ok(Date.now() < deadline, `${used} bytes are used, ${used - bytes} too many`);
    await passed(100);
  }
}

async function untilKept(count: number): Promise<void> {
  const deadline = Date.now() + RETENTION_SECONDS * 1_000;
  while ((await namesLike(ANSWERS)).length < count) {
    assert.ok(Date.now() < deadline, `${(await namesLike(ANSWERS)).length} of ${count} answers were kept`);
    await passed(20);
  }
}

test('an accepted order costs Redis a stated number of bytes, all gone when its answer is forgotten', async (t) => {
  const sale = await shop.createSale({ items: [{ capacity: 1_000_000 }] });
  await untilGone(ANSWERS, WINDOWS);
  const bytesBefore = await restingBytes();
  await placeMany(sale, ORDERS);
  await untilKept(ORDERS);
  const bytesPerOrder = ((await usedBytes()) - bytesBefore) / ORDERS;
  assert.ok(bytesPerOrder < BYTES_PER_ORDER_MAX, `${bytesPerOrder} bytes an order`);
  await untilGone(ANSWERS);
  const bytesAfter = await untilUsedAtMost(bytesBefore + SLACK_BYTES);
  t.diagnostic(`${Math.round(bytesPerOrder)} bytes an accepted order; afterwards ${bytesAfter - bytesBefore} bytes`);
});

test('memory in Redis is the same after refusals of every kind as before them, once the windows are over', async (t) => {
  await untilGone(ANSWERS, WINDOWS);
  const [units = '', ...others] = await namesLike('*:units');
  assert.deepEqual(others, [], 'the only limited item');
  const bytesPerBuyer = Number(await redis.query('MEMORY', 'USAGE', units, 'SAMPLES', 0)) / ORDERS;
  assert.ok(bytesPerBuyer < BYTES_PER_BUYER_MAX, `${bytesPerBuyer} bytes a buyer of a limited item`);
  const secondsLeft = Number(await redis.query('TTL', units));
  assert.ok(secondsLeft > 0 && secondsLeft <= RETENTION_SECONDS + 86_400, `they go in ${secondsLeft} s`);

  const keysBefore = (await namesLike('*')).filter(isNoProbe).sort();
  const bytesBefore = await restingBytes();
  const peak = watchPeak();
  const begin = performance.now();
  const codes = await rejectMany(REFUSALS);
  const seconds = (performance.now() - begin) / 1_000;
  const bytesAtPeak = (await peak.end()) - bytesBefore;
  const counts = Object.fromEntries(codes);
  t.diagnostic(`${JSON.stringify(counts)} in ${seconds.toFixed(0)} s, with ${bytesAtPeak} bytes more at the peak`);
  assert.deepEqual(
    Object.keys(counts).sort(),
    ['limit-reached', 'per-ip', 'per-user', 'sold-out'],
    'nothing else came',
  );
  for (const [code, count] of codes) assert.ok(count > REFUSALS / 30, `only ${count} times ${code}`);
  assert.ok(bytesAtPeak > 2 * SLACK_BYTES, 'the windows were there to be seen');

  await untilGone(WINDOWS);
  const bytesAfter = await untilUsedAtMost(bytesBefore + SLACK_BYTES);
  assert.deepEqual((await namesLike('*')).filter(isNoProbe).sort(), keysBefore);
  t.diagnostic(
    `${bytesBefore} bytes before, ${bytesAfter} after; ${Math.round(bytesPerBuyer)} a buyer of a limited item`,
  );
});

const isNoProbe = (name: string) => !name.endsWith(':probe');

/** Looks at the memory until it is told to end; the most that it saw. */
function watchPeak(): { end(): Promise<number> } {
  let most = 0;
  let ended = false;
  const watching = (async () => {
    while (!ended) {
      most = Math.max(most, await usedBytes());
      await passed(100);
    }
  })();
  return {
    async end() {
      ended = true;
      await watching;
      return most;
    },
  };
}
