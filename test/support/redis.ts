import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Cluster, Redis } from 'ioredis';
import { disconnect } from '../../src/gate/disconnect.ts';
import { endAtExit } from './at-exit.ts';
import type { ServerCertificate } from './certificate.ts';
import { freePort } from './postgres.ts';

const SERVER = '/usr/bin/redis-server';
const SENTINEL = '/usr/bin/redis-sentinel';

/** How long the tests wait for a server. */
const PATIENCE_MS = 20_000;

/** One Redis process of the tests' own: temporary folder, free loopback port. It does not outlive this process. */
export interface RedisServer {
  readonly port: number;
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>;
  /** Ends it in good order. */
  stop(): Promise<void>;
  /** Starts it again: with nothing in it, with what was there at the last `saveSnapshot`, or with its folder as it is. */
  start(content?: 'empty' | 'snapshot' | 'as-left'): Promise<void>;
  /** Freezes it (SIGSTOP), with all connections open; for so long, if a time is given, else until `resume`. */
  pause(ms?: number): void;
  resume(): void;
  saveSnapshot(): Promise<void>;
  flushAll(): Promise<void>;
  scriptFlush(): Promise<void>;
  /** Runs a command as the test's own eyes and hands; not through the engine. */
  query(command: string, ...args: (string | number)[]): Promise<unknown>;
}

/** A standalone Redis. */
export interface TestRedis extends RedisServer {
  /** As REDIS_URL takes it. */
  readonly url: string;
  remove(): Promise<void>;
}

/** Three masters with a replica each. */
export interface TestRedisCluster {
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  /** The node that has the slot of a key now. */
  masterOf(key: string): Promise<RedisServer>;
  /** Resolves with the new master of a key's slot when it is no longer the given one. */
  failover(key: string, from: RedisServer): Promise<RedisServer>;
  flushAll(): Promise<void>;
  scriptFlush(): Promise<void>;
  /** Runs a command on whichever node it belongs to. */
  query(command: string, ...args: (string | number)[]): Promise<unknown>;
  remove(): Promise<void>;
}

/** A master, a replica and three Sentinels that watch them. */
export interface TestRedisSentinel {
  readonly url: string;
  readonly servers: readonly [RedisServer, RedisServer];
  /** Who is the master by the Sentinels' word. */
  master(): Promise<RedisServer>;
  /** Runs a command on the master. */
  query(command: string, ...args: (string | number)[]): Promise<unknown>;
  remove(): Promise<void>;
}

/** A redis.conf, line by line. */
type Settings = readonly string[];

interface OwnServer extends RedisServer {
  launch(): Promise<void>;
  remove(): Promise<void>;
}

interface ServerOptions {
  readonly program?: string;
  /** With it the server speaks TLS alone, to clients and to other servers. */
  readonly certificate?: ServerCertificate | undefined;
}

function createServer(port: number, settings: Settings, options: ServerOptions = {}): OwnServer {
  const { program = SERVER, certificate } = options;
  const folder = mkdtempSync('/tmp/doorbuster-redis-');
  const inFolder = (name: string) => join(folder, name);
  let process: ChildProcess | undefined;
  let eyes: Redis | undefined;
  let thaw: NodeJS.Timeout | undefined;

  const isRunning = () => process !== undefined && process.exitCode === null && process.signalCode === null;
  const signal = (name: NodeJS.Signals) => {
    if (isRunning()) process?.kill(name);
  };
  const removeFolder = () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  const forget = endAtExit(() => {
    signal('SIGKILL');
    removeFolder();
  });

  async function launch(): Promise<void> {
    const lines = [
      ...portSettings(port, certificate),
      ...['bind 127.0.0.1', `dir ${folder}`, 'daemonize no', 'logfile redis.log'],
      ...settings,
    ];
    const file = inFolder('redis.conf');
    // A Sentinel keeps what it knows in its file.
    if (program === SERVER || !existsSync(file)) await writeFile(file, `${lines.join('\n')}\n`);
    process = spawn(program, [file], { cwd: folder, stdio: 'ignore' });
    await until(`Redis on port ${port}`, async () => (await query('PING')) === 'PONG');
  }

  async function end(name: NodeJS.Signals): Promise<void> {
    clearTimeout(thaw);
    eyes?.disconnect();
    eyes = undefined;
    if (!isRunning() || process === undefined) return;
    const ended = once(process, 'exit');
    // A frozen process takes no notice of anything else.
    if (name !== 'SIGKILL') signal('SIGCONT');
    signal(name);
    await ended;
  }

  async function query(command: string, ...args: (string | number)[]): Promise<unknown> {
    if (eyes === undefined) {
      eyes = new Redis({
        ...{ host: '127.0.0.1', port, retryStrategy: () => 20, maxRetriesPerRequest: null },
        ...eyesThrough(certificate),
      });
      eyes.on('error', () => undefined);
    }
    return eyes.call(command, ...args);
  }

  return {
    port,
    launch,
    query,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async start(content = 'empty') {
      if (content !== 'as-left') {
        for (const name of ['dump.rdb', 'appendonlydir']) rmSync(inFolder(name), { recursive: true, force: true });
      }
      if (content === 'snapshot') await copyFile(inFolder('snapshot.rdb'), inFolder('dump.rdb'));
      await launch();
    },
    pause(ms) {
      signal('SIGSTOP');
      clearTimeout(thaw);
      if (ms !== undefined) thaw = setTimeout(signal, ms, 'SIGCONT');
    },
    resume() {
      clearTimeout(thaw);
      signal('SIGCONT');
    },
    async saveSnapshot() {
      await query('SAVE');
      await copyFile(inFolder('dump.rdb'), inFolder('snapshot.rdb'));
    },
    async flushAll() {
      await query('FLUSHALL');
    },
    async scriptFlush() {
      await query('SCRIPT', 'FLUSH');
    },
    async remove() {
      await end('SIGKILL');
      removeFolder();
      forget();
    },
  };
}

