import type { TestDatabase } from './database.ts';

/** A place at which the engine's work is stopped, as exactly as PostgreSQL can tell it. */
export interface StopPoint {
  /** Resolves when somebody has come to it and waits. */
  reached(): Promise<void>;
  /** Lets whoever waits go on, and everybody after. */
  open(): Promise<void>;
  /** Breaks the sessions that wait, so that what they were about to do does not happen, and lets everybody after pass. */
  cut(): Promise<void>;
}

/** The one database that has this number in the tests' locks; the numbers are each test file's own. */
let points = 0;

/**
 * Stops whoever inserts a row that `condition` (over NEW) fits: `before` the row is there, or at `commit`, when the
 * transaction is whole but for its COMMIT.
 */
export async function stopAt(
  database: TestDatabase,
  when: 'before' | 'commit',
  table: string,
  condition: string,
): Promise<StopPoint> {
  points += 1;
  const number = points;
  const name = `stop_point_${number}`;
  const lock = await database.hold(`SELECT pg_advisory_xact_lock(${number})`);
  const timing = when === 'before' ? 'TRIGGER' : 'CONSTRAINT TRIGGER';
  await database.onOneConnection([
    `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN
       PERFORM pg_advisory_xact_lock_shared(${number});
       RETURN NEW;
     END $$`,
    `CREATE ${timing} ${name} ${when === 'before' ? 'BEFORE' : 'AFTER'} INSERT ON ${table}
     ${when === 'before' ? '' : 'DEFERRABLE INITIALLY DEFERRED'}
     FOR EACH ROW WHEN (${condition}) EXECUTE FUNCTION ${name}()`,
  ]);
  const waiting = `
    FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND objid = ${number} AND NOT granted AND datname = current_database()`;
  return {
    async reached() {
      await database.until(`SELECT pid ${waiting}`);
    },
    open: () => lock.release(),
    async cut() {
      await database.query(`SELECT pg_terminate_backend(pid) ${waiting}`);
      await database.until(`SELECT 1 WHERE NOT EXISTS (SELECT ${waiting})`);
      await lock.release();
    },
  };
}
