import { access, constants, mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { faultOf } from './database-error.ts';
import { EmbeddedPostgresError } from './embedded-postgres/embedded-postgres-error.ts';
import { claimOwnership } from './embedded-postgres/ownership.ts';
import {
  type BinariesChoice,
  findBinaries,
  type Log,
  type PostgresBinaries,
} from './embedded-postgres/postgres-binaries.ts';
import { createFolder, DATABASE_USER, ensureOwner, findMajorVersion } from './embedded-postgres/postgres-folder.ts';
import { removeSocketFolder, stopServer } from './embedded-postgres/postgres-server.ts';
import { type Cluster, findServer, type RunningServer, reachServer } from './embedded-postgres/running-server.ts';
import { chooseServerUser } from './embedded-postgres/server-user.ts';

export { EmbeddedPostgresError };

export interface EmbeddedPostgres {
  /** `host` is the folder of the unix socket. */
  readonly connection: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly database: string;
  };
  readonly serverVersion: string;
  readonly binaries: PostgresBinaries['origin'];
  /** Resolves with the reason when this engine no longer owns the data folder or the server died: stop writing. */
  readonly lost: Promise<Error>;
  /** Ends all sessions, stops the server and waits for it. May be called twice. */
  stop(): Promise<void>;
}

const DATABASE = 'doorbuster';
const OWNERSHIP_TIMEOUT_MS = 5_000;
const POLL_MS = 20;

/**
 * Starts PostgreSQL on `<dataDir>/postgres` (made if absent) and takes ownership of it, or adopts the server that a
 * killed engine left running there.
 *
 * @param options.ownershipTimeoutMs how long to wait for another engine to let go of the folder
 * @throws EmbeddedPostgresError with a code and a message for the one who starts the engine
 */
export async function startEmbeddedPostgres(options: {
  dataDir: string;
  binaries: BinariesChoice;
  log: Log;
  ownershipTimeoutMs?: number;
}): Promise<EmbeddedPostgres> {
  if (process.platform === 'win32') {
    throw new EmbeddedPostgresError(
      'unsupported-platform',
      'The embedded PostgreSQL does not run on Windows. Set DATABASE_URL to a PostgreSQL server, or use WSL.',
    );
  }
  const startedAt = performance.now();
  const cluster = await prepareCluster(options.dataDir, options.binaries, options.log);
  const running = await ownServer(cluster, options.ownershipTimeoutMs ?? OWNERSHIP_TIMEOUT_MS);
  const embedded = handOver(cluster, running, options.log);
  try {
    const serverVersion = await prepareDatabase(running.client);
    options.log(running.launched ? 'PostgreSQL started' : 'PostgreSQL was still running and is used on', {
      version: serverVersion,
      binaries: cluster.binaries.folder,
      dataFolder: cluster.folder,
      serverLog: cluster.logPath,
      processId: running.file.pid,
      durationMs: Math.round(performance.now() - startedAt),
    });
    return { ...embedded, serverVersion };
  } catch (error) {
    await embedded.stop();
    throw error;
  }
}

/** Finds binaries and the data folder that fit each other; makes the folder on the first start. */
async function prepareCluster(givenDataDir: string, choice: BinariesChoice, log: Log): Promise<Cluster> {
  const dataDir = await openDataDir(givenDataDir);
  const folder = join(dataDir, 'postgres');
  const user = await chooseServerUser(folder);
  const major = await findMajorVersion(folder);
  // A copy of the binaries is needed where the server's user cannot reach the installed ones. Root has a place for it.
  const cacheFolder = user ? '/var/cache/doorbuster' : join(dataDir, 'binaries');
  const binaries = await findBinaries({ choice, major, dataFolder: folder, user, cacheFolder }, log);
  if (major === undefined) {
    log('Making the data folder of PostgreSQL', { dataFolder: folder, version: binaries.version });
    await createFolder(folder, binaries, user);
  } else {
    await ensureOwner(folder, user);
  }
  return { folder, logPath: join(dataDir, 'postgres.log'), binaries, user };
}

async function openDataDir(given: string): Promise<string> {
  try {
    await mkdir(given, { recursive: true });
    await access(given, constants.W_OK | constants.X_OK);
    return await realpath(given);
  } catch (error) {
    throw new EmbeddedPostgresError('folder-not-usable', `DATA_DIR cannot be used: ${String(error)}`, { cause: error });
  }
}

/** Takes ownership of the folder's server. While we wait its owner may stop it: then we start our own. */
async function ownServer(cluster: Cluster, ownershipTimeoutMs: number): Promise<RunningServer> {
  for (;;) {
    const running = await reachServer(cluster);
    try {
      await claimOwnership(running.client, cluster.folder, ownershipTimeoutMs);
      return running;
    } catch (error) {
      await running.client.end();
      if (faultOf(error) !== 'connection-lost') throw error;
    }
  }
}

async function prepareDatabase(client: Client): Promise<string> {
  const { rows } = await client.query(
    `SELECT current_setting('server_version') AS version,
            EXISTS (SELECT FROM pg_database WHERE datname = $1) AS exists`,
    [DATABASE],
  );
  if (rows[0]?.exists !== true) await client.query(`CREATE DATABASE ${DATABASE}`);
  return String(rows[0]?.version);
}

/** What the engine gets for a server that it owns. */
function handOver(cluster: Cluster, running: RunningServer, log: Log): Omit<EmbeddedPostgres, 'serverVersion'> {
  const { client, launched, file, socketFolder } = running;
  const lost = Promise.withResolvers<Error>();
  let state: 'owned' | 'lost' | 'stopping' = 'owned';
  const lose = (reason: string): void => {
    if (state !== 'owned') return;
    state = 'lost';
    lost.resolve(new Error(`Lost PostgreSQL in ${cluster.folder}: ${reason}`));
  };
  client.on('error', (error) => lose(error.message));
  client.on('end', () => lose('the connection that owns it has ended'));
  void launched?.ended.then(() => lose('the server has ended'));

  let stopped: Promise<void> | undefined;
  async function stop(): Promise<void> {
    const owner = state === 'lost' ? await ownAgain(cluster.folder) : client;
    state = 'stopping';
    if (!owner) {
      log('PostgreSQL was not stopped: it is gone, or another engine owns it now', { dataFolder: cluster.folder });
      return;
    }
    // Ownership is kept until the server is gone, so that nobody adopts a server that is about to stop.
    await stopServer(file.pid);
    await owner.end();
    await removeSocketFolder(socketFolder);
    log('PostgreSQL stopped', { dataFolder: cluster.folder });
  }

  return {
    connection: { host: socketFolder, port: file.port, user: DATABASE_USER, database: DATABASE },
    binaries: cluster.binaries.origin,
    lost: lost.promise,
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** After a lost connection another engine may have adopted the server: it is stopped only if nobody did. */
async function ownAgain(folder: string): Promise<Client | undefined> {
  const deadline = performance.now() + OWNERSHIP_TIMEOUT_MS;
  let found = await findServer(folder);
  while (found === 'busy' && performance.now() < deadline) {
    await delay(POLL_MS);
    found = await findServer(folder);
  }
  if (typeof found === 'string') return undefined;
  try {
    await claimOwnership(found.client, folder, 1);
    return found.client;
  } catch {
    await found.client.end();
    return undefined;
  }
}
