import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { findFreePort } from './free-port.ts';
import { chooseUser, providePostgresBinaries, type RunAs } from './postgres-binaries.ts';

/** The one PostgreSQL that all rows of a run share, with a database for each round. */
export interface Postgres extends AsyncDisposable {
  pid: number;
  /** What counts for the figures, as the server itself reports it. */
  settings: Record<string, string>;
  /** Makes an empty database if there is none of this name, and answers its URL. */
  provideDatabase(name: string): Promise<string>;
  dropDatabase(name: string): Promise<void>;
  /** Writes out what earlier rounds left, so that the next one does not pay for it. */
  checkpoint(): Promise<void>;
}

/**
 * Durability as in production; room enough that no checkpoint falls into a round by chance (each round begins after
 * one). The rest are PostgreSQL's defaults.
 */
const settings = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_wal_size: '4GB',
  checkpoint_timeout: '30min',
  max_connections: '200',
};

const START_DEADLINE_MS = 30_000;
/** Making and dropping databases and checkpoints: some tenths of a second, more on a slow disk. */
const STATEMENT_DEADLINE_MS = 60_000;

/** Starts a fresh server under `folder`, on a free port of this machine only, as an unprivileged user when root. */
export async function startPostgres(which: 'bundled' | 'system', folder: string): Promise<Postgres> {
  const bin = providePostgresBinaries(which, folder);
  const runAs = chooseUser();
  const password = randomBytes(16).toString('hex');
  const data = initialize(bin, folder, runAs, password);
  const port = await findFreePort();
  const child = spawn(join(bin, 'postgres'), serverArguments(data, port), {
    ...runAs,
    cwd: data,
    // A session of its own: Ctrl-C goes to the benchmark, which stops the servers in order.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await untilReady(child);
  return connect(child, port, password);
}

function initialize(bin: string, folder: string, runAs: RunAs, password: string): string {
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (runAs.uid !== undefined && runAs.gid !== undefined) {
    for (const path of [data, passwordFile]) chownSync(path, runAs.uid, runAs.gid);
  }
  const options = ['--username=bench', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8'];
  execFileSync(join(bin, 'initdb'), [`--pgdata=${data}`, '--no-locale', ...options], { ...runAs, cwd: data });
  return data;
}

function serverArguments(data: string, port: number): string[] {
  const all = { ...settings, listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: '' };
  return ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

async function untilReady(child: ChildProcess): Promise<void> {
  if (child.stderr === null) throw new Error('The log of PostgreSQL was not piped.');
  const log: string[] = [];
  const lines = createInterface(child.stderr);
  const ready = new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      log.push(line);
      if (log.length > 50) log.shift();
      if (line.includes('ready to accept connections')) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`PostgreSQL did not start:\n${log.join('\n')}`)));
    AbortSignal.timeout(START_DEADLINE_MS).addEventListener('abort', () => reject(new Error('PostgreSQL is slow.')));
  });
  try {
    await ready;
  } catch (error) {
    child.kill('SIGQUIT');
    throw error;
  }
}

async function connect(child: ChildProcess, port: number, password: string): Promise<Postgres> {
  const urlOf = (database: string) => `postgres://bench:${password}@127.0.0.1:${port}/${database}`;
  const client = new pg.Client({ connectionString: urlOf('postgres'), statement_timeout: STATEMENT_DEADLINE_MS });
  // A lost connection fails the next statement, which is where it can be reported.
  client.on('error', () => {});
  await client.connect();
  const run = async (sql: string) => {
    await client.query(sql);
  };
  return {
    pid: child.pid ?? 0,
    settings: await readSettings(client),
    provideDatabase: async (name) => {
      const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
      if (rowCount === 0) await run(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
      return urlOf(name);
    },
    dropDatabase: (name) => run(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`),
    checkpoint: () => run('CHECKPOINT'),
    [Symbol.asyncDispose]: async () => {
      await client.end();
      const ended = child.exitCode === null ? once(child, 'exit') : undefined;
      // SIGINT is its fast shutdown: ends the sessions, writes a checkpoint.
      child.kill('SIGINT');
      await ended;
    },
  };
}

async function readSettings(client: pg.Client): Promise<Record<string, string>> {
  const names = ['server_version', 'shared_buffers', 'wal_sync_method', ...Object.keys(settings)];
  const { rows } = await client.query<{ name: string; value: string }>(
    'SELECT name, current_setting(name) AS value FROM pg_settings WHERE name = ANY($1)',
    [names],
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}
