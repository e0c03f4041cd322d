import { glob } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { migrate } from '../src/ledger/migrate.ts';
import { serverUrl, TEMPLATE_DATABASE } from './support/database.ts';
import { installPackages } from './support/debian-packages.ts';
import { limitProcesses } from './support/file-limit.ts';
import { createPostgres } from './support/postgres.ts';
import { createRedis } from './support/redis.ts';

/** Test files at once: as many as the machine of the project has cores. */
const CONCURRENCY = 2;

/** Where the tests are. */
const FOLDERS = ['src', 'client', 'lab', 'test', 'scripts'];

/** How long one test and one file may take, several times what they need. Past it they are ended and have failed. */
const LIMITS_MS = {
  short: { test: 4 * 60_000, file: 5 * 60_000 },
  full: { test: 16 * 60_000, file: 20 * 60_000 },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { prove: { type: 'boolean', default: false }, 'name-pattern': { type: 'string' } },
});

installPackages();
const postgres = await createPostgres();
process.env['TEST_POSTGRES_URL'] = postgres.url('postgres');
const redis = await createRedis();
process.env['TEST_REDIS_URL'] = redis.url;
const scale = values.prove ? 'full' : 'short';
process.env['TEST_SCALE'] = scale;
let exitCode = 1;
try {
  exitCode = await runTests();
} finally {
  await Promise.all([postgres.remove(), redis.remove()]);
}
// Whatever a file left open in this process must not keep it.
process.exit(exitCode);

/** Runs the files and prints the runner's own report; the exit code. */
async function runTests(): Promise<number> {
  const admin = serverUrl('postgres');
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: admin });
  await client.connect();
  await client.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`);
  await client.end();
  await migrate({ connectionString: serverUrl(TEMPLATE_DATABASE) }, (message) => process.stderr.write(`${message}\n`));

  const files = (await Promise.all((positionals.length > 0 ? positionals : FOLDERS).map(filesOf))).flat();
  if (files.length === 0) throw new Error(`There is no test in ${positionals.join(', ')}.`);
  let failed = false;
  const liftLimit = limitProcesses(LIMITS_MS[scale].file);
  const stream = run({
    files: files.sort(),
    concurrency: CONCURRENCY,
    timeout: LIMITS_MS[scale].test,
    ...(values['name-pattern'] === undefined ? {} : { testNamePatterns: [values['name-pattern']] }),
  });
  stream.on('test:fail', () => {
    failed = true;
  });
  await pipeline(stream.compose(spec), process.stdout, { end: false });
  liftLimit();
  return failed ? 1 : 0;
}

/** The test files of a folder; a file is itself. */
async function filesOf(path: string): Promise<string[]> {
  return path.endsWith('.ts') ? [path] : Array.fromAsync(glob(`${path}/**/*.test.ts`));
}
