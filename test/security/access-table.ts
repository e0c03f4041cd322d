import { readFile } from 'node:fs/promises';

/** Who may ask for an operation, by its name: what docs/access.md says in rows like | `GET /health/live` | anybody | … | */
export async function readAccessTable(): Promise<ReadonlyMap<string, readonly string[]>> {
  const text = await readFile(new URL('../../docs/access.md', import.meta.url), 'utf8');
  const rows = text.matchAll(/^\| `([A-Z]+ \S+)` \| ([^|]+) \|/gm);
  return new Map([...rows].map(([, name = '', who = '']) => [name, who.split(', ').map((each) => each.trim())]));
}
