import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { runDoorbuster } from '../support/doorbuster.ts';
import { createStage } from '../support/stage.ts';

const COMMANDS = [
  ...['serve', 'rush', 'check-config', 'migrate', 'backup', 'restore', 'renew-ledger-id', 'token'],
  ...['sale create', 'sale list', 'sale show', 'sale pause', 'sale resume', 'stock set', 'stock adjust'],
  ...['order list', 'order show'],
  ...['dead-letter list', 'dead-letter show', 'dead-letter redrive', 'dead-letter discard'],
];

test('every command is in the help and has a help of its own', async () => {
  const { exitCode, stdout } = await runDoorbuster(['--help'], {});
  assert.equal(exitCode, 0);
  const named = [...stdout.matchAll(/^ {2}([a-z-]+(?: [a-z]+)?) {2,}\S/gm)].map(([, name]) => name);
  assert.deepEqual(named, COMMANDS);
  for (const name of COMMANDS) {
    const own = await runDoorbuster([...name.split(' '), '--help'], { DATABASE_URL: 'not an address' });
    assert.equal(own.exitCode, 0, own.stderr);
    assert.match(own.stdout, new RegExp(`^Usage: doorbuster \\[?${name}`));
    assert.match(own.stdout, /\n$/);
  }
});

test('a word that several commands begin with has a help of these, and does nothing alone', async () => {
  const help = await runDoorbuster(['sale', '--help'], {});
  assert.equal(help.exitCode, 0);
  assert.match(help.stdout, /^Usage: doorbuster sale <what>/);
  assert.match(help.stdout, /\n {2}sale create .*\n {2}sale list /);
  assert.doesNotMatch(help.stdout, /^ {2}(order|backup)/m);
  for (const [args, why] of [
    [['sale'], /There is no command "sale"/],
    [['sale', 'crate'], /There is no command "sale crate"/],
    [['sale', '--json'], /There is no command "sale --json"/],
  ] as const) {
    const { exitCode, stdout, stderr } = await runDoorbuster(args, {});
    assert.deepEqual([exitCode, stdout], [2, '']);
    assert.match(stderr, why);
    assert.match(stderr, /\n {2}sale create /);
  }
});

test('--version tells the version of the API', async () => {
  const { exitCode, stdout } = await runDoorbuster(['--version'], {});
  assert.deepEqual([exitCode, /^\d+\.\d+\.\d+\n$/.test(stdout)], [0, true], stdout);
});

test('what nobody can mean ends with 2, says why and shows the usage', async () => {
  const cases: [args: string[], why: RegExp][] = [
    [['bakup', '/tmp/x'], /There is no command "bakup"/],
    [['toString'], /There is no command "toString"/],
    [['backup'], /<folder> is missing/],
    [['backup', 'one', 'two'], /"two" is too much/],
    [['migrate', 'now'], /"now" is too much/],
    [['check-config', '--jsn'], /Unknown option '--jsn'\./],
    [['--port', '80'], /Unknown option '--port'\./],
  ];
  for (const [args, why] of cases) {
    const { exitCode, stdout, stderr } = await runDoorbuster(args, {});
    assert.deepEqual([exitCode, stdout], [2, ''], args.join(' '));
    assert.match(stderr, why);
    assert.match(stderr, /Usage: doorbuster/);
  }
});

test('migrate brings a schema up to date once, tells what it did, and needs no other setting', async (t) => {
  const database = await createStage(t).database();
  await database.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  const settings = { DATABASE_URL: database.url, NODE_ENV: 'production' };
  const first = await runDoorbuster(['migrate'], settings);
  assert.equal(first.exitCode, 0, first.stderr);
  const files = (await readdir(new URL('../../src/ledger/migrations', import.meta.url))).sort();
  const said = files.map((file) => `ran ${file.replace('.sql', '')}\n`).join('');
  assert.equal(first.stdout, `${said}The schema is up to date now.\n`);
  const again = await runDoorbuster(['migrate'], settings);
  assert.deepEqual([again.exitCode, again.stdout], [0, 'The schema was up to date.\n']);
});

test('a ledger that cannot be reached is told in a sentence, without the password', async () => {
  const away = { DATABASE_URL: 'postgres://anna:hunter2hunter2@localhost:1/doorbuster' };
  for (const command of ['migrate', 'renew-ledger-id']) {
    const { exitCode, stderr } = await runDoorbuster([command], away);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^\nPostgreSQL at DATABASE_URL: .*ECONNREFUSED/);
    assert.doesNotMatch(stderr, /hunter2|\n {4}at /);
    const unset = await runDoorbuster([command], {});
    assert.deepEqual([unset.exitCode, unset.stderr.includes('DATABASE_URL is not set.')], [1, true]);
  }
});

test('check-config shows settings, warnings and faults for people and for programs, and no secret', async () => {
  const settings = {
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://anna:hunter2hunter2@db/doorbuster',
    TOKEN_KEYS: `2026a:${'s'.repeat(32)}`,
    OPERATOR_PASSWORD: 'correct horse battery',
    PAYMENT_PROVIDER: 'sandbox',
    PORT: '8080',
  };
  const good = await runDoorbuster(['check-config', '--json'], settings);
  assert.equal(good.exitCode, 0, good.stdout);
  const { settings: shown, faults, warnings } = JSON.parse(good.stdout);
  const state = (name: string) => shown.find((each: { name: string }) => each.name === name);
  assert.deepEqual(state('PORT'), { name: 'PORT', value: '8080', from: 'environment' });
  assert.deepEqual(state('RATE_LIMIT_PER_USER'), { name: 'RATE_LIMIT_PER_USER', value: '600/60', from: 'default' });
  assert.deepEqual(state('REDIS_URL'), { name: 'REDIS_URL', value: null, from: 'default' });
  assert.deepEqual(faults, []);
  assert.ok(warnings.some((warning: string) => warning.startsWith('PAYMENT_PROVIDER=sandbox')));

  const bad = await runDoorbuster(['check-config'], { ...settings, PORT: 'http', TOKEN_KEYS: '' });
  assert.equal(bad.exitCode, 1);
  assert.match(bad.stdout, /Set in the environment\n[\s\S]* {2}PORT +http\n/);
  assert.match(bad.stdout, /Wrong\n {2}- PORT must be .*\n {2}- TOKEN_KEYS must be set/);
  for (const { stdout } of [good, bad]) assert.doesNotMatch(stdout, /hunter2|sssss|correct horse/);
});
