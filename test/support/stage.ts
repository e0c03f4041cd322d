import { type CertificateAuthority, createCertificateAuthority, type ServerCertificate } from './certificate.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { createDataFolder } from './embedded.ts';
import { startEngine, type TestEngine } from './engine.ts';
import { startEngines, type TestEngines } from './engines.ts';
import { createPostgres, type TestPostgres } from './postgres.ts';
import {
  createRedis,
  createRedisCluster,
  createRedisSentinel,
  type TestRedis,
  type TestRedisCluster,
  type TestRedisSentinel,
} from './redis.ts';
import { type Rush, startRush } from './rush.ts';

/** Starts what a test needs. All of it is stopped, the latest first, when the test ends, however it ends. */
export interface Stage {
  database(): Promise<TestDatabase>;
  /** One process, for tests that need a certain one. */
  engine(settings: Readonly<Record<string, string>>): Promise<TestEngine>;
  /** Two processes behind one address: the usual way. */
  engines(settings: Readonly<Record<string, string>>): Promise<TestEngines>;
  /** A PostgreSQL that may be stopped and killed. */
  postgres(): Promise<TestPostgres>;
  /** Signs certificates, with which a Redis speaks TLS alone. */
  certificateAuthority(): Promise<CertificateAuthority>;
  /** A Redis that may be stopped, frozen and killed; `settings` are lines of redis.conf. */
  redis(settings?: readonly string[], certificate?: ServerCertificate): Promise<TestRedis>;
  /** Six nodes, three of them masters. */
  redisCluster(certificate?: ServerCertificate): Promise<TestRedisCluster>;
  /** A master and a replica, watched by three Sentinels. */
  redisSentinel(certificate?: ServerCertificate): Promise<TestRedisSentinel>;
  /** A folder for the embedded PostgreSQL. */
  dataFolder(): Promise<string>;
  rush(urls: readonly string[], options?: readonly string[]): Promise<Rush>;
  /** Does this at the end as well, before anything that was started earlier is stopped. A failure fails the test. */
  atEnd(step: () => Promise<unknown>): void;
}

/** `scope` is a test's context, or `{ after }` of node:test for what all tests of a file share. */
export function createStage(scope: { after(hook: () => Promise<void>): void }): Stage {
  const steps: (() => Promise<unknown>)[] = [];

  scope.after(async () => {
    const failures: unknown[] = [];
    for (const step of steps.toReversed()) {
      await step().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
  });

  async function keep<Thing>(starting: Promise<Thing>, stop: (thing: Thing) => Promise<unknown>): Promise<Thing> {
    const thing = await starting;
    steps.push(() => stop(thing));
    return thing;
  }

  return {
    database: () => keep(createTestDatabase(), (database) => database.drop()),
    engine: (settings) => keep(startEngine(settings), (engine) => engine.stop()),
    engines: (settings) => keep(startEngines(settings), (engines) => engines.stop()),
    postgres: () => keep(createPostgres(), (postgres) => postgres.remove()),
    certificateAuthority: () => keep(Promise.resolve(createCertificateAuthority()), (authority) => authority.remove()),
    redis: (settings, certificate) => keep(createRedis(settings, certificate), (redis) => redis.remove()),
    redisCluster: (certificate) => keep(createRedisCluster(certificate), (cluster) => cluster.remove()),
    redisSentinel: (certificate) => keep(createRedisSentinel(certificate), (redis) => redis.remove()),
    dataFolder: async () => (await keep(createDataFolder(), (folder) => folder.remove())).path,
    rush: (urls, options) => keep(startRush(urls, options), (rush) => rush.kill()),
    atEnd: (step) => {
      steps.push(step);
    },
  };
}
