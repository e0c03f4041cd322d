import type { Database } from './database.ts';

/** Tells how long the statements, the transactions and the waits for a connection of a database took, in seconds. */
export function measureDatabase(
  database: Database,
  observe: (operation: 'statement' | 'transaction' | 'connect', seconds: number) => void,
): Database {
  async function measured<Result>(
    operation: 'statement' | 'transaction' | 'connect',
    run: () => Promise<Result>,
  ): Promise<Result> {
    const startedAt = performance.now();
    try {
      return await run();
    } finally {
      observe(operation, (performance.now() - startedAt) / 1_000);
    }
  }

  return {
    ...database,
    query: (statement, values) => measured('statement', () => database.query(statement, values)),
    transaction: (work) => measured('transaction', () => database.transaction(work)),
    connect: () => measured('connect', () => database.connect()),
  };
}
