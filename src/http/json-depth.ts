import { invalidRequest } from './invalid-request.ts';

/** Deeper than any shop's metadata, and far from what would exhaust the stack of whoever walks it. */
const DEPTH_MAX = 32;

/** Refuses a JSON value whose form the schema leaves open and that is nested too deeply. `pointer` is its place. */
export function requireShallow(value: unknown, pointer: string): void {
  if (isShallow(value, 0)) return;
  throw invalidRequest([{ pointer, detail: `is nested more than ${DEPTH_MAX} deep` }]);
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth < DEPTH_MAX && Object.values(value).every((member) => isShallow(member, depth + 1));
}
