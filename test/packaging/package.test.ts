import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, statSync } from 'node:fs';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { endAtExit } from '../support/at-exit.ts';
import { send } from '../support/client.ts';
import { killEmbeddedPostgres } from '../support/embedded.ts';
import { type InstalledPackage, installPackage } from '../support/installed-package.ts';
import { freePort } from '../support/postgres.ts';
import { APP, canMount, DATA, runReadOnly } from '../support/read-only-root.ts';
import { readImage } from './image.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BYTES_MAX = 600_000;

let installed: InstalledPackage;

before(async () => {
  installed = await installPackage();
});

after(async () => {
  await killEmbeddedPostgres(join(installed.folder, 'data'));
  installed.remove();
});

test('the package has what the engine runs and reads, and no test, source, map or benchmark', () => {
  const files = execFileSync('tar', ['-tzf', installed.tarball], { encoding: 'utf8' }).trim().split('\n');
  const known =
    /^package\/(README\.md|LICENSE|CHANGELOG\.md|package\.json|docs\/openapi\.json|dist\/(package\.json|scripts\/([a-z-]+\.mjs|node-options\.json)|(src|client\/src|lab\/(rush|checker))\/[\w/.-]+\.(js|lua|sql)|docs\/(errors|runbook)\/[a-z-]+\.md|docs\/runbook\/README\.md))$/;
  assert.deepEqual(
    files.filter((file) => !known.test(file) || /\.test\.|fake|hand-made/.test(file)),
    [],
  );
  const readAtRunTime = ['src/gate/scripts', 'src/ledger/migrations', 'docs/errors', 'docs/runbook'];
  const wanted = execFileSync('git', ['ls-files', ...readAtRunTime], { cwd: ROOT, encoding: 'utf8' })
    .trim()
    .split('\n');
  assert.deepEqual(
    wanted.filter((file) => !files.includes(`package/dist/${file}`)),
    [],
  );
  const bytes = statSync(installed.tarball).size;
  assert.ok(bytes < BYTES_MAX, `the tarball has ${bytes} bytes`);
});

test('linters of packages find nothing to say', async () => {
  const { buffer } = new Uint8Array(await readFile(installed.tarball));
  const { messages } = await publint({ pack: { tarball: buffer }, strict: true });
  assert.deepEqual(messages, []);
  await installed.run(join(ROOT, 'node_modules/.bin/attw'), ['--profile', 'esm-only', installed.tarball]);
});

interface StartedEngine {
  readonly url: string;
  readonly output: readonly string[];
  readonly child: ChildProcess;
  /** Resolves to its exit code, or the signal, when whatever it started has ended as well. */
  readonly ended: Promise<number | string>;
}

async function start(program: string, args: readonly string[]): Promise<StartedEngine> {
  const child = spawn(program, args, {
    cwd: installed.folder,
    env: installed.environment({ PORT: '0' }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const forget = endAtExit(() => child.kill('SIGKILL'));
  const ended = once(child, 'close').then(([code, signal]) => {
    forget();
    return (code ?? signal) as number | string;
  });
  const output: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (line) => {
        output.push(line);
        const address = /^Doorbuster is listening on (\S+)/.exec(line)?.[1];
        if (address !== undefined) resolve(address);
      });
    }
    void ended.then((code) => reject(new Error(`It ended with ${code}:\n${output.join('\n')}`)));
  });
  return { url, output, child, ended };
}

/** As the README has it. */
async function buyPoster(url: string): Promise<{ readonly orderPath: string; readonly token: string }> {
  const api = `${url}/api/v1`;
  const account = { email: 'anna@example.com', password: 'a long pass phrase' };
  assert.equal((await send('POST', `${api}/accounts`, { body: account })).status, 201);
  const token: string = (await send('POST', `${api}/sessions`, { body: account })).json.accessToken;
  const { json: sales } = await send('GET', `${api}/sales`);
  const drop = sales.data.find(({ name }: { name: string }) => name === 'Demo drop');
  const poster = drop.items.find(({ name }: { name: string }) => name === 'Poster');
  const placed = await send('POST', `${api}/orders`, {
    token,
    key: 'my-first-order',
    body: { saleId: drop.id, lines: [{ itemId: poster.id, quantity: 1 }] },
  });
  assert.equal(placed.status, 201, placed.text);
  const orderPath = `/api/v1/orders/${placed.json.id}`;
  const paid = await send('POST', `${url}${orderPath}/payment`, {
    token,
    key: 'my-first-payment',
    headers: { 'if-match': '"1"' },
    body: { paymentMethod: 'card_ok' },
  });
  assert.deepEqual([paid.status, paid.json.status], [200, 'confirmed'], paid.text);
  return { orderPath, token };
}

