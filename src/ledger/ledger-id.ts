import { type Queryable, statement } from './statement.ts';

const readLedgerId = statement<{ id: string }>('read_ledger_id', 'SELECT id FROM ledger');

/** Which ledger this is. Whatever is remembered outside of it carries this id; a restore from a backup gets a new one. */
export async function getLedgerId(db: Queryable): Promise<string> {
  const [row] = await db.query(readLedgerId);
  if (row === undefined) throw new Error('The ledger does not say which one it is.');
  return row.id;
}

const renewId = statement<{ id: string }>('renew_ledger_id', 'UPDATE ledger SET id = gen_random_uuid() RETURNING id');

/**
 * Makes a ledger that was restored from a backup another one: what Redis remembers of orders that the backup does not
 * have is then never asked for. Engines learn it when they start. Returns the new id.
 */
export async function renewLedgerId(db: Queryable): Promise<string> {
  const [row] = await db.query(renewId);
  if (row === undefined) throw new Error('The ledger does not say which one it is.');
  return row.id;
}
