import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { chown, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { endAtExit } from '../support/at-exit.ts';
import { createPostgres, findSystemPostgres, freePort, serverUser, type TestPostgres } from '../support/postgres.ts';

const run = promisify(execFile);

/** A primary and a standby that has every commit before its client hears of it. */
export interface PostgresPair {
  /** Whichever of the two is the primary now, for questions; it is stopped and started by nobody else. */
  readonly postgres: TestPostgres;
  /** Kills the primary and promotes the standby. The port of the new primary. */
  failOver(): Promise<number>;
  remove(): Promise<void>;
}

const PATIENCE_MS = 20_000;

/** Synchronous replication as in https://www.postgresql.org/docs/current/warm-standby.html#SYNCHRONOUS-REPLICATION. */
export async function createPostgresPair(): Promise<PostgresPair> {
  const settings = ['max_connections=60', 'wal_level=replica', 'hot_standby=on', 'wal_keep_size=64MB'];
  const primary = await createPostgres(settings);
  const standby = await startStandby(primary, settings).catch(async (error: unknown) => {
    await primary.remove();
    throw error;
  });
  await ask(primary.url('postgres'), `ALTER SYSTEM SET synchronous_standby_names = '*'`);
  await ask(primary.url('postgres'), 'SELECT pg_reload_conf()');
  await until(
    'a synchronous standby',
    primary.url('postgres'),
    `SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'`,
  );
  let port = primary.port;
  return {
    postgres: { ...primary, url: (database) => primary.url(database).replace(/:\d+\//, `:${port}/`) },
    async failOver() {
      await primary.kill();
      await ask(standby.url, 'SELECT pg_promote()');
      await until('promoted standby', standby.url, 'SELECT 1 WHERE NOT pg_is_in_recovery()');
      port = standby.port;
      return port;
    },
    async remove() {
      await standby.remove();
      await primary.remove();
    },
  };
}

async function startStandby(primary: TestPostgres, settings: readonly string[]) {
  const binaries = (await findSystemPostgres()) ?? '';
  const user = await serverUser();
  const folder = await mkdtemp('/tmp/doorbuster-standby-');
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  const as = { ...user, cwd: folder };
  const data = join(folder, 'data');
  const from = ['-h', '127.0.0.1', '-p', String(primary.port), '-U', 'doorbuster'];
  const ways = ['--write-recovery-conf', '--wal-method=stream', '--checkpoint=fast', '--no-sync'];
  await run(join(binaries, 'pg_basebackup'), ['-D', data, ...from, ...ways], as);
  const port = await freePort();
  const options = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, ...settings];
  const server: ChildProcess = spawn(
    join(binaries, 'postgres'),
    ['-D', data, ...options.flatMap((option) => ['-c', option])],
    { ...as, stdio: 'ignore', detached: true },
  );
  const kill = () => {
    if (server.pid !== undefined && server.exitCode === null && server.signalCode === null) server.kill('SIGQUIT');
  };
  const removeFolder = () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  const forget = endAtExit(() => {
    kill();
    removeFolder();
  });
  const url = primary.url('postgres').replace(/:\d+\//, `:${port}/`);
  await until('standby', url, 'SELECT 1 WHERE pg_is_in_recovery()');
  return {
    port,
    url,
    async remove() {
      if (server.exitCode === null && server.signalCode === null) {
        const ended = once(server, 'exit');
        kill();
        await ended;
      }
      removeFolder();
      forget();
    },
  };
}

async function ask(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function until(what: string, url: string, text: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while ((await ask(url, text).catch(() => [])).length === 0) {
    if (Date.now() > deadline) throw new Error(`There was no ${what} in time.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
