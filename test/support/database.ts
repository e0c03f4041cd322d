import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A migrated database of one test file's own. */
export interface TestDatabase {
  readonly url: string;
  /** Runs SQL as the test's own eyes and hands; not through the engine. */
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

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
  return {
    url,
    query: async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
      (await pool.query<Row>(text, values)).rows,
    async drop() {
      await pool.end();
      await onServer(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}
