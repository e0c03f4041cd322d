import type { Listing } from '../../client/src/index.ts';
import { readInteger } from './read-values.ts';

export const LIMIT_OPTION = { limit: { type: 'string' } } as const;
export const LIMIT_HELP = '  --limit N       so many at most (50)';

const LIMIT = 50;
const LIMIT_MAX = 100_000;
/** The most that a page of the API has. */
const PAGE_MAX = 100;

/** The first rows of a list, over as many pages as it takes, and whether there are more. @throws UsageError */
export async function takeRows<Row>(
  limit: string | undefined,
  list: (pageSize: number) => Listing<Row>,
): Promise<{ rows: Row[]; more: boolean }> {
  const most = limit === undefined ? LIMIT : readInteger('--limit', limit, 1, LIMIT_MAX);
  const rows: Row[] = [];
  // One row more than asked for tells whether there are more.
  for await (const row of list(Math.min(most + 1, PAGE_MAX))) {
    if (rows.length === most) return { rows, more: true };
    rows.push(row);
  }
  return { rows, more: false };
}
