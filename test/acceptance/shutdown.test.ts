import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { type Answer, newCustomer, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngine } from '../support/engine.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { freePort } from '../support/postgres.ts';
import { startHaproxy } from '../support/reverse-proxy.ts';
import { scaled } from '../support/scale.ts';
import { createShop, type Sale, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });
let database: TestDatabase;

before(async () => {
  database = await stage.database();
});

/** A crowd of clients that repeat with the same key whatever was not answered, and wait as they are told. */
interface Crowd {
  /** Resolves when so many orders were answered with 201. */
  untilPlaced(orders: number): Promise<void>;
  /** Sends nothing new; the ids of the orders that were promised. */
  end(): Promise<ReadonlySet<string>>;
  /** What came that a client cannot help by repeating. */
  readonly faults: readonly string[];
  /** How often a request was sent again. */
  again(): number;
}

const CLIENTS = 16;

function startCrowd(sale: Sale, urls: readonly string[]): Crowd {
  const promised = new Set<string>();
  const faults: string[] = [];
  const waiting = new Set<() => void>();
  let again = 0;
  let over = false;

  /** One order, with one key over all tries, each at the next address. */
  async function buy(turn: number): Promise<void> {
    const key = randomUUID();
    const { token } = newCustomer();
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const url = `${urls[(turn + attempt) % urls.length]}/api/v1/orders`;
      const body = { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 1 }] };
      const answer = await send('POST', url, { token, key, body }).catch(() => undefined);
      if (answer?.status === 201) {
        promised.add(answer.json.id);
        for (const look of waiting) look();
        return;
      }
      if (answer !== undefined && !mayRepeat(answer)) return void faults.push(`${answer.status} ${answer.text}`);
      again += 1;
      // Where the process says nothing, the next one is asked at once.
      const seconds = Number(answer?.headers.get('retry-after') ?? 0.01);
      await new Promise((resolve) => setTimeout(resolve, Math.min(seconds, 1) * 100));
    }
    faults.push('an order was not placed in 100 tries');
  }

  const clients = Array.from({ length: CLIENTS }, async (_, index) => {
    for (let turn = index; !over; turn += 1) await buy(turn);
  });
  return {
    faults,
    again: () => again,
    untilPlaced: (orders) =>
      new Promise((resolve) => {
        const look = () => {
          if (promised.size < orders) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    async end() {
      over = true;
      await Promise.all(clients);
      return promised;
    },
  };
}

/** No answer, a gateway that found nobody, or a 503 that says when to come again. */
function mayRepeat({ status, headers }: Answer): boolean {
  return (
    status === 502 || status === 504 || (status === 503 && (headers.has('retry-after') || !headers.has('request-id')))
  );
}

async function assertKept(shop: Shop, sale: Sale, promised: ReadonlySet<string>): Promise<void> {
  const rows = await database.query<{ id: string }>('SELECT id FROM orders WHERE sale_id = $1', [sale.id]);
  assert.deepEqual(new Set(rows.map(({ id }) => id)), promised);
  const { stock } = (await shop.readSale(sale.id)).items[0] ?? {};
  assert.equal(stock?.held, promised.size);
}

const MANY = 100_000;

/** Asks a process to stop; its exit code, and how long it took. */
async function timeStop(engine: TestEngine): Promise<{ code: number | null; ms: number }> {
  const startedAt = performance.now();
  const code = await engine.stop();
  return { code, ms: performance.now() - startedAt };
}

/** Far below SHUTDOWN_TIMEOUT_MS (15 s), even on a busy machine. */
const STOP_MS_MAX = 8_000;

test('F-13 a request that was accepted before SIGTERM is answered though its lock comes seconds later; a half-sent one holds up nothing', async (t) => {
  const own = createStage(t);
  const engine = await own.engine({ DATABASE_URL: database.url, PLACING_DEADLINE_MS: '5000' });
  const shop = await createShop(engine.url);
  const sale = await shop.createSale();
  const { port } = new URL(engine.url);
  const half = connect(Number(port), '127.0.0.1');
  half.on('error', () => undefined);
  await once(half, 'connect');
  half.write(
    'POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{',
  );
  const halfClosed = once(half, 'close');

  const lock = await database.hold('SELECT FROM sales WHERE id = $1 FOR UPDATE', [sale.id]);
  const { token } = newCustomer();
  const accepted = shop.order(sale, { token, key: 'accepted' });
  await lock.blocksSomebody();
  const stopping = timeStop(engine);
  await halfClosed;
  await lock.release();
  const answer = await accepted;
  assert.equal(answer.status, 201, answer.text);
  const { code, ms } = await stopping;
  assert.equal(code, 0, engine.output.join('\n'));
  assert.ok(ms < STOP_MS_MAX, `${ms} ms`);
  const rows = await database.query('SELECT id FROM orders WHERE sale_id = $1', [sale.id]);
  assert.deepEqual(rows, [{ id: answer.json.id }]);
  assert.deepEqual(await database.query('SELECT order_id FROM outbox'), [], 'its event was told of');
});

test('F-14, F-13 a rolling restart of two processes under load: no order is lost, no client sees what a repeat does not help', async (t) => {
  const own = createStage(t);
  const ports = [String(await freePort()), String(await freePort())];
  const settings = (index: number) => ({ DATABASE_URL: database.url, PORT: ports[index] ?? '' });
  const engines = [await own.engine(settings(0)), await own.engine(settings(1))];
  const urls = engines.map(({ url }) => url);
  const shop = await createShop(urls[0] ?? '');
  const sale = await shop.createSale({ items: [{ capacity: MANY }] });
  const crowd = startCrowd(sale, urls);
  let placed = 0;
  for (let round = 0; round < scaled(1, 5); round += 1) {
    for (const [index, engine] of engines.entries()) {
      placed += 150;
      await crowd.untilPlaced(placed);
      const { code, ms } = await timeStop(engine);
      assert.equal(code, 0, engine.output.join('\n'));
      assert.ok(ms < STOP_MS_MAX, `${ms} ms`);
      engines[index] = await own.engine(settings(index));
    }
  }
  await crowd.untilPlaced(placed + 150);
  const promised = await crowd.end();
  assert.deepEqual(crowd.faults, []);
  await assertKept(shop, sale, promised);
  await assertLedgerSound(database);
});

test('F-13 behind HAProxy: a process that drains is left out, and a client that repeats sees no error', async (t) => {
  const own = createStage(t);
  const port = String(await freePort());
  const settings = { DATABASE_URL: database.url, TRUSTED_PROXIES: '127.0.0.1', SHUTDOWN_DRAIN_MS: '2500' };
  const staying = await own.engine(settings);
  let leaving = await own.engine({ ...settings, PORT: port });
  const proxy = await startHaproxy([leaving.url, staying.url]);
  own.atEnd(proxy.stop);
  const shop = await createShop(proxy.url);
  const sale = await shop.createSale({ items: [{ capacity: MANY }] });
  const crowd = startCrowd(sale, [proxy.url]);
  let placed = 0;
  const rounds = scaled(1, 10);
  for (let round = 0; round < rounds; round += 1) {
    placed += 150;
    await crowd.untilPlaced(placed);
    const { code, ms } = await timeStop(leaving);
    assert.equal(code, 0, leaving.output.join('\n'));
    assert.ok(ms < STOP_MS_MAX, `${ms} ms`);
    leaving = await own.engine({ ...settings, PORT: port });
  }
  await crowd.untilPlaced(placed + 150);
  const promised = await crowd.end();
  t.diagnostic(`${promised.size} orders over ${rounds} stops; ${crowd.again()} requests were sent again`);
  assert.deepEqual(crowd.faults, []);
  await assertKept(shop, sale, promised);
  await assertLedgerSound(database);
});

test('while it drains it is not ready and serves all the same, each answer closing its connection', async (t) => {
  const own = createStage(t);
  const engine = await own.engine({ DATABASE_URL: database.url, SHUTDOWN_DRAIN_MS: '1500' });
  const shop = await createShop(engine.url);
  const sale = await shop.createSale();
  /** As a proxy does, which keeps its connections. */
  const connectionOf = async () => (await fetch(`${engine.url}/api/v1/sales`)).headers.get('connection');
  assert.equal(await connectionOf(), 'keep-alive');
  const stopping = timeStop(engine);
  const deadline = Date.now() + 1_000;
  for (;;) {
    const ready = await send('GET', `${engine.url}/health/ready`);
    if (ready.status === 503) {
      assert.deepEqual([ready.json.status, ready.json.parts.accepting], ['not_ready', false]);
      break;
    }
    assert.ok(Date.now() < deadline, 'it stays ready');
  }
  const order = await shop.order(sale);
  assert.equal(order.status, 201, order.text);
  assert.equal(await connectionOf(), 'close');
  const { code, ms } = await stopping;
  assert.equal(code, 0);
  assert.ok(ms >= 1_400 && ms < STOP_MS_MAX, `${ms} ms`);
});

test('a second signal forces the end, and the exit code says that it was forced', async (t) => {
  const own = createStage(t);
  const engine = await own.engine({ DATABASE_URL: database.url });
  const shop = await createShop(engine.url);
  const sale = await shop.createSale();
  const lock = await database.hold('SELECT FROM sales WHERE id = $1 FOR UPDATE', [sale.id]);
  const cut = shop.order(sale).catch(() => undefined);
  await lock.blocksSomebody();
  process.kill(engine.pid, 'SIGTERM');
  await untilNotAccepting(engine.url);
  process.kill(engine.pid, 'SIGTERM');
  assert.equal(await engine.ended, 1);
  assert.ok(engine.output.some((line) => line.includes('the stop is forced')));
  await cut;
  await lock.release();
});

/** Resolves when a process takes no new connections. */
async function untilNotAccepting(url: string): Promise<void> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const answer = await send('GET', `${url}/health/live`).catch(() => undefined);
    if (answer === undefined) return;
    assert.ok(Date.now() < deadline, 'it still accepts');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('what does not end in SHUTDOWN_TIMEOUT_MS is forced: the log names the part, the exit code is 1', async (t) => {
  const own = createStage(t);
  const engine = await own.engine({ DATABASE_URL: database.url, SHUTDOWN_TIMEOUT_MS: '500' });
  const shop = await createShop(engine.url);
  const sale = await shop.createSale();
  const lock = await database.hold('SELECT FROM sales WHERE id = $1 FOR UPDATE', [sale.id]);
  const cut = shop.order(sale).catch(() => undefined);
  await lock.blocksSomebody();
  const { code, ms } = await timeStop(engine);
  assert.equal(code, 1);
  assert.ok(ms >= 450 && ms < 5_000, `${ms} ms`);
  const told = engine.output.find((line) => line.includes('not stopped in 500 ms'));
  assert.match(told ?? '', /"part":"HTTP server"/);
  await cut;
  await lock.release();
});

test('a stop while PostgreSQL is away ends in time, with 0: nothing is lost by it', async (t) => {
  const own = createStage(t);
  const postgres = await own.postgres();
  const engine = await own.engine({ DATABASE_URL: postgres.url('postgres') });
  await postgres.stop('immediate');
  const { code, ms } = await timeStop(engine);
  assert.equal(code, 0, engine.output.join('\n'));
  assert.ok(ms < 12_000, `${ms} ms`);
});
