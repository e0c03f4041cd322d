import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { disownStaleLock, isLivePostgres } from './postgres-folder.ts';
import { openFolderFor, runAs, SERVER_ENVIRONMENT, type ServerUser } from './server-user.ts';
import { processExists } from './unfinished-folder.ts';

const SOCKET_FOLDER_PREFIX = 'doorbuster-socket-';

/** A socket's path has room for 103 bytes on macOS, 107 on Linux; `/.s.PGSQL.5432` is 14 of them. */
const SOCKET_FOLDER_BYTES_MAX = 103 - 14;

const LOG_BYTES_MAX = 16 * 2 ** 20;

/** After this time a stopping server is told to leave at once; it recovers from its log when it starts again. */
const STOP_TIMEOUT_MS = 15_000;
const QUIT_TIMEOUT_MS = 5_000;
const POLL_MS = 20;

/** Each is given at every start, so that a folder made by an older engine runs with this engine's. */
function settings(socketFolder: string): Record<string, string> {
  return {
    // Nobody on the network, and no other user of the machine, can connect.
    listen_addresses: '',
    port: '5432',
    unix_socket_directories: `"${socketFolder}"`,
    unix_socket_permissions: '0700',
    // An order is answered after its commit, so a commit must outlive a power failure. Never off, whatever the file says.
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    // A rush works on few hot pages (the sale, its items, the newest orders): more would only take memory from Node.
    shared_buffers: '128MB',
    // The pools of one engine take about twenty; the rest is for tools, and for what a killed engine left behind.
    max_connections: '60',
    // A rush writes some hundred MB of log. A checkpoint in its middle would make it write whole pages again.
    max_wal_size: '1GB',
    checkpoint_completion_target: '0.9',
    // One full segment: a group commit of hundreds of orders fits without waiting for a flush.
    wal_buffers: '16MB',
    // Statements are short and prepared; compiling one costs more than it runs.
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_destination: 'stderr',
    logging_collector: 'off',
    // Failed statements go to the engine, which reports them. Here they would put e-mail addresses into a file.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_checkpoints: 'off',
  };
}

/** A new, private folder for the socket, short enough and within reach of the server's user. Its name stands in postmaster.pid. */
async function createSocketFolder(user: ServerUser | undefined): Promise<string> {
  for (const parent of [tmpdir(), '/tmp']) {
    const length = Buffer.byteLength(join(parent, `${SOCKET_FOLDER_PREFIX}XXXXXX`));
    if (length > SOCKET_FOLDER_BYTES_MAX || !(await canEnter(user, parent))) continue;
    const folder = await mkdtemp(join(parent, SOCKET_FOLDER_PREFIX));
    if (user) await chown(folder, user.uid, user.gid);
    return folder;
  }
  throw new EmbeddedPostgresError('start-failed', `Neither ${tmpdir()} nor /tmp can hold PostgreSQL's socket.`);
}

async function canEnter(user: ServerUser | undefined, folder: string): Promise<boolean> {
  return (await runAs(user, 'sh', ['-c', 'test -x "$0"', folder])).exitCode === 0;
}

/** Removes the folder of a socket whose server is gone, if it is one that this engine makes. */
export async function removeSocketFolder(folder: string | undefined): Promise<void> {
  if (folder === undefined || !basename(folder).startsWith(SOCKET_FOLDER_PREFIX)) return;
  await rm(folder, { recursive: true, force: true });
}

/** Opens the server's log for appending. A long one is put aside first. */
async function openLog(path: string): Promise<{ descriptor: number; bytes: number; close: () => Promise<void> }> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  const full = size > LOG_BYTES_MAX;
  if (full) await rename(path, `${path}.1`);
  const handle = await open(path, 'a', 0o600);
  return { descriptor: handle.fd, bytes: full ? 0 : size, close: () => handle.close() };
}

export interface LaunchedServer {
  readonly pid: number | undefined;
  /** Resolves when the server has ended. */
  readonly ended: Promise<void>;
  hasEnded(): boolean;
  /** What it wrote into its log since it was launched, or why it could not be run at all. */
  readLog(): Promise<string>;
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

/**
 * Starts a server in a data folder, in a process group of its own: Ctrl-C in a terminal must reach the engine alone,
 * which still has orders to finish. The server outlives a killed engine and is then found by its postmaster.pid.
 */
export async function launchServer(options: {
  folder: string;
  logPath: string;
  binaries: PostgresBinaries;
  user: ServerUser | undefined;
}): Promise<LaunchedServer> {
  const { folder, logPath, binaries, user } = options;
  await disownStaleLock(folder);
  const socketFolder = await createSocketFolder(user);
  const [log, access] = [await openLog(logPath), await openFolderFor(user, folder)];
  const given = Object.entries(settings(socketFolder)).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(join(binaries.folder, 'postgres'), ['-D', access.path, ...given], {
    ...user,
    cwd: '/',
    env: SERVER_ENVIRONMENT,
    detached: true,
    stdio: ['ignore', log.descriptor, log.descriptor, access.descriptor],
  });
  child.unref();
  let spawnError = '';
  const ended = once(child, 'exit').then(
    () => undefined,
    (error: Error) => {
      spawnError = error.message;
    },
  );
  access.close();
  await log.close();
  // A server that could not run has left its socket's folder behind.
  void ended.then(() => removeSocketFolder(socketFolder));
  return {
    pid: child.pid,
    ended,
    hasEnded: () => hasEnded(child),
    readLog: async () => spawnError || (await readFile(logPath)).subarray(log.bytes).toString().trim(),
  };
}

async function waitForEnd(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  // The server may be an orphan of an earlier engine: the system tells only a parent when a process ends.
  while (await isLivePostgres(pid)) {
    if (performance.now() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (processExists(pid)) throw error;
  }
}

/** Stops a server, launched by this process or not: sessions are ended, a checkpoint is written, at most 20 s pass. */
export async function stopServer(pid: number): Promise<void> {
  for (const [signal, timeoutMs] of [
    ['SIGINT', STOP_TIMEOUT_MS],
    ['SIGQUIT', QUIT_TIMEOUT_MS],
  ] as const) {
    if (!(await isLivePostgres(pid))) return;
    sendSignal(pid, signal);
    if (await waitForEnd(pid, timeoutMs)) return;
  }
  throw new EmbeddedPostgresError('start-failed', `PostgreSQL (process ${pid}) does not stop.`);
}
