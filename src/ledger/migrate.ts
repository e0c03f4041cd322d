import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type { ConnectionOptions } from './database.ts';

/**
 * Brings the schema up to date: runs the numbered files of `migrations/` that have not run yet, in one
 * transaction each, under an advisory lock, so that several processes may start at once (the others wait).
 * Forward only.
 *
 * @returns the names of those that have run now
 */
export async function migrate(connection: ConnectionOptions, log: (message: string) => void): Promise<string[]> {
  const done = await runner({
    databaseUrl: { ...connection },
    dir: fileURLToPath(new URL('./migrations', import.meta.url)),
    direction: 'up',
    migrationsTable: 'schema_migrations',
    advisoryLockMode: 'wait',
    checkOrder: true,
    log: () => undefined,
    logger: { debug: ignore, info: ignore, warn: log, error: log },
  });
  return done.map(({ name }) => name);
}

function ignore(): void {}
