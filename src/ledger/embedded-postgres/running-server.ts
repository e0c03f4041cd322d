import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { faultOf } from '../database-error.ts';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { connect, refuseForeignServer } from './ownership.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { findPostmasterFile, isLivePostgres, type PostmasterFile } from './postgres-folder.ts';
import { type LaunchedServer, launchServer, removeSocketFolder } from './postgres-server.ts';
import type { ServerUser } from './server-user.ts';

/** Recovery after a crash replays up to a gigabyte of log first. */
const START_TIMEOUT_MS = 120_000;
/** The processes of a killed server need a moment to notice; until then PostgreSQL refuses to start another. */
const LOCK_CONFLICT_TIMEOUT_MS = 10_000;
const LOCK_CONFLICT = /lock file .* already exists|shared memory block .* still in use/;
const POLL_MS = 20;

/** A data folder with what can serve it. */
export interface Cluster {
  readonly folder: string;
  readonly logPath: string;
  readonly binaries: PostgresBinaries;
  readonly user: ServerUser | undefined;
}

/** A server that answers, and a connection to it. */
export interface RunningServer {
  readonly client: Client;
  readonly file: PostmasterFile;
  readonly socketFolder: string;
  /** Absent where the server was found running. */
  readonly launched?: LaunchedServer | undefined;
}

/** Connects to the server of a folder, and launches it where none runs. */
export async function reachServer(cluster: Cluster): Promise<RunningServer> {
  const startedAt = performance.now();
  const killed = await findPostmasterFile(cluster.folder);
  let launched: LaunchedServer | undefined;
  // PostgreSQL tells nobody when it is ready, so its state file is read again and again.
  for (;;) {
    const found = await findServer(cluster.folder);
    if (typeof found === 'object') {
      const ours = launched?.pid === found.file.pid;
      if (ours && killed?.socketFolder !== found.socketFolder) await removeSocketFolder(killed?.socketFolder);
      return { ...found, launched: ours ? launched : undefined };
    }
    const waitedMs = performance.now() - startedAt;
    if (launched?.hasEnded()) {
      await refuseUnlessBusy(cluster, launched, waitedMs);
      launched = undefined;
    }
    if (waitedMs > START_TIMEOUT_MS) {
      throw startFailed(cluster, 'it was not ready in time. It goes on by itself: start the engine again later');
    }
    if (found === 'absent' && !launched) launched = await launchServer(cluster);
    await delay(POLL_MS);
  }
}

/** A server that ended at once is tried again only while another one in this folder may be on its way out. */
async function refuseUnlessBusy(cluster: Cluster, launched: LaunchedServer, waitedMs: number): Promise<void> {
  const output = await launched.readLog();
  if (!LOCK_CONFLICT.test(output)) throw startFailed(cluster, output);
  if (waitedMs < LOCK_CONFLICT_TIMEOUT_MS) return;
  throw new EmbeddedPostgresError(
    'in-use',
    `Another PostgreSQL runs in ${cluster.folder} and cannot be reached through its socket:\n${output}`,
  );
}

function startFailed(cluster: Cluster, reason: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'start-failed',
    `PostgreSQL ${cluster.binaries.version} could not start in ${cluster.folder} (log: ${cluster.logPath}):\n${reason}`,
  );
}

/** The server that runs in a folder: reached, on its way up or down, or absent. */
export async function findServer(folder: string): Promise<RunningServer | 'busy' | 'absent'> {
  const file = await findPostmasterFile(folder);
  if (!file || !(await isLivePostgres(file.pid))) return 'absent';
  const { socketFolder } = file;
  if (!file.ready || socketFolder === undefined) return 'busy';
  const client = await connect(socketFolder, file.port);
  if (typeof client === 'string') return client;
  try {
    await refuseForeignServer(client, folder);
    return { client, file, socketFolder };
  } catch (error) {
    await client.end();
    // Its engine stops it at this very moment.
    if (faultOf(error) === 'connection-lost') return 'busy';
    throw error;
  }
}
