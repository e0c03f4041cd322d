import { type Queryable, statement } from './statement.ts';

const readClock = statement<{ now: Date }>('read_ledger_clock', 'SELECT clock_timestamp() AS now');

/** The time by the database's clock, which is the same for every process: one that is ahead would see the future. */
export async function readLedgerClock(db: Queryable): Promise<Date> {
  const [row] = await db.query(readClock);
  if (row === undefined) throw new Error('The database did not tell its time.');
  return row.now;
}
