import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { newCustomer, tokenFor } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngine } from '../support/engine.ts';
import { scaled } from '../support/scale.ts';
import { createShop, type Sale, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';
import { ask } from './ask.ts';

// Clients that cost more than they should: each kind many times, while somebody else buys and must hardly notice.

const stage = createStage({ after });
let database: TestDatabase;
let engine: TestEngine;
let shop: Shop;
let sale: Sale;

before(async () => {
  database = await stage.database();
  engine = await stage.engine({ DATABASE_URL: database.url, LOG_LEVEL: 'error' });
  shop = await createShop(engine.url);
  sale = await shop.createSale({ items: [{ name: 'x'.repeat(200), capacity: 1_000_000 }] });
  // Past what a process takes to be warm.
  for (let count = 0; count < 300; count += 1) await ask('GET', `${engine.url}/api/v1/sales`);
});

async function residentMb(): Promise<number> {
  const status = await readFile(`/proc/${engine.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1_024;
}

/** What a process may grow by under any of this: its heap breathes by a hundred by itself. */
const GROWTH_MB_MAX = 250;
/** What somebody else may wait meanwhile, on a machine that has other things to do as well. */
const OTHERS_WAIT_MS_MAX = 5_000;

/** Does something bad while others are served, and tells what it cost. */
async function under(t: TestContext, badness: () => Promise<void>): Promise<void> {
  const memoryBefore = await residentMb();
  let [peakMb, slowestMs, served] = [0, 0, 0];
  let over = false;
  async function others(): Promise<void> {
    while (!over) {
      const startedAt = performance.now();
      const [order, read] = await Promise.all([shop.order(sale), ask('GET', `${engine.url}/api/v1/sales/${sale.id}`)]);
      assert.deepEqual([order.status, read.status], [201, 200], order.text);
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      peakMb = Math.max(peakMb, await residentMb());
      served += 1;
      await pause(20);
    }
  }
  const watching = others();
  try {
    await badness();
  } finally {
    over = true;
    await watching;
  }
  const numbers = [memoryBefore, peakMb, slowestMs].map(Math.round);
  t.diagnostic(`RSS ${numbers[0]} MB, at most ${numbers[1]} MB; others: ${served} orders, slowest ${numbers[2]} ms`);
  assert.ok(served > 0);
  assert.ok(peakMb - memoryBefore < GROWTH_MB_MAX, `${peakMb - memoryBefore} MB more`);
  assert.ok(slowestMs < OTHERS_WAIT_MS_MAX, `somebody else waited ${slowestMs} ms`);
}

/** A connection on which bytes are sent as they are. `received` grows as the answer is read. */
interface RawConnection {
  readonly socket: Socket;
  received: string;
  /** Resolves when the engine has ended it. */
  readonly closed: Promise<unknown>;
}

async function open(): Promise<RawConnection> {
  const { hostname, port } = new URL(engine.url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.setEncoding('latin1').on('error', () => undefined);
  const connection: RawConnection = { socket, received: '', closed: once(socket, 'close') };
  await once(socket, 'connect');
  socket.on('data', (chunk: string) => {
    connection.received += chunk;
  });
  return connection;
}

const openMany = (count: number) => Promise.all(Array.from({ length: count }, open));

const head = (lines: readonly string[]) => ['POST /api/v1/orders HTTP/1.1', 'Host: x', ...lines, '', ''].join('\r\n');
const bearer = () => `Authorization: Bearer ${newCustomer().token}`;

test('SEC-06 large bodies: 413 or cut off, whether the length is told or not, and 401 unread for who is not known', async (t) => {
  await under(t, async () => {
    const block = 'x'.repeat(64 * 1024);
    const attempts = ['Content-Length: 200000000', 'Transfer-Encoding: chunked'].flatMap((length) => [
      { length, who: [bearer()], status: 413 },
      { length, who: [], status: 401 },
    ]);
    await Promise.all(
      Array.from({ length: scaled(5, 40) }, () => attempts)
        .flat()
        .map(async ({ length, who, status }) => {
          const connection = await open();
          connection.socket.write(
            head([...who, 'Content-Type: application/json', `Idempotency-Key: ${randomUUID()}`, length]),
          );
          const piece = length.startsWith('T') ? `10000\r\n${block}\r\n` : block;
          for (let sent = 0; sent < 200 && connection.socket.writable && connection.received === ''; sent += 1) {
            if (!connection.socket.write(piece))
              await Promise.race([once(connection.socket, 'drain'), connection.closed]);
          }
          if (connection.received === '') await Promise.race([once(connection.socket, 'data'), connection.closed]);
          connection.socket.destroy();
          assert.match(connection.received, new RegExp(`^HTTP/1.1 ${status} `));
        }),
    );
  });
});

test('SEC-06 deep JSON, long lists, many members and many headers are 4xx', async (t) => {
  const line = { itemId: sale.items[0]?.id, quantity: 1 };
  const order = (members: string) => `{"saleId":"${sale.id}","lines":[${JSON.stringify(line)}],${members}}`;
  const bodies: Readonly<Record<string, string>> = {
    'nested objects': order(`"metadata":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`),
    'nested lists': order(`"metadata":{"a":${'['.repeat(25_000)}${']'.repeat(25_000)}}`),
    'nothing but brackets': '['.repeat(60_000),
    'a long list': JSON.stringify({ saleId: sale.id, lines: Array.from({ length: 700 }, () => line) }),
    'a list of nothing': `{"saleId":"${sale.id}","lines":[${'1,'.repeat(30_000)}1]}`,
    'many members': `{${Array.from({ length: 5_000 }, (_, index) => `"m${index}":1`).join(',')}}`,
    'a number of many digits': order(`"metadata":{"a":${'9'.repeat(60_000)}}x`),
  };
  await under(t, async () => {
    for (let round = 0; round < scaled(10, 100); round += 1) {
      for (const [what, rawBody] of Object.entries(bodies)) {
        const options = { token: newCustomer().token, key: randomUUID(), rawBody };
        const answer = await ask('POST', `${engine.url}/api/v1/orders`, options);
        assert.equal(answer.status, 400, `${what}: ${answer.text.slice(0, 300)}`);
        assert.ok(answer.text.length < 32_000, `${what}: ${answer.text.length} characters`);
      }
    }
    for (const lines of [Array.from({ length: 5_000 }, (_, index) => `H${index}: 1`), [`X: ${'x'.repeat(20_000)}`]]) {
      const connection = await open();
      connection.socket.write(head(lines));
      await connection.closed;
      assert.match(connection.received, /^HTTP\/1.1 431 /);
    }
    const address = await ask('GET', `${engine.url}/api/v1/sales?cursor=${'x'.repeat(10_000)}`);
    assert.ok(address.status >= 400 && address.status < 500, String(address.status));
  });
});

test('SEC-06 slow senders, idle connections and readers that do not read are cut off in their time', async (t) => {
  await makeOrders(scaled(12_000, 60_000));
  await under(t, async () => {
    await Promise.all([sendSlowly(t), readNothing(t)]);
  });
});

/** Of headers and of bodies, a byte now and then, and connections on which nothing is sent at all. */
async function sendSlowly(t: TestContext): Promise<void> {
  const startedAt = performance.now();
  const idle = await openMany(scaled(1_000, 5_000));
  const slow = await openMany(scaled(100, 500));
  const body = ['Content-Type: application/json', `Idempotency-Key: ${randomUUID()}`, 'Content-Length: 1000'];
  for (const [index, { socket }] of slow.entries()) {
    socket.write(index % 2 === 0 ? 'POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nX-A: ' : head([bearer(), ...body]));
  }
  const dripping = setInterval(() => {
    for (const { socket } of slow) if (socket.writable) socket.write('1');
  }, 1_000);
  await Promise.all([...idle, ...slow].map(({ closed }) => closed)).finally(() => clearInterval(dripping));
  const seconds = (performance.now() - startedAt) / 1_000;
  t.diagnostic(`${idle.length} idle and ${slow.length} slow connections were gone after ${seconds.toFixed(1)} s`);
  assert.ok(seconds < 30, `${seconds} s`);
  for (const { received } of slow) assert.match(received, /^HTTP\/1.1 408 /);
}

/** An export, and large documents asked for one after the other. Small answers find room in the system's buffers. */
async function readNothing(t: TestContext): Promise<void> {
  const get = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${shop.operatorToken}\r\n\r\n`;
  const readers = await openMany(scaled(20, 60));
  for (const [index, { socket }] of readers.entries()) {
    socket.pause();
    socket.write(index % 2 === 0 ? get('/api/v1/orders/export') : get('/reference/js/scalar.js').repeat(10));
  }
  const startedAt = performance.now();
  const ports = new Set(readers.map(({ socket }) => socket.localPort));
  await until(async () => (await openToEngine(ports)) === 0, 60_000);
  const seconds = (performance.now() - startedAt) / 1_000;
  t.diagnostic(`${readers.length} that read nothing were cut off after ${seconds.toFixed(1)} s`);
  for (const { socket } of readers) socket.destroy();
}

/** How many of these connections the engine still has: who does not read one does not notice that it was closed. */
async function openToEngine(clientPorts: ReadonlySet<number | undefined>): Promise<number> {
  const table = await readFile('/proc/net/tcp', 'utf8');
  const enginePort = Number(new URL(engine.url).port);
  const established = [...table.matchAll(/^\s*\d+: \w+:(\w{4}) \w+:(\w{4}) 01 /gm)];
  return established.filter(
    ([, local = '', remote = '']) =>
      Number.parseInt(local, 16) === enginePort && clientPorts.has(Number.parseInt(remote, 16)),
  ).length;
}

test('SEC-06 who sends many requests ahead of their answers is cut off before the answers fill the memory', async (t) => {
  await under(t, async () => {
    const senders = await openMany(20);
    for (const { socket } of senders) {
      socket.pause();
      socket.write('GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1_000));
    }
    const ports = new Set(senders.map(({ socket }) => socket.localPort));
    await until(async () => (await openToEngine(ports)) === 0, 20_000);
    for (const { socket } of senders) socket.destroy();
  });
});

async function until(condition: () => Promise<boolean>, patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, 'it did not happen in time');
    await pause(200);
  }
}

/** So many orders as one that was placed, written past the engine: what an export has to tell. */
async function makeOrders(count: number): Promise<void> {
  const placed = await shop.order(sale, { token: tokenFor(randomUUID()) });
  assert.equal(placed.status, 201, placed.text);
  await database.query(
    `WITH made AS (
       INSERT INTO orders
       SELECT made.* FROM orders, generate_series(1, $2) AS n, jsonb_populate_record(orders, jsonb_build_object(
         'id', gen_random_uuid(), 'arrival', 1000000 + n, 'idempotency_key', 'made-' || n, 'reference', repeat('r', 200)
       )) AS made WHERE orders.id = $1 RETURNING id
     )
     INSERT INTO order_lines
     SELECT line.* FROM made, order_lines, jsonb_populate_record(order_lines, jsonb_build_object('order_id', made.id)) AS line
     WHERE order_lines.order_id = $1`,
    [placed.json.id, count],
  );
}

test('SEC-06 streams that nobody reads are few: past a bound for each caller 429', async (t) => {
  const customer = newCustomer();
  const order = await shop.order(sale, { token: customer.token });
  await under(t, async () => {
    const request = `GET /api/v1/orders/${order.json.id}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${customer.token}\r\n\r\n`;
    const readers = await openMany(40);
    for (const { socket } of readers) socket.write(request);
    await until(async () => readers.every(({ received }) => received !== ''), 10_000);
    const refused = readers.filter(({ received }) => received.startsWith('HTTP/1.1 429 '));
    assert.equal(refused.length, 20);
    for (const { socket } of readers) socket.destroy();
  });
});
