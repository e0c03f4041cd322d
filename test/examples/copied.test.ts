import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startProgram } from '../support/example.ts';
import { packClient } from '../support/packed-client.ts';
import { createStage } from '../support/stage.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EXAMPLES = join(ROOT, 'examples');
const programs = globSync('*/*.ts', { cwd: EXAMPLES }).filter((path) => path.endsWith(`${dirname(path)}.ts`));

test('an example that is copied compiles and runs with the client that npm installs', async (t) => {
  const stage = createStage(t);
  const packed = await packClient();
  stage.atEnd(() => packed.remove());
  cpSync(EXAMPLES, packed.folder, { recursive: true });
  const files = globSync('**/*.ts', { cwd: EXAMPLES });
  assert.ok(files.length >= 7);
  const options = '--noEmit --strict --module nodenext --target es2024 --allowImportingTsExtensions --skipLibCheck';
  const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
  const compiler = join(ROOT, 'node_modules/.bin/tsc');
  const compiling = run(compiler, [...options.split(' '), ...types, ...files], { cwd: packed.folder });
  assert.equal((await compiling.catch(({ stdout }: { stdout: string }) => ({ stdout }))).stdout, '');

  const database = await stage.database();
  const engine = await stage.engine({ DATABASE_URL: database.url });
  const settings = { DOORBUSTER_URL: engine.url, STOCK: '1', BUYERS: '2' };
  const example = startProgram(['drop.ts'], { settings, cwd: join(packed.folder, 'drop') });
  assert.equal(await example.ended, 0, example.output());
  assert.match(example.output(), /1 of 2 buyers have a print/);
});

test('each example is in the index, has a page of its own and says there how it is run', () => {
  const index = readFileSync(join(EXAMPLES, 'README.md'), 'utf8');
  assert.ok(programs.length >= 5);
  for (const path of globSync('*/README.md', { cwd: EXAMPLES })) assert.ok(index.includes(`(${path})`), path);
  for (const name of programs.map((path) => dirname(path))) {
    const page = readFileSync(join(EXAMPLES, name, 'README.md'), 'utf8');
    assert.ok(page.includes(`npm start\nnpm run example ${name}\n`), name);
    assert.ok(page.split('\n').length <= 50, name);
  }
});
