import { type Database, runTransaction } from './database.ts';
import type { Queryable } from './statement.ts';

/** Runs reads that belong together: all of them see the ledger as it was at the first. Never run again by itself. */
export async function readSnapshot<Result>(
  database: Database,
  read: (snapshot: Queryable) => Promise<Result>,
): Promise<Result> {
  return runTransaction(await database.connect(), read, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
}