/** https://redis.io/docs/latest/operate/oss_and_stack/management/security/encryption/ */
function portSettings(port: number, certificate: ServerCertificate | undefined): Settings {
  if (certificate === undefined) return [`port ${port}`];
  return [
    ...['port 0', `tls-port ${port}`, 'tls-auth-clients no', 'tls-replication yes'],
    `tls-ca-cert-file ${certificate.caFile}`,
    `tls-cert-file ${certificate.certFile}`,
    `tls-key-file ${certificate.keyFile}`,
  ];
}

/** The test's own eyes see through any certificate; whether the engine does is what tests are about. */
const eyesThrough = (certificate: ServerCertificate | undefined) =>
  certificate === undefined ? {} : { tls: { rejectUnauthorized: false } };

/** The beginning of an address. */
const schemeOf = (certificate: ServerCertificate | undefined) => (certificate === undefined ? 'redis' : 'rediss');

/** In memory only; a snapshot is written when a test asks for one. */
const IN_MEMORY: Settings = ['save ""', 'appendonly no'];

/** `settings` are lines of redis.conf; with a certificate it speaks TLS alone. */
export async function createRedis(settings: Settings = [], certificate?: ServerCertificate): Promise<TestRedis> {
  const server = createServer(await freePort(), [...IN_MEMORY, ...settings], { certificate });
  await server.launch();
  return { ...server, url: `${schemeOf(certificate)}://127.0.0.1:${server.port}` };
}

const MASTERS = 3;
const SLOTS = 16_384;

/** As in Clusters of the cloud, whose certificates have names and no addresses. */
const NAMED_NODES: Settings = [
  'tls-cluster yes',
  'cluster-announce-hostname localhost',
  'cluster-preferred-endpoint-type hostname',
];

/** How long a node may be silent until the others elect another. */
const NODE_TIMEOUT_MS = 1_500;

/** With a certificate its nodes speak TLS alone, and go by the name of localhost, which must be in the certificate. */
export async function createRedisCluster(certificate?: ServerCertificate): Promise<TestRedisCluster> {
  const host = certificate === undefined ? '127.0.0.1' : 'localhost';
  const ports = await freePorts(4 * MASTERS);
  const nodes = Array.from({ length: 2 * MASTERS }, (_, index) =>
    createServer(
      ports[2 * index] ?? 0,
      [
        ...IN_MEMORY,
        'cluster-enabled yes',
        `cluster-port ${ports[2 * index + 1]}`,
        `cluster-node-timeout ${NODE_TIMEOUT_MS}`,
        'cluster-config-file nodes.conf',
        'repl-diskless-sync-delay 0',
        ...(certificate === undefined ? [] : NAMED_NODES),
      ],
      { certificate },
    ),
  );
  await Promise.all(nodes.map((node) => node.launch()));
  await joinCluster(nodes, ports);

  const client = new Cluster(
    nodes.map(({ port }) => ({ host, port })),
    { slotsRefreshInterval: 500, redisOptions: { commandTimeout: 500, ...eyesThrough(certificate) } },
  );
  for (const event of ['error', 'node error']) client.on(event, () => undefined);
  const onMasters = (command: string) => Promise.all(client.nodes('master').map((node) => node.call(command)));

  async function masterOf(key: string): Promise<RedisServer> {
    const slot = Number(await client.cluster('KEYSLOT', key));
    const ranges = await client.cluster('SLOTS');
    const port = ranges.find(([from, to]) => from <= slot && slot <= to)?.[2]?.[1];
    const master = nodes.find((node) => node.port === port);
    if (master === undefined) throw new Error(`No node has slot ${slot}.`);
    return master;
  }

  return {
    url: `${schemeOf(certificate)}-cluster://${nodes.map(({ port }) => `${host}:${port}`).join(',')}`,
    nodes,
    masterOf,
    async failover(key, from) {
      let master = from;
      await until('new master of a slot', async () => {
        master = await masterOf(key).catch(() => from);
        return master !== from;
      });
      return master;
    },
    async flushAll() {
      await onMasters('FLUSHALL');
    },
    async scriptFlush() {
      await Promise.all(client.nodes('master').map((node) => node.script('FLUSH')));
    },
    query: (command, ...args) => client.call(command, ...args),
    async remove() {
      disconnect(client);
      await Promise.all(nodes.map((node) => node.remove()));
    },
  };
}

