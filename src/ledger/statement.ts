import type { QueryResult } from 'pg';

/**
 * A named SQL statement. The name makes PostgreSQL parse and plan it once per connection;
 * `Row` is the shape of what it returns.
 */
export interface Statement<Row> {
  readonly name: string;
  readonly text: string;
  /** Never set: it carries the type of a row. */
  readonly row?: Row;
}

const statements = new Map<string, Statement<unknown>>();

/** Declares a statement. Names are unique over the ledger, so that two texts never share one plan. */
export function statement<Row = Record<string, never>>(name: string, text: string): Statement<Row> {
  if (statements.has(name)) throw new Error(`Two statements are named ${name}.`);
  const declared: Statement<Row> = { name, text };
  statements.set(name, declared);
  return declared;
}

/** Every statement declared so far, for the test that prepares each against the migrated schema. */
export function allStatements(): readonly Statement<unknown>[] {
  return [...statements.values()];
}

/** What runs statements: the pool, or the connection of one transaction. */
export interface Queryable {
  query<Row>(statement: Statement<Row>, values?: readonly unknown[]): Promise<Row[]>;
}

/** What node-postgres gives for one query, narrowed to what the ledger reads. */
export type RawResult = Pick<QueryResult, 'rows' | 'rowCount' | 'command'>;
