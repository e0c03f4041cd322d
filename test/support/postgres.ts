import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { chown, mkdtemp, readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { endAtExit } from './at-exit.ts';

const run = promisify(execFile);

/**
 * A PostgreSQL of the tests' own: temporary folder, free loopback port, durable like a real one. It does not outlive
 * this process.
 */
export interface TestPostgres {
  readonly port: number;
  /** The address of one of its databases. */
  url(database: string): string;
  /** Kills every process of the server at once, as a crash would. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Freezes every process of it (SIGSTOP), with all connections open, until `resume`. */
  pause(): void;
  resume(): void;
  /** `fast` ends sessions and shuts down; `immediate` goes without a checkpoint. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  /** Stops it and removes its folder. */
  remove(): Promise<void>;
}

/** The folder of the system's newest PostgreSQL binaries, 15 or newer. */
export async function findSystemPostgres(): Promise<string | undefined> {
  const root = '/usr/lib/postgresql';
  const versions = await readdir(root).catch(() => []);
  const newest = versions
    .map(Number)
    .filter((version) => version >= 15)
    .sort((a, b) => b - a)[0];
  return newest === undefined ? undefined : join(root, String(newest), 'bin');
}

/** PostgreSQL refuses to run as root, so root lends it an unprivileged user. */
export async function serverUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const { stdout } = await run('getent', ['passwd', 'postgres']);
  const [, , uid, gid] = stdout.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

/** A port of the loopback address that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  return address.port;
}

/** `settings` are those of postgresql.conf; `parent` is the folder in which it makes its own. */
export async function createPostgres(settings: readonly string[] = [], parent = '/tmp'): Promise<TestPostgres> {
  const binaries = await findSystemPostgres();
  if (binaries === undefined) throw new Error('There is no PostgreSQL 15 or newer; npm test installs one.');
  const user = await serverUser();
  const folder = await mkdtemp(join(parent, 'doorbuster-test-'));
  if (user) await chown(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const port = await freePort();
  const as = { ...user, cwd: folder };
  await run(
    join(binaries, 'initdb'),
    ['-D', data, '-U', 'doorbuster', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    as,
  );

  let server: ChildProcess | undefined;

  const removeFolder = () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  const forget = endAtExit(() => {
    killServer();
    removeFolder();
  });

  /** The postmaster leads a group of its own; its children leave at once when it is gone. */
  function killServer(): void {
    if (server?.pid !== undefined && isRunning(server)) process.kill(-server.pid, 'SIGKILL');
  }

  /** Each child leads a group of its own. */
  function signalAll(name: NodeJS.Signals): void {
    const { pid } = server ?? {};
    if (pid === undefined) return;
    const processes = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).split('\n');
    const children = processes
      .map((line) => line.trim().split(/\s+/).map(Number))
      .filter(([, parent]) => parent === pid);
    for (const each of [pid, ...children.map(([child]) => child ?? 0)]) {
      try {
        process.kill(each, name);
      } catch {
        // It has ended by itself.
      }
    }
  }

  async function start(): Promise<void> {
    const options = [
      `port=${port}`,
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${folder}`,
      'max_connections=200',
      ...settings,
    ];
    const launch = () => {
      server = spawn(join(binaries ?? '', 'postgres'), ['-D', data, ...options.flatMap((option) => ['-c', option])], {
        ...as,
        stdio: 'ignore',
        detached: true,
      });
    };
    launch();
    // After a kill, PostgreSQL refuses to start until the last of the old processes has left its shared memory.
    await untilReachable(url('postgres'), () => {
      if (server?.exitCode !== null) launch();
    });
  }

  async function ended(): Promise<void> {
    if (server !== undefined && isRunning(server)) await once(server, 'exit');
    server = undefined;
  }

  async function stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    server?.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await ended();
  }

  const url = (database: string) => `postgres://doorbuster@127.0.0.1:${port}/${database}`;

  await start();
  return {
    port,
    url,
    start,
    stop,
    pause: () => signalAll('SIGSTOP'),
    resume: () => signalAll('SIGCONT'),
    async kill() {
      killServer();
      await ended();
    },
    async remove() {
      await stop('immediate');
      removeFolder();
      forget();
    },
  };
}

function isRunning(server: ChildProcess): boolean {
  return server.exitCode === null && server.signalCode === null;
}

/** Asks again and again until a query is answered. */
async function untilReachable(url: string, again: () => void): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (Date.now() > deadline) throw error;
      again();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
