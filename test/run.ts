import { glob } from 'node:fs/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { migrate } from '../src/ledger/migrate.ts';
import { serverUrl, TEMPLATE_DATABASE } from './support/database.ts';
import { createPostgres, installPostgres } from './support/postgres.ts';

/** Test files at once: as many as the machine of the project has cores. */
const CONCURRENCY = 2;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { prove: { type: 'boolean', default: false }, 'name-pattern': { type: 'string' } },
});

await installPostgres();
const postgres = await createPostgres();
process.env['TEST_POSTGRES_URL'] = postgres.url('postgres');
process.env['TEST_SCALE'] = values.prove ? 'full' : 'short';
try {
  process.exitCode = await runTests();
} finally {
  await postgres.remove();
}

/** Runs the files and prints the runner's own report; the exit code. */
async function runTests(): Promise<number> {
  const admin = serverUrl('postgres');
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: admin });
  await client.connect();
  await client.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`);
  await client.end();
  await migrate({ connectionString: serverUrl(TEMPLATE_DATABASE) }, (message) => process.stderr.write(`${message}\n`));

  const files =
    positionals.length > 0 ? positionals : await Array.fromAsync(glob('{src,lab,test,scripts}/**/*.test.ts'));
  let failed = false;
  const stream = run({
    files: files.sort(),
    concurrency: CONCURRENCY,
    ...(values['name-pattern'] === undefined ? {} : { testNamePatterns: [values['name-pattern']] }),
  });
  stream.on('test:fail', () => {
    failed = true;
  });
  stream.compose(spec).pipe(process.stdout);
  await new Promise<void>((resolve) => {
    stream.on('end', () => resolve());
  });
  return failed ? 1 : 0;
}
