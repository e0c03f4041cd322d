import type { Row } from './row.ts';

/**
 * The rows that were asked for, by name or group, with those that they need or are compared with, in the order of the
 * table. `comparedWith` says by which other rows a row is judged.
 */
export function chooseRows(
  rows: readonly Row[],
  only: readonly string[] | undefined,
  comparedWith: (row: string) => readonly string[],
): Row[] {
  if (only === undefined) return [...rows];
  const chosen = new Set<string>();
  const open = rows.filter((row) => only.includes(row.name) || only.includes(row.group)).map((row) => row.name);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (chosen.has(name)) continue;
    chosen.add(name);
    open.push(...(rows.find((row) => row.name === name)?.needs ?? []));
  }
  for (const name of [...chosen]) for (const other of comparedWith(name)) chosen.add(other);
  return rows.filter((row) => chosen.has(row.name));
}
