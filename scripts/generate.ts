import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { SETTINGS } from '../src/config.ts';
import { TRANSITIONS } from '../src/domain/order-transitions.ts';
import { STEP_TERMS_DEFAULT } from '../src/domain/sale-terms.ts';
import { migrate } from '../src/ledger/migrate.ts';
import { startEngine } from '../test/support/engine.ts';
import { createPostgres, findSystemPostgres, installPostgres } from '../test/support/postgres.ts';
import { drawOrderStates } from './draw-order-states.ts';

/**
 * Writes the committed files that are made from the code: the OpenAPI document, the schema of the ledger, the list of
 * settings, the states of an order.
 * With --check it writes nothing and fails when one of them is not what the code makes.
 */

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const root = fileURLToPath(new URL('..', import.meta.url));

/** pg_dump writes a version's own dialect; the committed dump is of this one. */
const SCHEMA_POSTGRES_MAJOR = 15;

await installPostgres();
const postgres = await createPostgres();
const stale: string[] = [];
try {
  await keep('docs/configuration.md', describeSettings());
  await keep('docs/order-states.md', drawOrderStates(TRANSITIONS, STEP_TERMS_DEFAULT));
  const url = postgres.url('postgres');
  await migrate({ connectionString: url }, (message) => process.stderr.write(`${message}\n`));
  await keep('src/ledger/schema.sql', await dumpSchema(url));
  await keep('docs/openapi.json', await describeApi(url));
} finally {
  await postgres.remove();
}
if (stale.length > 0) {
  process.stderr.write(`Not what the code makes: ${stale.join(', ')}. Run npm run generate and commit.\n`);
  process.exitCode = 1;
}

async function keep(path: string, content: string | undefined): Promise<void> {
  if (content === undefined) return;
  const file = join(root, path);
  const before = await readFile(file, 'utf8').catch(() => '');
  if (before === content) return;
  if (values.check) stale.push(path);
  else await writeFile(file, content);
  if (!values.check) process.stdout.write(`wrote ${path}\n`);
}

function describeSettings(): string {
  const rows = Object.entries(SETTINGS).map(([name, { default: value, describe }]) => {
    const shown = value === null ? '' : `\`${value}\``;
    return `| \`${name}\` | ${shown} | ${describe} |`;
  });
  return `# Configuration

Settings are environment variables. All of them are checked before the engine listens, and all faults are told at once; an
empty variable counts as absent. Made from \`src/config.ts\` by \`npm run generate\`; do not edit.

| setting | default | meaning |
|---|---|---|
${rows.join('\n')}
`;
}

async function dumpSchema(url: string): Promise<string | undefined> {
  const binaries = (await findSystemPostgres()) ?? '';
  const run = promisify(execFile);
  const { stdout: version } = await run(join(binaries, 'pg_dump'), ['--version']);
  if (!version.includes(` ${SCHEMA_POSTGRES_MAJOR}.`)) {
    process.stderr.write(`NOT CHECKED: schema.sql, which needs pg_dump ${SCHEMA_POSTGRES_MAJOR}; here is ${version}`);
    return undefined;
  }
  const args = ['--schema-only', '--no-owner', '--no-privileges', url];
  const { stdout } = await run(join(binaries, 'pg_dump'), args, { maxBuffer: 16 * 1024 * 1024 });
  const statements = stdout
    .split('\n')
    .filter((line) => line !== '' && !/^(--|SET |SELECT pg_catalog\.set_config|\\(un)?restrict)/.test(line));
  return `-- The schema that the migrations make. Made by npm run generate; do not edit.\n${statements.join('\n')}\n`;
}

async function describeApi(url: string): Promise<string> {
  const engine = await startEngine({ DATABASE_URL: url });
  try {
    const response = await fetch(`${engine.url}/openapi.json`);
    return `${JSON.stringify(await response.json(), null, 2)}\n`;
  } finally {
    await engine.stop();
  }
}
