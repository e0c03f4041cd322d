import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngine } from '../support/engine.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { startHaproxy } from '../support/reverse-proxy.ts';
import type { Rush } from '../support/rush.ts';
import { untilPlaced } from '../support/rush.ts';
import { scaled } from '../support/scale.ts';
import { createStage, type Stage } from '../support/stage.ts';
import { createFaultyProxy } from '../support/tcp-proxy.ts';

/** Enough demand that stock runs out, enough stock that a fault lands in the middle of the selling. */
const UNITS = scaled(1_200, 12_000);
const CROWD = [
  ...['--buyers', String(UNITS), '--stock', String(UNITS), '--limit', '4'],
  ...['--orders-per-buyer', '2', '--concurrency', '48', '--sold-out-bound-ms', '0'],
];
/** Still there when a Cluster has noticed that a master is gone and has elected another, some four seconds. */
const LASTING_UNITS = String(scaled(4_000, 16_000));
const LASTING_CROWD = [
  ...['--buyers', LASTING_UNITS, '--stock', LASTING_UNITS, '--concurrency', String(scaled(2, 16))],
];
/** Orders placed by one of the engines when a fault strikes. */
const IN_THE_MIDDLE = 100;
/** At rest the gate equals the ledger within this time: reservations that nobody gave back are the last to go. */
const GATE_SETTLES_MS = 16_000;

/** What a fault is done with. */
interface Scene {
  readonly database: TestDatabase;
  readonly engines: readonly TestEngine[];
}

interface RushOptions {
  /** Where the buyers send their orders: by default to both engines. */
  readonly addressesOf?: (engines: readonly TestEngine[]) => Promise<readonly string[]>;
  /** Options of `npm run rush`. */
  readonly more?: readonly string[];
}

/** Two engines, PostgreSQL and Redis; a rush; a fault in the middle of it. Every promise about orders holds. */
async function rushThrough(
  stage: Stage,
  redisUrl: string,
  fault: (scene: Scene) => Promise<unknown>,
  options: RushOptions = {},
): Promise<Scene> {
  const { addressesOf = async (engines) => urlsOf(engines), more = [] } = options;
  const database = await stage.database();
  stage.atEnd(() => assertLedgerSound(database));
  const settings = { DATABASE_URL: database.url, REDIS_URL: redisUrl };
  const engines = [await stage.engine(settings), await stage.engine(settings)];
  const scene = { database, engines };
  const rush: Rush = await stage.rush(await addressesOf(engines), [...CROWD, ...more]);
  await untilPlaced(engines[0]?.url ?? '', IN_THE_MIDDLE);
  await fault(scene);
  const { code, output } = await rush.ended;
  assert.equal(code, 0, output);
  assert.match(output, /VERDICT: clean/);
  await untilGateEqualsLedger(scene);
  return scene;
}

const urlsOf = (engines: readonly TestEngine[]) => engines.map(({ url }) => url);

/** One address for both engines. */
async function behindHaproxy(stage: Stage, engines: readonly TestEngine[]): Promise<string[]> {
  const [first = '', second = ''] = urlsOf(engines);
  const proxy = await startHaproxy([first, second]);
  stage.atEnd(() => proxy.stop());
  return [proxy.url];
}

/** The sale that the buyers of a rush are after, and one of its items. */
async function saleOf({ database }: Scene): Promise<{ saleId: string; itemId: string }> {
  const [item] = await database.query<{ id: string; sale_id: string }>(
    'SELECT items.id, sale_id FROM items JOIN sales ON sales.id = sale_id WHERE sales.test',
  );
  assert.ok(item, 'there is a test sale');
  return { saleId: item.sale_id, itemId: item.id };
}

