import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/**
 * Builds what the npm package runs into dist/, where every file keeps its place beside the others. Node strips no types
 * under node_modules, so it is done here, by the same code of Node that runs the sources: lines and columns stay, and
 * a stack trace of the package points into the sources of its version.
 *
 * Only what the command line can reach is built: no tests, no benchmark.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');

/** The command line is a program: what it imports, it reaches. */
const ENTRY = 'src/cli.ts';

/** What is read at run time, or was JavaScript already. */
const COPIED = [
  'scripts/doorbuster.mjs',
  'scripts/hand-over.mjs',
  'scripts/node-options.json',
  'src/gate/scripts',
  'src/ledger/migrations',
  'docs/errors',
  'docs/runbook',
];

/** A module by its place, in an import or in a `new URL(…)`. Biome writes every path in single quotes. */
const MODULE_PATH = /'(\.{1,2}\/[^']+)\.ts'/g;

await rm(DIST, { recursive: true, force: true });
const built = new Set<string>();
await build(ENTRY);
for (const path of COPIED) await cp(join(ROOT, path), join(DIST, path), { recursive: true });
const { name, version, type } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
await writeFile(join(DIST, 'package.json'), `${JSON.stringify({ name, version, type }, null, 2)}\n`);
await chmod(join(DIST, 'scripts/doorbuster.mjs'), 0o755);
process.stderr.write(`Built ${built.size} modules into dist/\n`);

/** Builds a module and those that it names. */
async function build(path: string): Promise<void> {
  if (built.has(path)) return;
  built.add(path);
  const code = stripTypeScriptTypes(await readFile(join(ROOT, path), 'utf8'));
  const target = join(DIST, path.replace(/\.ts$/, '.js'));
  await mkdir(dirname(target), { recursive: true });
  // What is left of an interface is blanks.
  await writeFile(target, code.replaceAll(MODULE_PATH, "'$1.js'").replaceAll(/[ \t]+$/gm, ''));
  const named = [...code.matchAll(MODULE_PATH)].map(([, name]) => join(dirname(path), `${name}.ts`));
  for (const each of named) await build(each);
}