test('installed into an empty folder by npm, `npx doorbuster` starts, sells and rehearses, and SIGTERM stops it', async () => {
  const first = await start('npx', ['doorbuster']);
  assert.ok(first.output.includes(`The ledger is kept in ${join(installed.folder, 'data')} (DATA_DIR)`));
  assert.equal((await send('GET', `${first.url}/health/ready`)).status, 200);
  assert.equal((await send('GET', `${first.url}/errors/sold-out`)).status, 200);
  const { orderPath, token } = await buyPoster(first.url);
  const verdict = await installed.run('npx', ['doorbuster', 'rush', '--url', first.url, '--buyers', '200']);
  assert.match(verdict, /VERDICT: clean/);
  // npm itself dies of the signal; the engine has to hear of it all the same.
  first.child.kill('SIGTERM');
  await first.ended;
  assert.ok(
    first.output.some((line) => line.includes('"msg":"stopped"')),
    first.output.join('\n'),
  );

  // What npx runs, as a service manager would.
  const again = await start(join(installed.folder, 'node_modules/.bin/doorbuster'), ['serve']);
  assert.equal((await send('GET', `${again.url}${orderPath}`, { token })).json.status, 'confirmed');
  again.child.kill('SIGTERM');
  assert.equal(await again.ended, 0, again.output.join('\n'));
});

test('without the packaged Node, one that is too old says what to install', async () => {
  const alone = join(installed.folder, '..', 'alone');
  await cp(join(installed.folder, 'node_modules/doorbuster/dist'), alone, { recursive: true });
  // As Node 20 is in what counts: it cannot run TypeScript.
  const old = [process.execPath, ['--no-strip-types', join(alone, 'scripts/doorbuster.mjs'), '--version']] as const;
  await assert.rejects(installed.run(...old), {
    code: 1,
    stderr: /is too old, and the npm package node-\S+ brings no Node that runs here/,
  });
});

test('what the image runs starts as nobody on a read-only root, is healthy, and stops on SIGTERM as process 1', {
  skip: canMount() ? false : 'needs root on Linux',
}, async () => {
  const { command, healthCheck, environment } = readImage();
  const inPlace = (word: string) =>
    word === 'node'
      ? `${APP}/node_modules/${nodePackage}/bin/node`
      : word.replace(/^\/app\//, `${APP}/node_modules/doorbuster/`);
  const nodePackage = `node-${process.platform}-${process.arch}`;
  assert.ok(existsSync(join(installed.folder, 'node_modules', nodePackage)));
  const data = join(installed.folder, '..', 'volume');
  await mkdir(data);
  chownSync(data, 65_534, 65_534);
  chmodSync(join(installed.folder, '..'), 0o755);
  const settings = {
    ...environment,
    DATA_DIR: DATA,
    PORT: String(await freePort()),
    PUBLIC_URL: 'http://shop.example',
    TOKEN_KEYS: `2026a:${'k'.repeat(64)}`,
    OPERATOR_PASSWORD: 'a long pass phrase',
    PAYMENT_PROVIDER: 'sandbox',
    SHUTDOWN_DRAIN_MS: '0',
  };
  const folders = { app: installed.folder, data };
  const healthy = () => runReadOnly(healthCheck.map(inPlace), folders, settings).ended;
  assert.equal(await healthy(), 1, 'healthy before it runs');
  const engine = runReadOnly(command.map(inPlace), folders, settings);
  await engine.untilSays(/^Doorbuster is listening on/);
  assert.equal(await healthy(), 0, engine.output.join('\n'));
  engine.signal('SIGTERM');
  assert.equal(await engine.ended, 0, engine.output.join('\n'));
  assert.ok(existsSync(join(data, 'postgres/PG_VERSION')));
});