/** By the metrics that operators see: Redis is there again, nothing differs, and no reservation is left. */
async function untilGateEqualsLedger({ engines }: Scene): Promise<void> {
  const deadline = Date.now() + GATE_SETTLES_MS;
  for (;;) {
    const states = await Promise.all(engines.map(({ url }) => stateOf(url)));
    if (states.every(({ closed, differs }) => closed && differs === 0)) return;
    assert.ok(Date.now() < deadline, `the gate still differs: ${JSON.stringify(states)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** How often the gate has reserved units for one of the engines. */
async function reservedBy(engines: readonly TestEngine[]): Promise<number> {
  const counts = engines.map(async ({ url }) => {
    const metrics = await fetch(`${url}/metrics`).then((response) => response.text());
    return Number(/doorbuster_gate_advice_total\{advice="reserved"\} (\d+)/.exec(metrics)?.[1] ?? 0);
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

async function stateOf(url: string): Promise<{ closed: boolean; differs: number }> {
  const metrics = await fetch(`${url}/metrics`).then((response) => response.text());
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1] ?? Number.NaN);
  return {
    closed: metrics.includes('doorbuster_redis_breaker{state="closed"} 1'),
    differs: value('doorbuster_gate_drift_units') + value('doorbuster_gate_open_reservations'),
  };
}

test('S-08 a rush over two processes with Redis: clean, and the gate ends equal to the ledger', async (t) => {
  const stage = createStage(t);
  const redis = await stage.redis();
  const { engines } = await rushThrough(stage, redis.url, async () => undefined);
  const metrics = await fetch(`${engines[0]?.url}/metrics`).then((response) => response.text());
  assert.ok(/doorbuster_gate_advice_total\{advice="reserved"\} [1-9]/.test(metrics), 'the gate was asked');
});

test('F-04 Redis is killed in the middle of a rush and comes back empty: clean', async (t) => {
  const stage = createStage(t);
  const redis = await stage.redis();
  await rushThrough(stage, redis.url, async ({ engines }) => {
    await redis.kill();
    await untilPlaced(engines[0]?.url ?? '', 2 * IN_THE_MIDDLE);
    await redis.start('empty');
  });
});

test('F-05 FLUSHALL in the middle of a rush, again and again: clean', async (t) => {
  const stage = createStage(t);
  const redis = await stage.redis();
  await rushThrough(stage, redis.url, async ({ engines }) => {
    for (let round = 1; round <= 3; round += 1) {
      await redis.flushAll();
      await untilPlaced(engines[0]?.url ?? '', (1 + round / 2) * IN_THE_MIDDLE);
    }
  });
});

test('F-04 Redis comes back with an old snapshot, which knows of more stock and of fewer orders: clean', async (t) => {
  const stage = createStage(t);
  const redis = await stage.redis();
  await rushThrough(stage, redis.url, async ({ engines }) => {
    await redis.saveSnapshot();
    await untilPlaced(engines[0]?.url ?? '', 2 * IN_THE_MIDDLE);
    await redis.kill();
    await redis.start('snapshot');
  });
});

test('F-04 Redis is killed and comes back with its append-only file, which ends where it was killed: clean', async (t) => {
  const stage = createStage(t);
  const redis = await stage.redis(['appendonly yes']);
  // Written long before: what Redis took in the last second may be gone.
  await redis.query('SET', 'witness', 'written before');
  await rushThrough(stage, redis.url, async ({ engines }) => {
    await redis.kill();
    await untilPlaced(engines[0]?.url ?? '', 2 * IN_THE_MIDDLE);
    await redis.start('as-left');
    assert.equal(await redis.query('GET', 'witness'), 'written before');
  });
});

test('F-07 Redis hangs for seconds in the middle of a rush: the breaker opens, sales go on, it recovers; clean', async (t) => {
  const stage = createStage(t);
  const redis = await stage.redis();
  const { engines } = await rushThrough(stage, redis.url, async () => redis.pause(5_000));
  const metrics = await fetch(`${engines[0]?.url}/metrics`).then((response) => response.text());
  assert.ok(/doorbuster_gate_advice_total\{advice="away"\} [1-9]/.test(metrics), 'orders went on without Redis');
});

test('F-07 Redis answers two seconds late: sales go on without it; clean', async (t) => {
  const stage = createStage(t);
  const redis = await stage.redis();
  const proxy = await createFaultyProxy({ port: redis.port });
  stage.atEnd(() => proxy.close());
  await rushThrough(stage, `redis://127.0.0.1:${proxy.port}`, async ({ engines }) => {
    proxy.delayReplies(2_000);
    await untilPlaced(engines[0]?.url ?? '', 2 * IN_THE_MIDDLE);
    proxy.delayReplies(0);
  });
});

