import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import nodeOptions from '../../scripts/node-options.json' with { type: 'json' };
import { readConfig } from '../../src/config/config.ts';
import { SETTINGS } from '../../src/config/settings.ts';
import { promtool } from '../support/prometheus.ts';
import { readImage } from './image.ts';

// What can be said of an image and of containers without building and running them.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .trim()
  .split('\n');

/** What goes into the build, by .dockerignore: of several lines that fit, the last decides. */
function inBuildContext(file: string): boolean {
  let ignored = false;
  for (const line of read('.dockerignore').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const pattern = line.replace(/^!/, '');
    const fits = pattern === '*' || matchesGlob(file, pattern) || matchesGlob(file, `${pattern}/**`);
    if (fits) ignored = !line.startsWith('!');
  }
  return !ignored;
}

test('the image: what it copies is there, its settings are settings, it is not root', () => {
  const image = readImage();
  const copied = image.instructions
    .filter(({ name, text }) => name === 'COPY' && !text.startsWith('--from'))
    .flatMap(({ text }) => text.split(/\s+/).slice(0, -1));
  assert.ok(copied.length >= 5);
  for (const path of copied) assert.ok(path === '.' || tracked.some((each) => each.startsWith(path)), path);
  for (const name of Object.keys(image.environment)) assert.ok(name in SETTINGS, name);
  assert.equal(image.environment['NODE_ENV'], 'production');
  assert.equal(image.user, 'doorbuster');
  assert.ok(image.instructions.some(({ name, text }) => name === 'EXPOSE' && text === image.environment['PORT']));
  assert.ok(image.instructions.some(({ name, text }) => name === 'VOLUME' && text === image.environment['DATA_DIR']));
  assert.ok(image.instructions.some(({ name, text }) => name === 'STOPSIGNAL' && text === 'SIGTERM'));
  assert.match(image.healthCheck.join(' '), /\/health\/live/);
});

test('the image runs Node with the options of every other way to start the engine', () => {
  assert.deepEqual(readImage().command.slice(1, 1 + nodeOptions.length), nodeOptions);
});

test('the image keeps every package that the engine imports', () => {
  const build = readImage()
    .instructions.map(({ text }) => text)
    .join(' ');
  const removed = [...build.matchAll(/rm -rf ((?:node_modules\/\S+\s*)+)/g)].flatMap(([, paths = '']) =>
    paths.trim().split(/\s+/),
  );
  assert.ok(removed.length > 0);
  const { packages } = JSON.parse(read('package-lock.json'));
  const needed = Object.keys(packages).filter(
    (path) => !packages[path].dev && !packages[path].optional && !packages[path].link,
  );
  assert.ok(needed.includes('node_modules/node-pg-migrate'));
  for (const pattern of removed)
    assert.deepEqual(
      needed.filter((path) => matchesGlob(path, pattern)),
      [],
      pattern,
    );
});

test('the build gets what the package is built of, and no test, document of no use, secret or data', () => {
  const context = tracked.filter(inBuildContext);
  for (const needed of ['package-lock.json', '.npmrc', 'lab/package.json', 'client/package.json', 'LICENSE']) {
    assert.ok(context.includes(needed), needed);
  }
  const folders = ['src/', 'client/src/', 'docs/errors/', 'docs/runbook/', 'lab/rush/', 'lab/checker/', 'scripts/'];
  for (const file of tracked.filter((each) => folders.some((folder) => each.startsWith(folder)))) {
    assert.equal(context.includes(file), !file.endsWith('.test.ts'), file);
  }
  assert.deepEqual(
    context.filter(
      (file) => !/^(src|lab|scripts|docs\/errors|docs\/runbook)\/|^[^/]+$|^client\/(src\/|package\.json$)/.test(file),
    ),
    [],
  );
  for (const kept of [
    '.env',
    '.git/config',
    'data/postgres/PG_VERSION',
    'node_modules/pg/index.js',
    'lab/results/a.json',
  ]) {
    assert.ok(!inBuildContext(kept), kept);
  }
});

/** The text of a service of compose.yaml, with what it takes over from the anchors at the top. */
function serviceOf(name: string): string {
  const block = (head: RegExp) =>
    new RegExp(`^( *)${head.source}.*\\n((?:\\1 +.*\\n|\\n)+)`, 'm').exec(read('compose.yaml'))?.[2];
  const withAnchors = (text: string): string =>
    text.replaceAll(/<<: \*([a-z]+)$/gm, (_, anchor: string) => withAnchors(block(new RegExp(`x-${anchor}:`)) ?? ''));
  const service = block(new RegExp(`(?<=  )${name}:$`));
  assert.ok(service !== undefined, `there is no service ${name}`);
  return withAnchors(service);
}

