import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A Lua script as Redis knows it. */
export interface Script {
  readonly lua: string;
  /** SHA-1 of the text, hex: by it Redis finds what it has seen before. */
  readonly sha: string;
}

export function scriptOf(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** Reads a script of `scripts/`, by its name without `.lua`. For the start of the process. */
export function readScript(name: string): Script {
  return scriptOf(readFileSync(new URL(`scripts/${name}.lua`, import.meta.url), 'utf8'));
}