test('F-06 replies of Redis get lost, and its connections are cut: clean', async (t) => {
  const stage = createStage(t);
  const redis = await stage.redis();
  const proxy = await createFaultyProxy({ port: redis.port });
  stage.atEnd(() => proxy.close());
  await rushThrough(stage, `redis://127.0.0.1:${proxy.port}`, async ({ engines }) => {
    await proxy.cutReplies();
    await untilPlaced(engines[0]?.url ?? '', 1.5 * IN_THE_MIDDLE);
    proxy.pass();
    await untilPlaced(engines[0]?.url ?? '', 2 * IN_THE_MIDDLE);
    proxy.cutConnections();
  });
});

test('F-08 the scripts of Redis are forgotten in the middle of a rush: clean', async (t) => {
  const stage = createStage(t);
  const redis = await stage.redis();
  await rushThrough(stage, redis.url, () => redis.scriptFlush());
});

test('S-05 somebody deletes the stock in Redis, or writes something wrong into it: clean, and it is repaired', async (t) => {
  const stage = createStage(t);
  const redis = await stage.redis();
  await rushThrough(stage, redis.url, async (scene) => {
    const { engines, database } = scene;
    const { saleId, itemId } = await saleOf(scene);
    const [ledger] = await database.query<{ id: string }>('SELECT id FROM ledger');
    const key = `doorbuster:{${saleId}}:${ledger?.id}:stock`;
    assert.equal(await redis.query('EXISTS', key), 1, 'the key of the stock is where this test writes');
    await redis.query('DEL', key);
    await untilPlaced(engines[0]?.url ?? '', 1.5 * IN_THE_MIDDLE);
    // Sold out, by a version that the ledger will not reach; and then by a type that is none.
    await redis.query('HSET', key, itemId, '0:999999999:');
    await untilPlaced(engines[0]?.url ?? '', 2 * IN_THE_MIDDLE);
    await redis.query('SET', key, 'rubbish');
  });
});

test('F-04 Sentinel fails over to a replica in the middle of a rush: clean', async (t) => {
  const stage = createStage(t);
  const redis = await stage.redisSentinel();
  await rushThrough(stage, redis.url, async ({ engines }) => {
    await (await redis.master()).kill();
    await untilPlaced(engines[0]?.url ?? '', 2 * IN_THE_MIDDLE);
  });
});

test('S-08 a rush over two processes with a Redis Cluster: clean', async (t) => {
  const stage = createStage(t);
  const redis = await stage.redisCluster();
  await rushThrough(stage, redis.url, async () => undefined);
});

test('F-04 in a Redis Cluster the master of the sale is killed while two engines behind HAProxy sell: clean', async (t) => {
  const stage = createStage(t);
  const redis = await stage.redisCluster();
  let advised = 0;
  const { engines } = await rushThrough(
    stage,
    redis.url,
    async (scene) => {
      const { saleId } = await saleOf(scene);
      const key = `doorbuster:{${saleId}}:stock`;
      const old = await redis.masterOf(key);
      await old.kill();
      await redis.failover(key, old);
      advised = await reservedBy(scene.engines);
    },
    { addressesOf: (both) => behindHaproxy(stage, both), more: LASTING_CROWD },
  );
  assert.ok((await reservedBy(engines)) > advised, 'the new master was asked in the same rush');
});
