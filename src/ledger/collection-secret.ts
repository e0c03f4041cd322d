import { type Queryable, statement } from './statement.ts';

const readSecret = statement<{ collection_secret: Buffer }>(
  'read_collection_secret',
  'SELECT collection_secret FROM ledger',
);

/** The ledger's own secret from which the collection codes of its orders follow. It never changes. */
export async function getCollectionSecret(db: Queryable): Promise<Buffer> {
  const [row] = await db.query(readSecret);
  if (row === undefined) throw new Error('The ledger has lost its own row.');
  return row.collection_secret;
}
