import { type ConnectionOptions, type Database, openDatabase } from './database.ts';
import { migrate } from './migrate.ts';

/** One batch of writes, one look, and two for what follows a repeat. */
const PLACING_POOL_SIZE = 4;

/** The ledger of an engine process, migrated. */
export interface Ledger {
  /** For reads and low-rate work. */
  readonly database: Database;
  /** For placing orders: connections that pipeline. */
  readonly placing: Database;
  close(): Promise<void>;
}

/** Migrates the schema and opens the pools. */
export async function openLedger(options: {
  connection: ConnectionOptions;
  poolSize: number;
  onError: (error: Error) => void;
  log: (message: string) => void;
}): Promise<Ledger> {
  const { connection, poolSize, onError, log } = options;
  await migrate(connection, log);
  const database = openDatabase({ connection, poolSize, applicationName: 'doorbuster', onError });
  const placing = openDatabase({
    connection,
    poolSize: PLACING_POOL_SIZE,
    applicationName: 'doorbuster-placing',
    pipeline: true,
    onError,
  });
  return {
    database,
    placing,
    async close() {
      await Promise.all([database.close(), placing.close()]);
    },
  };
}
