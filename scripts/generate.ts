import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { SETTINGS } from '../src/config/settings.ts';
import { TRANSITIONS } from '../src/domain/order-transitions.ts';
import { STEP_TERMS_DEFAULT } from '../src/domain/sale-terms.ts';
import { migrate } from '../src/ledger/migrate.ts';
import { createMetrics } from '../src/operations/metrics.ts';
import { installPackages } from '../test/support/debian-packages.ts';
import { startEngine } from '../test/support/engine.ts';
import { createPostgres, findSystemPostgres } from '../test/support/postgres.ts';
import { describeClient } from './describe-client.ts';
import { drawOrderStates } from './draw-order-states.ts';
import { linkProofs } from './link-proofs.ts';

/**
 * Writes the committed files that are made from the code: the OpenAPI document, the schema of the ledger, the list of
 * settings, the metrics, the states of an order, and what the client takes from the document.
 * With --check it writes nothing and fails when one of them is not what the code makes.
 */

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const root = fileURLToPath(new URL('..', import.meta.url));

/** pg_dump writes a version's own dialect; the committed dump is of this one. */
const SCHEMA_POSTGRES_MAJOR = 15;

installPackages(['postgresql']);
const postgres = await createPostgres();
const stale: string[] = [];
try {
  await keep('docs/configuration.md', describeSettings());
  await keep('docs/metrics.md', await describeMetrics());
  await keep('docs/promises.md', await linkProofs(root));
  await keep('docs/order-states.md', drawOrderStates(TRANSITIONS, STEP_TERMS_DEFAULT));
  const url = postgres.url('postgres');
  await migrate({ connectionString: url }, (message) => process.stderr.write(`${message}\n`));
  await keep('src/ledger/schema.sql', await dumpSchema(url));
  const openApi = await describeApi(url);
  await keep('docs/openapi.json', openApi);
  const client = await describeClient(openApi);
  await keep('client/src/api.ts', client.types);
  await keep('client/src/operations.ts', client.operations);
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
empty variable counts as absent. Made from \`src/config/settings.ts\` by \`npm run generate\`; do not edit.

| setting | default | meaning |
|---|---|---|
${rows.join('\n')}
`;
}

async function describeMetrics(): Promise<string> {
  const metrics = createMetrics({
    build: { version: '', role: '' },
    waitingOrders: () => 0,
    databaseConnections: () => ({ total: 0, idle: 0, waiting: 0 }),
    untold: () => 0,
    droppedSpans: () => 0,
    duties: () => [],
    ledgerState: async () => undefined,
  });
  const rows = (await metrics.describe()).map(({ name, type, labels, help }) => {
    const shown = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${shown} | ${help} |`;
  });
  return `# Metrics

\`GET /metrics\` in Prometheus' text format. Made from the code by \`npm run generate\`; do not edit.

Where they are: with \`METRICS_PORT\` on a listener of its own, \`METRICS_HOST\` (by default 127.0.0.1), together with
\`/health/…\`; else with \`METRICS_TOKEN\` on the public port for who sends \`Authorization: Bearer\` with it; else in
development on a loopback address only. With both, the listener wants the token.

- Each process tells of itself: sum counters and histograms over the processes.
- What the ledger knows (\`doorbuster_item_units\`, \`doorbuster_item_capacity_units\`, \`doorbuster_open_orders\`,
  \`doorbuster_outbox_events\`, \`doorbuster_outbox_oldest_seconds\`, \`doorbuster_dead_letters\`, \`doorbuster_payment_jobs\`) is the
  same in all of them: take the maximum. It is read once a second at most, however many ask, and is absent while the ledger
  does not answer within a second.
- No label has values that a client can make up; what is not known beforehand is counted as \`other\`.
- Counting takes about 0.3 µs of CPU for an order of a rush and 0.8 µs for one alone; nothing of it is sampled. A scrape takes
  some 3 ms.
- There are also the usual \`process_…\` and \`nodejs_…\` metrics: CPU, memory, open files, event loop lag, garbage collection.

| metric | type | labels | meaning |
|---|---|---|---|
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
