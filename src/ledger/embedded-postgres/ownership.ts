import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import pg from 'pg';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { DATABASE_USER } from './postgres-folder.ts';

/** Not the ledger's database: advisory locks are per database, so this one cannot meet locks of the ledger. */
const OWNER_DATABASE = 'postgres';

/** The advisory lock of the engine that owns the server ("Door", 1). */
const OWNER_LOCK = [0x446f6f72, 1];

const CONNECT_TIMEOUT_MS = 5_000;

/** Nobody listens at the socket, or its folder was removed. */
const ABSENT = new Set(['ENOENT', 'ECONNREFUSED']);

/** The server will never let this engine in: SQLSTATE classes 28 and 3D, or the socket's folder is closed to it. */
const REFUSED = /^(28...|3D...|EACCES|EPERM)$/;

/** Connects to the server of an embedded folder, unless none listens or it is not taking connections at the moment. */
export async function connect(socketFolder: string, port: number): Promise<pg.Client | 'busy' | 'absent'> {
  const client = new pg.Client({
    host: socketFolder,
    port,
    user: DATABASE_USER,
    database: OWNER_DATABASE,
    ssl: false,
    application_name: `doorbuster owner, process ${process.pid}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  client.on('error', ignore);
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.end().catch(ignore);
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (REFUSED.test(code)) throw error;
    return ABSENT.has(code) ? 'absent' : 'busy';
  }
}

/**
 * A folder that was copied while its server ran names that server in its postmaster.pid; taken at its word, orders
 * would go into the original. So the server is asked whether it sees a file that is made here.
 */
export async function refuseForeignServer(client: pg.Client, folder: string): Promise<void> {
  const mark = `doorbuster-${randomUUID()}`;
  await writeFile(join(folder, mark), '');
  try {
    const { rows } = await client.query('SELECT (pg_stat_file($1, true)).size IS NOT NULL AS seen', [mark]);
    if (rows[0]?.seen === true) return;
  } finally {
    await rm(join(folder, mark), { force: true });
  }
  throw new EmbeddedPostgresError(
    'folder-not-usable',
    `${folder} is a copy of a data folder whose server was running, and still runs. Such a copy may lack orders: ` +
      'stop that engine and copy the folder again.',
  );
}

/** Waits for the advisory lock. The connection keeps it for life, so it ends with this process, however that ends. */
export async function claimOwnership(client: pg.Client, folder: string, timeoutMs: number): Promise<void> {
  try {
    await client.query(`SET lock_timeout = ${Math.max(1, Math.trunc(timeoutMs))}`);
    await client.query('SELECT pg_advisory_lock($1::int, $2::int)', OWNER_LOCK);
    await client.query('RESET lock_timeout');
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    const { rows } = await client.query(
      `SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid)
        WHERE locktype = 'advisory' AND granted AND (classid, objid) = ($1::oid, $2::oid)`,
      OWNER_LOCK,
    );
    throw new EmbeddedPostgresError(
      'in-use',
      `Another engine (${rows[0]?.application_name ?? 'unknown'}) owns ${folder}. Stop it first, choose another ` +
        'DATA_DIR, or run both on a PostgreSQL of your own by DATABASE_URL.',
    );
  }
}

/** SQLSTATE 55P03, lock_not_available. */
function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '55P03';
}

function ignore(): void {}
