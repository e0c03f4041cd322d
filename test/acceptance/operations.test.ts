import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type Answer, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngine } from '../support/engine.ts';
import { pay, placeOrder } from '../support/orders.ts';
import { freePort } from '../support/postgres.ts';
import { checkMetrics } from '../support/prometheus.ts';
import { createShop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });
let database: TestDatabase;

before(async () => {
  database = await stage.database();
});

/** Asks until the answer is the one that is waited for. */
async function untilAnswer(url: string, isIt: (answer: Answer) => boolean): Promise<Answer> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const answer = await send('GET', url).catch(() => undefined);
    if (answer !== undefined && isIt(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`${url} still answers ${answer?.status} ${answer?.text}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const seriesValue = (text: string, series: string) =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length) ?? Number.NaN,
  );

const PRODUCTION = {
  NODE_ENV: 'production',
  PAYMENT_PROVIDER: 'sandbox',
  TOKEN_KEYS: 'development:not-a-secret-not-a-secret-but-not-the-default',
  OPERATOR_PASSWORD: 'doorbuster-production',
  SHUTDOWN_DRAIN_MS: '0',
};

test('what a running engine shows passes promtool, names no metric that is not documented, and counts what happens', async (t) => {
  const engine = await createStage(t).engine({ DATABASE_URL: database.url });
  const shop = await createShop(engine.url);
  const sale = await shop.createSale({ items: [{ capacity: 2 }] });
  const trial = await shop.createSale({ test: true });
  const order = await placeOrder(shop, sale);
  assert.equal((await pay(engine.url, order)).status, 200);
  await placeOrder(shop, sale);
  assert.equal((await shop.order(sale)).json.code, 'sold-out');

  const item = sale.items[0]?.id;
  const stock = `doorbuster_item_units{sale="${sale.id}",item="${item}",state="sold"}`;
  const { text } = await untilAnswer(`${engine.url}/metrics`, (answer) => seriesValue(answer.text, stock) === 1);
  assert.deepEqual(checkMetrics(text), []);
  const own = new Set([...text.matchAll(/^# TYPE (doorbuster_\S+) /gm)].map(([, name = '']) => name));
  const documented = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  assert.deepEqual(
    [...own].filter((name) => !documented.includes(`| \`${name}\` |`)),
    [],
  );
  for (const [series, value] of [
    ['doorbuster_orders_placed_total', 2],
    ['doorbuster_orders_refused_total{reason="sold-out"}', 1],
    [`doorbuster_item_units{sale="${sale.id}",item="${item}",state="available"}`, 0],
    [`doorbuster_item_units{sale="${sale.id}",item="${item}",state="held"}`, 1],
    [`doorbuster_item_capacity_units{sale="${sale.id}",item="${item}"}`, 2],
    ['doorbuster_http_requests_total{method="POST",route="/api/v1/orders",status="201"}', 2],
    ['doorbuster_http_requests_total{method="POST",route="/api/v1/orders",status="409"}', 1],
    ['doorbuster_payment_calls_total{provider="sandbox",call="charge",outcome="captured"}', 1],
  ] as const) {
    assert.equal(seriesValue(text, series), value, series);
  }
  assert.ok(!text.includes(trial.id), 'test sales are not shown');
  assert.ok(seriesValue(text, 'doorbuster_database_seconds_count{operation="statement"}') > 0);
  assert.ok(seriesValue(text, 'doorbuster_redis_call_seconds_count{outcome="ok"}') > 0);
});

test('SEC-06 made-up routes and methods make no new series', async (t) => {
  const engine = await createStage(t).engine({ DATABASE_URL: database.url, REDIS_URL: '' });
  const series = async () =>
    (await send('GET', `${engine.url}/metrics`)).text.split('\n').filter((line) => line.startsWith('doorbuster_http_'))
      .length;
  const flood = async (times: number) => {
    for (let count = 0; count < times; count += 1) {
      const made = `${count}${Math.random()}`;
      await send('GET', `${engine.url}/${made}`);
      await send('GET', `${engine.url}/api/v1/sales/${made}`);
      await send('PROPFIND', `${engine.url}/api/v1/sales`).catch(() => undefined);
      await send('SEARCH', `${engine.url}/${made}`).catch(() => undefined);
    }
  };
  await flood(2);
  await series();
  const first = await series();
  await flood(30);
  assert.equal(await series(), first);
});

test('SEC-03 in production metrics are served to nobody unless that is configured, and the start says so', async (t) => {
  const engine = await createStage(t).engine({ ...PRODUCTION, DATABASE_URL: database.url });
  assert.equal((await send('GET', `${engine.url}/metrics`)).status, 404);
  assert.ok(engine.output.some((line) => line.includes('/metrics is not served')));
  assert.equal((await send('GET', `${engine.url}/health/ready`)).status, 200, 'health is');
});

test('SEC-03 with METRICS_TOKEN the public port gives them to its bearer alone', async (t) => {
  const token = 'a-token-of-the-monitoring';
  const engine = await createStage(t).engine({ ...PRODUCTION, DATABASE_URL: database.url, METRICS_TOKEN: token });
  for (const wrong of [undefined, 'Bearer', `Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Basic ${token}`]) {
    const answer = await send('GET', `${engine.url}/metrics`, wrong ? { headers: { authorization: wrong } } : {});
    assert.equal(answer.status, 401, wrong);
    assert.equal(answer.json.code, 'unauthenticated');
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
  }
  const right = await send('GET', `${engine.url}/metrics`, { token });
  assert.equal(right.status, 200);
  assert.match(right.headers.get('content-type') ?? '', /^text\/plain/);
  assert.ok(!engine.output.some((line) => line.includes('/metrics is not served')));
});

