import pg from 'pg';

/** Filling a ledger with millions of orders takes its time. */
const STATEMENT_DEADLINE_MS = 1_800_000;

/** Runs statements, with semicolons between, on a connection of their own. Answers the rows of a single one. */
export async function queryOnce<Fields extends pg.QueryResultRow>(databaseUrl: string, sql: string): Promise<Fields[]> {
  const client = new pg.Client({ connectionString: databaseUrl, statement_timeout: STATEMENT_DEADLINE_MS });
  await client.connect();
  try {
    return (await client.query<Fields>(sql)).rows;
  } finally {
    await client.end();
  }
}
