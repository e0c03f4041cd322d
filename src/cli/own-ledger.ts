import process from 'node:process';
import { readSettings } from '../config/config.ts';
import type { ConnectionOptions } from '../ledger/database.ts';
import { faultOf } from '../ledger/database-error.ts';
import { CommandError } from './command.ts';
import { reasonOf } from './reason-of.ts';

/**
 * Lets `work` be done on the ledger of DATABASE_URL.
 * @throws CommandError where it is not set, with `unset` as the reason, and where its server does not answer
 */
export async function withOwnLedger<Result>(
  unset: string,
  work: (connection: ConnectionOptions) => Promise<Result>,
): Promise<Result> {
  const { DATABASE_URL } = readSettings(process.env, ['DATABASE_URL']);
  if (DATABASE_URL === undefined) throw new CommandError(`DATABASE_URL is not set. ${unset}`);
  try {
    return await work({ connectionString: DATABASE_URL });
  } catch (error) {
    if (faultOf(error) === 'not-database') throw error;
    throw new CommandError(`PostgreSQL at DATABASE_URL: ${reasonOf(error)}`, { cause: error });
  }
}