test('compose: what it mounts is there, and what it sets for the engines are settings that start one', () => {
  const compose = read('compose.yaml');
  const mounts = [...compose.matchAll(/(\.\/[\w./-]+):\/[\w./-]+:ro/g)].map(([, path = '']) => path);
  assert.equal(mounts.length, 4);
  for (const path of mounts) assert.ok(tracked.includes(path.slice(2)), path);

  const example = parseEnv(read('deploy/example.env'));
  for (const secret of ['POSTGRES_PASSWORD', 'TOKEN_KEYS', 'OPERATOR_PASSWORD']) {
    assert.equal(example[secret], '', `${secret}: nobody runs with a secret that stands in a repository`);
  }
  const engine = /environment: &engine-environment\n((?: {4}.*\n)+)/.exec(compose)?.[1] ?? '';
  const given = Object.fromEntries(
    [...engine.matchAll(/^ {4}([A-Z_]+): "?(.*?)"?$/gm)].map(([, name = '', value = '']) => [
      name,
      value.replace(/\$\{POSTGRES_PASSWORD:[^}]*\}/, 'secret'),
    ]),
  );
  assert.ok(Object.keys(given).length >= 5);
  for (const name of [...Object.keys(given), ...Object.keys(example)]) {
    assert.ok(name in SETTINGS || name === 'POSTGRES_PASSWORD', name);
  }
  const settings = { ...example, ...readImage().environment, ...given, ROLE: 'api' };
  assert.throws(() => readConfig(settings), /TOKEN_KEYS must be set[\s\S]*OPERATOR_PASSWORD must be set/);
  const filled = { ...settings, TOKEN_KEYS: `a:${'k'.repeat(64)}`, OPERATOR_PASSWORD: 'a long pass phrase' };
  assert.equal(readConfig(filled).REDIS_URL?.kind, 'standalone');
});

test('compose: the proxy is the one that the engines trust, and finds them where they listen', () => {
  const proxy = serviceOf('proxy');
  const address = /ipv4_address: (\S+)/.exec(proxy)?.[1];
  assert.ok(address !== undefined && serviceOf('engine-1').includes(`TRUSTED_PROXIES: ${address}\n`));
  const port = readImage().environment['PORT'];
  for (const name of ['engine-1', 'engine-2']) {
    assert.ok(proxy.includes(`"${name}:${port}"`));
    assert.match(serviceOf(name), /ROLE: api/);
  }
  assert.match(serviceOf('worker'), /ROLE: worker/);
  const variables = [...proxy.matchAll(/([A-Z_\d]+): ":?[\w:-]+"/g)].map(([, name]) => name);
  assert.deepEqual(variables, ['PROXY', 'ENGINE_1', 'ENGINE_2']);
  for (const name of variables) assert.ok(read('examples/reverse-proxy/haproxy.cfg').includes(`\${${name}-`), name);
});

test('compose: every container has a read-only root and no rights that it does not need', () => {
  const [, services = ''] = read('compose.yaml').split('\nservices:\n');
  const names = [...(services.split('\nnetworks:\n')[0]?.matchAll(/^ {2}([a-z]+(?:-\d)?):$/gm) ?? [])].map(
    ([, name = '']) => name,
  );
  assert.equal(names.length, 8);
  for (const name of names) assert.match(serviceOf(name), /read_only: true[\s\S]*cap_drop: \[ALL\]/, name);
});

test('compose: Prometheus scrapes every engine, knows the rules of the example and is content with its file', () => {
  const port = /METRICS_PORT: "(\d+)"/.exec(read('compose.yaml'))?.[1];
  const targets = /targets: (\["engine.*\])/.exec(read('deploy/prometheus.yml'))?.[1] ?? '[]';
  assert.deepEqual(
    JSON.parse(targets),
    ['engine-1', 'engine-2', 'worker'].map((name) => `${name}:${port}`),
  );
  const folder = mkdtempSync('/tmp/doorbuster-prometheus-');
  try {
    cpSync(join(ROOT, 'deploy/prometheus.yml'), join(folder, 'prometheus.yml'));
    cpSync(join(ROOT, 'examples/monitoring/alerts.yml'), join(folder, 'alerts.yml'));
    const { ok, text } = promtool(['check', 'config', 'prometheus.yml'], folder);
    assert.ok(ok, text);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('systemd: the unit starts what the package installs and gives it time to stop', () => {
  const unit = read('deploy/doorbuster.service');
  const { bin } = JSON.parse(read('package.json'));
  assert.match(unit, new RegExp(`^ExecStart=/opt/doorbuster/node_modules/\\.bin/${Object.keys(bin)[0]} serve$`, 'm'));
  const seconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]);
  assert.ok(seconds * 1_000 > Number(SETTINGS.SHUTDOWN_TIMEOUT_MS.default));
  assert.ok(existsSync(join(ROOT, 'scripts/doorbuster.mjs')));
});
