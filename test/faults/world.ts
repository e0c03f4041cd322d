import pg from 'pg';
import { send } from '../support/client.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { createPeople, type People } from '../support/orders.ts';
import { freePort, type TestPostgres } from '../support/postgres.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';
import type { TestRedis } from '../support/redis.ts';
import { startHaproxy } from '../support/reverse-proxy.ts';
import { createShop, type Shop } from '../support/shop.ts';
import type { Stage } from '../support/stage.ts';
import { createFaultyProxy, createTcpProxy, type FaultyProxy } from '../support/tcp-proxy.ts';
import type { Fault, OwnFaultKind } from './fault-kinds.ts';
import { createPostgresProxy, type PostgresProxy } from './postgres-proxy.ts';
import { createClock } from './shifted-clock.ts';

/** Runs SQL as the suite's own eyes and hands, past all proxies, on a connection of its own each time. */
export type Query = <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>;

/** One of the engine's processes, which may die and be started again at the same address. */
export interface EngineSlot {
  readonly url: string;
  kill(): Promise<void>;
  /** SIGTERM; fails unless it ends by itself. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Starts it if it does not run, and thaws it. */
  revive(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

/** Two engines behind HAProxy, a PostgreSQL and a Redis that they reach through proxies, and somebody who listens. */
export interface World {
  readonly postgres: TestPostgres;
  readonly postgresProxy: PostgresProxy;
  readonly redis: TestRedis;
  readonly redisProxy: FaultyProxy;
  readonly engines: readonly [EngineSlot, EngineSlot];
  /** The address of both engines, by HAProxy. */
  readonly url: string;
  readonly database: string;
  readonly query: Query;
  readonly shop: Shop;
  readonly people: People;
  /** Gets all events of the shop's orders. */
  readonly receiver: Receiver;
  /** Sets the clock of the second engine so many seconds off. */
  shiftClock(seconds: number): void;
  readonly ownFaults: Readonly<Partial<Record<OwnFaultKind, Fault>>>;
}

/** What is served by whom. */
export interface WorldParts {
  readonly postgres: TestPostgres;
  readonly redis: TestRedis;
  readonly settings?: Readonly<Record<string, string>>;
  readonly ownFaults?: World['ownFaults'];
}

/** Short where the tests would only wait. */
const SETTINGS = {
  TRUSTED_PROXIES: '127.0.0.1',
  PLACING_DEADLINE_MS: '3000',
  PAYMENT_TIMEOUT_MS: '1000',
  WEBHOOK_ALLOW_PRIVATE: 'true',
  WEBHOOK_TIMEOUT_MS: '1000',
  WEBHOOK_RETRY_SECONDS: '1,1,1,2,2,3,3,5,5,10,10,30',
  RECONCILE_INTERVAL_SECONDS: '5',
};

const DATABASE = 'postgres';

export async function createWorld(stage: Stage, parts: WorldParts): Promise<World> {
  const { postgres, redis } = parts;
  const postgresProxy = await createPostgresProxy(postgres.port);
  stage.atEnd(postgresProxy.close);
  const redisProxy = await createFaultyProxy(redis);
  stage.atEnd(redisProxy.close);
  // The engines must know their public address before HAProxy, which needs theirs, has one.
  const front = { port: 0 };
  const door = await createTcpProxy(front, () => ({
    request: (chunk, { upstream }) => void upstream.write(chunk),
    reply: (chunk, { client }) => void client.write(chunk),
  }));
  stage.atEnd(door.close);

  const clock = createClock();
  const settings = {
    ...SETTINGS,
    DATABASE_URL: postgres.url(DATABASE).replace(/:\d+\//, `:${postgresProxy.port}/`),
    REDIS_URL: `redis://127.0.0.1:${redisProxy.port}`,
    PUBLIC_URL: `http://127.0.0.1:${door.port}`,
    ...parts.settings,
  };
  const first = await openSlot(settings);
  const second = await openSlot({ ...settings, ...clock.settings });
  const engines = [first, second] as const;
  stage.atEnd(() => Promise.all(engines.map((engine) => engine.kill())));
  await Promise.all(engines.map((engine) => engine.start()));
  const proxy = await startHaproxy([first.url, second.url]);
  stage.atEnd(proxy.stop);
  front.port = Number(new URL(proxy.url).port);

  const shop = await createShop(proxy.url);
  const receiver = await createReceiver();
  stage.atEnd(receiver.close);
  const endpoint = await send('POST', `${proxy.url}/api/v1/merchants/${shop.merchantId}/webhook-endpoints`, {
    token: shop.operatorToken,
    key: 'auto',
    body: { url: receiver.url },
  });
  if (endpoint.status !== 201) throw new Error(`No webhook endpoint was made: ${endpoint.text}`);
  const query = openEyes(() => postgres.url(DATABASE));
  const people = await createPeople(shop);
  return {
    ...{ postgres, postgresProxy, redis, redisProxy, engines, query, shop, people, receiver },
    url: proxy.url,
    database: DATABASE,
    shiftClock: clock.shift,
    ownFaults: parts.ownFaults ?? {},
  };
}

async function openSlot(settings: Readonly<Record<string, string>>): Promise<EngineSlot> {
  const port = String(await freePort());
  let engine: TestEngine | undefined;
  const signal = (name: NodeJS.Signals) => {
    if (engine !== undefined) process.kill(engine.pid, name);
  };
  async function start(): Promise<void> {
    const started = await startEngine({ ...settings, PORT: port });
    engine = started;
    void started.ended.then(() => {
      if (engine === started) engine = undefined;
    });
  }
  return {
    url: `http://127.0.0.1:${port}`,
    start,
    async kill() {
      const killed = engine;
      engine = undefined;
      await killed?.kill();
    },
    async stop() {
      const stopped = engine;
      engine = undefined;
      const code = await stopped?.stop();
      if (code !== 0) throw new Error(`An engine ended with ${code}:\n${stopped?.output.slice(-20).join('\n')}`);
    },
    async revive() {
      if (engine === undefined) await start();
      else signal('SIGCONT');
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
  };
}

const PATIENCE_MS = 20_000;

function openEyes(url: () => string): Query {
  return async (text, values = []) => {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      // A database that is read-only for everybody else is not for the one who made it so.
      const client = new pg.Client({ connectionString: url(), options: '-c default_transaction_read_only=off' });
      client.on('error', () => undefined);
      try {
        await client.connect();
        const result = await client.query(text, values.length === 0 ? undefined : values);
        return result.rows;
      } catch (error) {
        if (!isAway(error) || Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  };
}

/** Not there, on its way there or away, or without a connection to give. */
function isAway(error: unknown): boolean {
  const { code } = error as { readonly code?: string };
  return (
    code === undefined || ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', '57P01', '57P02', '57P03', '53300'].includes(code)
  );
}
