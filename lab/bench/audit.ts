import pg from 'pg';
import type { Row } from './rows.ts';
import type { LoadResult } from './wrk.ts';

const STATEMENT_DEADLINE_MS = 60_000;

/** How many answers are of the kind that the row counts. */
export function countAnswers(row: Pick<Row, 'counts'>, load: LoadResult): number {
  const wanted = Object.entries(load.statuses).filter(([status]) => isCounted(row, Number(status)));
  return sum(wanted.map(([, count]) => count));
}

function isCounted(row: Pick<Row, 'counts'>, status: number): boolean {
  return row.counts === 'accepted' ? status >= 200 && status < 300 : status === 409;
}

/** An answer of another kind, or none at all, means that something else was measured than the row says. */
export function findOtherAnswers(row: Pick<Row, 'counts'>, load: LoadResult): string[] {
  const others = Object.entries(load.statuses).filter(([status]) => !isCounted(row, Number(status)));
  const faults = others.map(([status, count]) => `${count} answers were ${status}`);
  if (load.transportErrors > 0) faults.push(`${load.transportErrors} connections or requests failed`);
  return faults;
}

/**
 * Each accepted answer must have named an order of its own that is in the database, and nothing else may have made
 * one. Only the requests that were under way when the client left, at most one a connection and load, may have made
 * an order without a counted answer. `promised` are the ids that the client was given; `kept` are those of all orders.
 */
export function findMiscounts(
  row: Pick<Row, 'counts'>,
  loads: readonly LoadResult[],
  promised: readonly string[],
  kept: { ids: ReadonlySet<string>; before: number },
): string[] {
  const accepts = row.counts === 'accepted';
  const answers = accepts ? sum(loads.map((load) => countAnswers(row, load))) : 0;
  const underWay = accepts ? sum(loads.map((load) => load.connections)) : 0;
  const distinct = new Set(promised);
  const lost = promised.filter((id) => !kept.ids.has(id)).length;
  const unasked = kept.ids.size - kept.before - answers - underWay;
  const faults = [];
  if (distinct.size !== answers) faults.push(`${answers} answers named ${distinct.size} different orders`);
  if (lost > 0) faults.push(`${lost} promised orders are not in the database`);
  if (unasked > 0) faults.push(`${unasked} orders more than were asked for are in the database`);
  return faults;
}

/** The orders that a database holds: the engine's table and the baselines' have the same name. */
export async function listOrderIds(databaseUrl: string): Promise<Set<string>> {
  const client = new pg.Client({ connectionString: databaseUrl, statement_timeout: STATEMENT_DEADLINE_MS });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string }>('SELECT id FROM orders');
    return new Set(rows.map((row) => row.id));
  } finally {
    await client.end();
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
