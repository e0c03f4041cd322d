import { type Database, rollBack } from './database.ts';
import { faultOf } from './database-error.ts';
import type { Queryable } from './statement.ts';

/** Runs reads that belong together: all of them see the ledger as it was at the first. Never run again by itself. */
export async function readSnapshot<Result>(
  database: Database,
  read: (snapshot: Queryable) => Promise<Result>,
): Promise<Result> {
  const connection = await database.connect();
  let healthy = true;
  try {
    await connection.execute('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const result = await read(connection);
    await connection.execute('COMMIT');
    return result;
  } catch (error) {
    healthy = faultOf(error) !== 'connection-lost' && (await rollBack(connection));
    throw error;
  } finally {
    connection.release(!healthy);
  }
}
