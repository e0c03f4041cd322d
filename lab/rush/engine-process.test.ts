import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { findsEngine, startEngine } from './engine-process.ts';
import { startFakeEngine } from './fake-engine.ts';

const OPERATOR = { email: 'operator@example.com', password: 'secret' };
const FAKE = new URL('./fake-engine.ts', import.meta.url).href;

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doorbuster-engine-test-'));
});
after(() => rm(folder, { recursive: true }));

/** A program in place of the engine. Writes its settings down where the test finds them. */
async function writeProgram(name: string, body: string): Promise<string> {
  const file = join(folder, `${name}.mjs`);
  await writeFile(file, body);
  return file;
}

describe('starting an engine', () => {
  test('waits until it is ready, gives it a folder of its own, and stops it with SIGTERM', async () => {
    const seen = join(folder, 'seen.json');
    const program = await writeProgram(
      'ready',
      `import { writeFileSync, mkdirSync } from 'node:fs';
       import { startFakeEngine } from ${JSON.stringify(FAKE)};
       const { DATA_DIR, DATABASE_URL = null, PORT } = process.env;
       mkdirSync(DATA_DIR);
       const tell = (signal) => writeFileSync(${JSON.stringify(seen)}, JSON.stringify({ DATA_DIR, DATABASE_URL, PORT, signal }));
       process.on('SIGTERM', () => { tell('SIGTERM'); process.exit(0); });
       const engine = await startFakeEngine();
       console.log('Doorbuster is listening on ' + engine.url);`,
    );
    process.env['DATABASE_URL'] = 'postgres://somewhere/precious';
    const engine = await startEngine({ operator: OPERATOR, program }).finally(() => delete process.env['DATABASE_URL']);
    assert.equal(await findsEngine(engine.url), true);
    await engine.stop();
    await engine.stop();
    const { DATA_DIR, ...rest } = JSON.parse(await readFile(seen, 'utf8'));
    assert.deepEqual(rest, { DATABASE_URL: null, PORT: '0', signal: 'SIGTERM' });
    await assert.rejects(readFile(DATA_DIR), { code: 'ENOENT' });
    assert.equal(await findsEngine(engine.url), false);
  });

  test('tells the last words of one that ends before it is ready', async () => {
    const program = await writeProgram('broken', `console.error('the port is taken'); process.exit(1);`);
    await assert.rejects(startEngine({ operator: OPERATOR, program }), /ended before it was ready.*the port is taken/s);
  });

  test('gives up on one that never gets ready', async () => {
    const program = await writeProgram('idle', `console.log('thinking'); setInterval(() => {}, 1000);`);
    await assert.rejects(
      startEngine({ operator: OPERATOR, program, startMsMax: 1000 }),
      /was not ready within 1 s.*thinking/s,
    );
  });
});

describe('finding an engine', () => {
  test('knows Doorbuster from silence', async () => {
    const engine = await startFakeEngine();
    assert.equal(await findsEngine(engine.url), true);
    await engine.close();
    assert.equal(await findsEngine(engine.url), false);
  });
});
