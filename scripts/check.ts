import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Runs every check that needs no test: types, format and lint, directions of imports, unused code, generated files. */

const root = fileURLToPath(new URL('..', import.meta.url));
const tool = (name: string) => join(root, 'node_modules', '.bin', name);

const CHECKS: readonly (readonly [name: string, command: string, args: readonly string[]])[] = [
  ['types', tool('tsc'), ['--noEmit']],
  ['format and lint', tool('biome'), ['check', '--error-on-warnings', '.']],
  [
    'directions of imports',
    tool('depcruise'),
    ['src', 'client/src', 'lab', 'examples', '--config', '.dependency-cruiser.cjs'],
  ],
  ['unused code', tool('knip'), []],
  ['generated files', process.execPath, [join(root, 'scripts/generate.ts'), '--check']],
];

let failed = 0;
for (const [name, command, args] of CHECKS) {
  if (!existsSync(command)) throw new Error(`${command} is not installed.`);
  const startedAt = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  process.stdout.write(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`);
  if (status === 0) continue;
  failed += 1;
  process.stdout.write(`${stdout}${stderr}\n`);
}
process.exitCode = failed === 0 ? 0 : 1;
