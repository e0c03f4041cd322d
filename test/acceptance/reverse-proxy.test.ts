import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import { type Answer, newCustomer, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngine } from '../support/engine.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { placeOrder } from '../support/orders.ts';
import type { TestRedis } from '../support/redis.ts';
import {
  canStartNginx,
  type ReverseProxy,
  type StartReverseProxy,
  startHaproxy,
  startNginx,
} from '../support/reverse-proxy.ts';
import { scaled } from '../support/scale.ts';
import { sendFrom } from '../support/send-from.ts';
import { createShop, type Sale, type Shop } from '../support/shop.ts';
import { createStage, type Stage } from '../support/stage.ts';
import { parseList } from '../support/structured-fields.ts';

const stage = createStage({ after });
let database: TestDatabase;
let redis: TestRedis;

before(async () => {
  database = await stage.database();
  redis = await stage.redis();
});

const PROXIES: readonly [name: string, start: StartReverseProxy, skip: string | false][] = [
  ['HAProxy', startHaproxy, false],
  ['nginx', startNginx, canStartNginx() ? false : 'there is no nginx that may be started'],
];

/** Far more than the tests send; what is left of it tells whose requests were counted. */
const QUOTA = 1_000_000;

/** Two engines of the role api behind one address. */
async function openHouse(
  own: Stage,
  startProxy: StartReverseProxy,
): Promise<{ proxy: ReverseProxy; engines: [TestEngine, TestEngine] }> {
  const settings = {
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    ROLE: 'api',
    TRUSTED_PROXIES: '127.0.0.1',
    RATE_LIMIT_PER_IP: `${QUOTA}/600`,
  };
  const engines: [TestEngine, TestEngine] = [await own.engine(settings), await own.engine(settings)];
  const proxy = await startProxy([engines[0].url, engines[1].url]);
  own.atEnd(() => proxy.stop());
  return { proxy, engines };
}

/** How many requests the engines have counted from the client that got this answer. */
function countedOf(answer: Answer): number {
  const [byAddress] = parseList(answer.headers.get('ratelimit') ?? '');
  assert.equal(byAddress?.value, 'per-ip', answer.text);
  return QUOTA - Number(byAddress.parameters.get('r'));
}

for (const [name, startProxy, skip] of PROXIES) {
  test(`RL-02 behind ${name}, each client is itself, whatever it claims`, { skip }, async (context: TestContext) => {
    await redis.flushAll();
    const { proxy } = await openHouse(createStage(context), startProxy);
    const read = (address: string, headers: Record<string, string> = {}) =>
      sendFrom(address, 'GET', `${proxy.url}/api/v1/sales`, { headers });
    assert.equal(countedOf(await read('127.0.0.2')), 1);
    assert.equal(countedOf(await read('127.0.0.3')), 1);
    const claims = { 'x-forwarded-for': '127.0.0.3', forwarded: 'for=127.0.0.3' };
    assert.equal(countedOf(await read('127.0.0.2', claims)), 2);
    assert.equal(countedOf(await read('127.0.0.3')), 2);
    const metrics = await read('127.0.0.2').then(() => sendFrom('127.0.0.2', 'POST', `${proxy.url}/api/v1/orders`));
    assert.equal(metrics.status, 401, 'POSTs come through as well');
    assert.equal((await send('GET', `${proxy.url}/metrics`)).status, 404, 'metrics are for the inside');
  });

  test(`S-03 behind ${name}, an engine that is killed takes no answered order with it, and orders go on`, {
    skip,
  }, async (context: TestContext) => {
    const { proxy, engines } = await openHouse(createStage(context), startProxy);
    const shop = await createShop(proxy.url);
    const orders = scaled(200, 5_000);
    const sale = await shop.createSale({ items: [{ capacity: orders }] });
    let answered = 0;
    let again = 0;
    const ids = new Set<string>();

    /** Asks until it is placed, with one key, as a client that never gives up. */
    async function buy(): Promise<void> {
      const buyer = { token: newCustomer().token, key: randomUUID() };
      for (;;) {
        const answer = await shop.order(sale, buyer).catch(() => undefined);
        if (answer?.status === 201) {
          ids.add(answer.json.id);
          answered += 1;
          return;
        }
        assert.ok(answer === undefined || answer.status >= 500, answer?.text);
        again += 1;
      }
    }

    const buyers = Array.from({ length: 16 }, async (_, index) => {
      for (let count = index; count < orders; count += 16) {
        await buy();
        if (answered === Math.floor(orders / 3)) await engines[0].kill();
      }
    });
    await Promise.all(buyers);
    context.diagnostic(`${again} requests were sent again`);

    assert.equal(ids.size, orders);
    const rows = await database.query<{ id: string }>('SELECT id FROM orders WHERE sale_id = $1', [sale.id]);
    assert.deepEqual(new Set(rows.map(({ id }) => id)), ids);
    assert.equal((await shop.readSale(sale.id)).items[0]?.stock.available, 0);
    await assertLedgerSound(database);
  });
}

/** An order that is over at once, and nobody who would say so. */
async function overdueOrder(shop: Shop): Promise<{ id: string; sale: Sale }> {
  const sale = await shop.createSale({ holdSeconds: 1 });
  const order = await placeOrder(shop, sale);
  // Twice as long past its time as an order may stay where a worker runs.
  await database.until("SELECT id FROM orders WHERE id = $1 AND clock_timestamp() > pay_by + interval '2 seconds'", [
    order.id,
  ]);
  return order;
}

test('S-06 an api process alone expires nothing; a worker does, and answers for health and metrics only', async (context) => {
  const own = createStage(context);
  const api = await own.engine({ DATABASE_URL: database.url, ROLE: 'api' });
  const order = await overdueOrder(await createShop(api.url));
  const statusOf = async () => (await database.query('SELECT status FROM orders WHERE id = $1', [order.id]))[0];
  assert.deepEqual(await statusOf(), { status: 'pending_payment' });

  const worker = await own.engine({ DATABASE_URL: database.url, ROLE: 'worker' });
  await database.until("SELECT id FROM orders WHERE id = $1 AND status = 'expired'", [order.id]);
  for (const path of ['/health/live', '/health/ready', '/metrics']) {
    assert.equal((await send('GET', `${worker.url}${path}`)).status, 200, path);
  }
  for (const path of ['/api/v1/sales', `/api/v1/orders/${order.id}`, '/reference', '/errors/sold-out']) {
    const answer = await send('GET', `${worker.url}${path}`);
    assert.equal(answer.status, 404, path);
    assert.equal(answer.json.code, 'not-found');
  }
  assert.equal((await send('POST', `${worker.url}/api/v1/orders`, { body: {} })).status, 404);
});
