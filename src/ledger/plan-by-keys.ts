import { type Queryable, statement } from './statement.ts';

/** Settings until the transaction ends, for one whose statements have a key in hand for each row that they read. */
export const PLAN_BY_KEYS = `set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
  set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)`;

const setUp = statement('plan_by_keys', `SELECT ${PLAN_BY_KEYS}`);

/**
 * Has the statements of this transaction go by keys, and the checks of foreign keys as well. A connection keeps its
 * plans: one that was made while a table was known to be empty or small would read all of it for each row until the next
 * ANALYZE, and a rush writes tens of thousands of rows before that. Local to the transaction, because a pooler may give
 * the connection to somebody else afterwards.
 */
export async function planByKeys(transaction: Queryable): Promise<void> {
  await transaction.query(setUp);
}
