import './resolve-client.ts';
import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** Runs an example of examples/ by its name: `npm run example drop`. */

const EXAMPLES = fileURLToPath(new URL('../examples/', import.meta.url));

/** Folders with a program of the same name; the others are files to copy. */
const names = globSync('*/*.ts', { cwd: EXAMPLES })
  .filter((path) => basename(path, '.ts') === dirname(path))
  .map((path) => dirname(path))
  .sort();

const [name = ''] = process.argv.slice(2);
if (names.includes(name)) {
  await import(join(EXAMPLES, name, `${name}.ts`));
} else {
  process.stderr.write(`Usage: npm run example <name>, one of: ${names.join(', ')}\n`);
  process.exitCode = 2;
}
