import { type Queryable, statement } from './statement.ts';

const readLedgerId = statement<{ id: string }>('read_ledger_id', 'SELECT id FROM ledger');

/** Which ledger this is. Whatever is remembered outside of it carries this id; a restore from a backup gets a new one. */
export async function getLedgerId(db: Queryable): Promise<string> {
  const [row] = await db.query(readLedgerId);
  if (row === undefined) throw new Error('The ledger does not say which one it is.');
  return row.id;
}
