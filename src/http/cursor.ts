import { Type } from 'typebox';
import { ProblemError } from './problems.ts';

/** Where a page ended, by the columns that order the list. */
export type CursorPosition = Readonly<Record<string, string | number>>;

/** The query members of a list. */
export const PAGE_QUERY = {
  cursor: Type.Optional(Type.String({ maxLength: 500, description: 'nextCursor of the page before.' })),
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
};

/** `nextCursor` of a page. */
export const NextCursor = Type.Union([Type.String(), Type.Null()], { description: 'Null on the last page.' });

/** A position as clients carry it: opaque to them. */
export function encodeCursor(position: CursorPosition): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** The position of a cursor; undefined for the first page. Whoever reads it checks the members. */
export function decodeCursor(text: string | undefined): CursorPosition | undefined {
  if (text === undefined) return undefined;
  try {
    const position: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (isPosition(position)) return position;
  } catch {
    // Not JSON: falls through to the same answer.
  }
  throw new ProblemError('cursor-invalid', { detail: 'Use the nextCursor of a page before, unchanged.' });
}

function isPosition(value: unknown): value is CursorPosition {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((member) => typeof member === 'string' || typeof member === 'number');
}

/** The id at which a list ordered by id goes on; undefined for the first page. */
export function decodeIdCursor(text: string | undefined): string | undefined {
  const position = decodeCursor(text);
  if (position === undefined) return undefined;
  const { id } = position;
  if (typeof id === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return id;
  throw new ProblemError('cursor-invalid', { detail: 'Use nextCursor with the same filters.' });
}

/**
 * The page of a list, at most `limit` long. `rows` are read with a limit of one more, which tells whether a next page
 * follows; `positionOf` gives the place of the last row that is shown.
 */
export function pageOf<Row, Resource>(
  rows: readonly Row[],
  limit: number,
  toResource: (row: Row) => Resource,
  positionOf: (row: Row) => CursorPosition,
): { data: Resource[]; nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    data: page.map(toResource),
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(positionOf(last)) : null,
  };
}
