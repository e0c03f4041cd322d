import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A migrated database of one test file's own. */
export interface TestDatabase {
  readonly url: string;
  /** Runs SQL as the test's own eyes and hands; not through the engine. */
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Runs statements one after the other on one connection of their own, and gives the rows of the last. */
  onOneConnection(statements: readonly string[]): Promise<unknown[]>;
  /** Runs a query until it returns a row, and gives that. */
  until<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row>;
  /** Takes locks by a query and keeps them. */
  hold(text: string, values?: unknown[]): Promise<HeldLock>;
  drop(): Promise<void>;
}

export interface HeldLock {
  /** Resolves when some other session waits for this lock. */
  blocksSomebody(): Promise<void>;
  release(): Promise<void>;
}

/** How long the tests wait for something that must happen. */
const PATIENCE_MS = 10_000;

export const TEMPLATE_DATABASE = 'doorbuster_template';

/** The address of a database of the server that `npm test` started. */
export function serverUrl(database: string): string {
  const url = process.env['TEST_POSTGRES_URL'];
  if (url === undefined) throw new Error('Run tests by npm test (one file: npm test -- path/to/file.test.ts).');
  return url.replace(/[^/]*$/, database);
}

async function onServer(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl('postgres') });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** Copies the migrated template, which takes some milliseconds. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await onServer(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE_DATABASE}`);
  const url = serverUrl(name);
  const pool = new pg.Pool({ connectionString: url, max: 3 });
  pool.on('error', () => undefined);
  // A copy is another ledger: what is remembered outside of it must not be mixed up.
  await pool.query('UPDATE ledger SET id = gen_random_uuid()');
  const query = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
    (await pool.query<Row>(text, values)).rows;

  async function until<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const [row] = await query<Row>(text, values);
      if (row !== undefined) return row;
      if (Date.now() > deadline) throw new Error(`Nothing came of: ${text}`);
      await query('SELECT pg_sleep(0.02)');
    }
  }

  async function hold(text: string, values: unknown[] = []): Promise<HeldLock> {
    const client = await pool.connect();
    await client.query('BEGIN');
    await client.query(text, values);
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return {
      async blocksSomebody() {
        await until('SELECT pid FROM pg_stat_activity WHERE $1::int = ANY (pg_blocking_pids(pid))', [rows[0]?.pid]);
      },
      async release() {
        await client.query('COMMIT');
        client.release();
      },
    };
  }

  return {
    url,
    query,
    async onOneConnection(texts) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        let rows: unknown[] = [];
        for (const text of texts) rows = (await client.query(text)).rows;
        return rows;
      } finally {
        await client.end();
      }
    },
    until,
    hold,
    async drop() {
      await pool.end();
      await onServer(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}