/** Faster than `redis-cli --cluster create`, which waits for second after second. */
async function joinCluster(nodes: readonly OwnServer[], ports: readonly number[]): Promise<void> {
  const [first] = nodes;
  if (first === undefined) return;
  const masters = nodes.slice(0, MASTERS);
  await Promise.all(
    masters.map(async (node, index) => {
      await node.query('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
      const from = Math.floor((SLOTS * index) / MASTERS);
      const to = Math.floor((SLOTS * (index + 1)) / MASTERS) - 1;
      await node.query('CLUSTER', 'ADDSLOTSRANGE', from, to);
    }),
  );
  for (const [index, node] of nodes.entries()) {
    if (node !== first) {
      await first.query('CLUSTER', 'MEET', '127.0.0.1', node.port, String(ports[2 * index + 1]));
    }
  }
  await untilHealthy(nodes);
  await Promise.all(
    nodes.slice(MASTERS).map(async (replica, index) => {
      await replica.query('CLUSTER', 'REPLICATE', String(await masters[index]?.query('CLUSTER', 'MYID')));
    }),
  );
  for (const replica of nodes.slice(MASTERS)) {
    await until('a replica in step with its master', async () =>
      String(await replica.query('INFO', 'replication')).includes('master_link_status:up'),
    );
  }
  await untilHealthy(nodes);
}

/** Every node knows all the others and has no slot without a master. */
async function untilHealthy(nodes: readonly OwnServer[]): Promise<void> {
  for (const node of nodes) {
    await until('a healthy cluster', async () => {
      const info = String(await node.query('CLUSTER', 'INFO'));
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${nodes.length}`);
    });
  }
}

const MASTER_NAME = 'doorbuster';

/** How long the master may be silent until the Sentinels take it for dead. */
const DOWN_AFTER_MS = 1_000;

/** With a certificate all of them speak TLS alone. */
export async function createRedisSentinel(certificate?: ServerCertificate): Promise<TestRedisSentinel> {
  const [masterPort = 0, replicaPort = 0, ...sentinelPorts] = await freePorts(5);
  const settings = [...IN_MEMORY, 'repl-diskless-sync-delay 0'];
  const master = createServer(masterPort, settings, { certificate });
  const replica = createServer(replicaPort, [...settings, `replicaof 127.0.0.1 ${masterPort}`], { certificate });
  const sentinels = sentinelPorts.map((port) =>
    createServer(
      port,
      [
        `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${masterPort} 2`,
        `sentinel down-after-milliseconds ${MASTER_NAME} ${DOWN_AFTER_MS}`,
        `sentinel failover-timeout ${MASTER_NAME} 3000`,
      ],
      { program: SENTINEL, certificate },
    ),
  );
  const servers: readonly [OwnServer, OwnServer] = [master, replica];
  await Promise.all(servers.map((server) => server.launch()));
  await until('a replica in step with its master', async () =>
    String(await replica.query('INFO', 'replication')).includes('master_link_status:up'),
  );
  await Promise.all(sentinels.map((sentinel) => sentinel.launch()));
  for (const sentinel of sentinels) {
    await until('a Sentinel that knows the others', async () => {
      const reply = (await sentinel.query('SENTINEL', 'MASTER', MASTER_NAME)) as string[];
      const countOf = (name: string) => Number(reply[reply.indexOf(name) + 1]);
      return countOf('num-other-sentinels') === sentinels.length - 1 && countOf('num-slaves') === 1;
    });
  }

  async function currentMaster(): Promise<OwnServer> {
    const reply = await sentinels[0]?.query('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME);
    const port = Number((reply as string[])[1]);
    return port === replicaPort ? replica : master;
  }

  return {
    url: `${schemeOf(certificate)}-sentinel://${sentinelPorts.map((port) => `127.0.0.1:${port}`).join(',')}/${MASTER_NAME}`,
    servers,
    master: currentMaster,
    query: async (command, ...args) => (await currentMaster()).query(command, ...args),
    async remove() {
      await Promise.all([...sentinels, ...servers].map((server) => server.remove()));
    },
  };
}

/** Different ports that are free now. */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

const afterMs = (ms: number) => new Promise<string>((resolve) => setTimeout(resolve, ms, ''));

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`There was no ${what} in time.`);
    await afterMs(20);
  }
}
