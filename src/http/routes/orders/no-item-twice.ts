import { invalidRequest } from '../../invalid-request.ts';

/** Refuses lines that name an item twice. Ids are in lower case. */
export function requireNoItemTwice(lines: readonly { readonly itemId: string }[]): void {
  if (lines.length < 2) return;
  const seen = new Set<string>();
  const errors = lines.flatMap(({ itemId }, index) => {
    const again = seen.has(itemId);
    seen.add(itemId);
    return again ? [{ pointer: `/lines/${index}/itemId`, detail: 'stands in another line already' }] : [];
  });
  if (errors.length > 0) throw invalidRequest(errors);
}
