import { readFileSync } from 'node:fs';
import pg from 'pg';
import { queryOnce } from './query-once.ts';
import type { LoadResult } from './wrk.ts';

/** Which answers a row counts: 2xx or 409. */
export type Counted = 'accepted' | 'refused';

/** What a load was answered. */
export interface Seen {
  counts: Counted;
  /** All runs of the client, the warm-up included. */
  loads: readonly LoadResult[];
  /** The ids of the orders that answers have named. */
  promised: readonly string[];
}

/** How many answers are of the kind that the row counts. */
export function countAnswers(counts: Counted, load: LoadResult): number {
  const wanted = Object.entries(load.statuses).filter(([status]) => isCounted(counts, Number(status)));
  return sum(wanted.map(([, count]) => count));
}

function isCounted(counts: Counted, status: number): boolean {
  return counts === 'accepted' ? status >= 200 && status < 300 : status === 409;
}

/** An answer of another kind, or none at all, means that something else was measured than the row says. */
export function findOtherAnswers(counts: Counted, load: LoadResult): string[] {
  const others = Object.entries(load.statuses).filter(([status]) => !isCounted(counts, Number(status)));
  const faults = others.map(([status, count]) => `${count} answers were ${status}`);
  if (load.transportErrors > 0) faults.push(`${load.transportErrors} connections or requests failed`);
  return faults;
}

/**
 * Each accepted answer must have named an order of its own that is in the database, and nothing else may have made
 * one. Only the requests that were under way when the client left, at most one a connection and load, may have made
 * an order without a counted answer. `kept` are the ids of all orders that are as the answers say.
 */
export function findMiscounts(seen: Seen, kept: { ids: ReadonlySet<string>; before: number }): string[] {
  const accepts = seen.counts === 'accepted';
  const answers = accepts ? sum(seen.loads.map((load) => countAnswers(seen.counts, load))) : 0;
  const underWay = accepts ? sum(seen.loads.map((load) => load.connections)) : 0;
  const distinct = new Set(seen.promised);
  const lost = seen.promised.filter((id) => !kept.ids.has(id)).length;
  const unasked = kept.ids.size - kept.before - answers - underWay;
  const faults = [];
  if (distinct.size !== answers) faults.push(`${answers} answers named ${distinct.size} different orders`);
  if (lost > 0) faults.push(`${lost} promised orders are not in the database`);
  if (unasked > 0) faults.push(`${unasked} orders more than were asked for are in the database`);
  return faults;
}

/**
 * The orders that a database holds: the engine's table and the baselines' have the same name. `saleIds` and `status`
 * leave out others, which the engine's alone can.
 */
export async function listOrderIds(
  databaseUrl: string,
  { saleIds, status }: { saleIds?: readonly string[]; status?: string } = {},
): Promise<Set<string>> {
  const conditions = [
    ...(saleIds === undefined ? [] : [`sale_id = ANY(${pg.escapeLiteral(`{${saleIds.join(',')}}`)}::uuid[])`]),
    ...(status === undefined ? [] : [`status = ${pg.escapeLiteral(status)}`]),
  ];
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  const rows = await queryOnce<{ id: string }>(databaseUrl, `SELECT id FROM orders${where}`);
  return new Set(rows.map((row) => row.id));
}

/** Of a file that a client has written. */
export function readLines(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n').filter(Boolean);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