test('with METRICS_PORT they have a listener of their own, which tells of the start as well; the public port has none', async (t) => {
  const own = createStage(t);
  const port = await freePort();
  const apart = `http://127.0.0.1:${port}`;
  const lock = await database.hold('LOCK TABLE accounts');
  const starting = own.engine({ ...PRODUCTION, DATABASE_URL: database.url, METRICS_PORT: String(port) });
  await lock.blocksSomebody();
  const statusOf = async (path: string) => (await send('GET', `${apart}${path}`)).status;
  assert.equal(await statusOf('/health/live'), 200);
  assert.equal(await statusOf('/health/startup'), 503);
  assert.equal(await statusOf('/health/ready'), 503);
  assert.equal(await statusOf('/metrics'), 200, 'also before the ledger is there');
  await lock.release();
  const engine = await starting;
  for (const path of ['/health/live', '/health/startup', '/health/ready', '/metrics']) {
    assert.equal(await statusOf(path), 200, path);
  }
  assert.equal(await statusOf('/api/v1/sales'), 404);
  assert.equal((await send('GET', `${engine.url}/metrics`)).status, 404);
  assert.equal((await send('GET', `${engine.url}/health/startup`)).status, 200);
  assert.equal(await engine.stop(), 0);
});

test('while the ledger hangs, metrics and health answer in time, without what only the ledger knows, and ask it no more', async (t) => {
  const own = createStage(t);
  const postgres = await own.postgres();
  const engine = await own.engine({ DATABASE_URL: postgres.url('postgres'), REDIS_URL: '' });
  const shop = await createShop(engine.url);
  await shop.createSale();
  await untilAnswer(`${engine.url}/metrics`, ({ text }) => text.includes('doorbuster_item_units{'));
  await postgres.stop('immediate');
  const ready = await untilAnswer(`${engine.url}/health/ready`, ({ status }) => status === 503);
  assert.equal(ready.json.status, 'not_ready');
  assert.equal(ready.json.parts.ledger, 'down');
  await untilAnswer(`${engine.url}/metrics`, ({ text }) => !text.includes('doorbuster_item_units{'));
  const startedAt = Date.now();
  const many = await Promise.all(
    Array.from({ length: 200 }, (_, index) => send('GET', `${engine.url}/${index % 2 ? 'metrics' : 'health/ready'}`)),
  );
  assert.ok(Date.now() - startedAt < 5_000);
  for (const { status, text } of many) assert.ok(status === 503 || text.includes('doorbuster_build_info'), text);
  await postgres.start();
  await untilAnswer(`${engine.url}/health/ready`, ({ json }) => json?.status === 'ready');
  await untilAnswer(`${engine.url}/metrics`, ({ text }) => text.includes('doorbuster_item_units{'));
});

test('health tells each part, of a worker too: outbox, drift, duties that fail; degraded is ready', async (t) => {
  const own = createStage(t);
  const redis = await own.redis();
  const settings = { DATABASE_URL: database.url, REDIS_URL: redis.url };
  const [api, worker]: TestEngine[] = [
    await own.engine({ ...settings, ROLE: 'api' }),
    await own.engine({ ...settings, ROLE: 'worker' }),
  ];
  const { json } = await untilAnswer(`${api?.url}/health/ready`, (answer) => answer.json?.parts.redis === 'up');
  assert.deepEqual(Object.keys(json.parts).sort(), [
    ...['accepting', 'gateDriftUnits', 'ledger', 'outbox', 'redis', 'workers'],
  ]);
  assert.deepEqual(json.parts.workers, { role: 'api', failing: [] });
  assert.equal(typeof json.parts.outbox.events, 'number');

  await redis.kill();
  const away = await untilAnswer(`${api?.url}/health/ready`, (answer) => answer.json?.parts.redis === 'away');
  assert.deepEqual([away.status, away.json.status], [200, 'degraded']);

  await database.query('ALTER TABLE outbox RENAME TO outbox_gone');
  try {
    const failing = await untilAnswer(`${worker?.url}/health/ready`, ({ json: ready }) =>
      ready?.parts.workers.failing.includes('outbox-relay'),
    );
    assert.deepEqual([failing.status, failing.json.status], [200, 'degraded']);
    assert.equal(failing.json.parts.workers.role, 'worker');
  } finally {
    await database.query('ALTER TABLE outbox_gone RENAME TO outbox');
  }
  await untilAnswer(`${worker?.url}/health/ready`, ({ json: ready }) => ready?.parts.workers.failing.length === 0);
});

test('each process is listed with what it reports, while it runs; one that stops in order is listed no more', async (t) => {
  const own = createStage(t);
  const engine = await own.engine({ DATABASE_URL: database.url, ROLE: 'api' });
  const mine =
    "SELECT report FROM processes WHERE role = 'api' AND seen_at > clock_timestamp() - interval '15 seconds'";
  const { report } = await database.until<{ report: { breaker: string; duties: { name: string }[] } }>(mine);
  assert.deepEqual(Object.keys(report).sort(), [
    ...['breaker', 'duties', 'errors', 'eventLoopLagMs', 'gateDriftUnits', 'requests', 'waitingOrders'],
  ]);
  assert.equal(await engine.stop(), 0);
  assert.deepEqual(await database.query(mine), []);
});
