import { arrayLiteral } from './array-literal.ts';
import { type Queryable, statement } from './statement.ts';

const readWhetherTest = statement<{ test: boolean }>(
  'read_whether_sale_is_test',
  'SELECT test FROM sales WHERE id = $1',
);

/** Whether a sale is a rehearsal; undefined when there is no such sale. It never changes. */
export async function findWhetherTest(db: Queryable, saleId: string): Promise<boolean | undefined> {
  const [row] = await db.query(readWhetherTest, [saleId]);
  return row?.test;
}

const insertBuyers = statement(
  'insert_test_buyers',
  `INSERT INTO accounts (id, role, test_sale_id) SELECT id, 'customer', $1 FROM unnest($2::uuid[]) AS new (id)`,
);

/** Writes accounts that cannot sign in and may order in one test sale only. */
export async function insertTestBuyers(db: Queryable, saleId: string, accountIds: readonly string[]): Promise<void> {
  await db.query(insertBuyers, [saleId, arrayLiteral(accountIds)]);
}
