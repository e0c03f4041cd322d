/**
 * The benchmark, `npm run bench`: starts one PostgreSQL, lets the rows of rows.ts take rounds in turn on it, prints
 * a table and writes a JSON file. Linux only: CPU time is read from /proc.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { helpText, type Options, readOptions } from './options.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { playInTurns } from './rounds.ts';
import { rows as allRows, REFERENCE, type Row } from './rows.ts';
import { type RowSummary, summarizeGoals, summarizeRow } from './summary.ts';
import { formatDisturbance, formatGoal, formatTable } from './table.ts';
import { provideWrk } from './wrk.ts';

/** f_type of a file system in memory (statfs(2)), where fsync costs nothing and a figure means nothing. */
const TMPFS_MAGIC = 0x01021994;

const say = (line: string) => console.error(line);

try {
  process.exitCode = await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

/** Answers the exit code: 1 when a row failed or is invalid. A goal that is missed is a result, not a failure. */
async function main(): Promise<number> {
  const names = allRows.map((row) => row.name);
  const options = readOptions(process.argv.slice(2), names, resolve(import.meta.dirname, '../results'));
  if (options === undefined) {
    console.log(helpText(names));
    return 0;
  }
  if (process.platform !== 'linux') throw new Error('The benchmark reads CPU time from /proc: it runs on Linux only.');
  const wrkVersion = provideWrk(say);
  const rows = allRows.filter((row) => row.name === REFERENCE || (options.only?.includes(row.name) ?? true));
  return measure(rows, options, wrkVersion);
}

async function measure(rows: readonly Row[], options: Options, wrkVersion: string): Promise<number> {
  const startedAt = new Date();
  announce(rows, options);
  const folder = makeFolder();
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupt.abort());
  try {
    await using postgres = await startPostgres(options.postgres, folder);
    const machine = describeMachine(postgres, wrkVersion);
    const arena = { postgres, folder, options, signal: interrupt.signal };
    const { rounds, failures } = await playInTurns(arena, rows, say);
    const summaries = rows.map((row) => summarizeRow(row, rounds, failures.get(row.name)));
    const goals = summarizeGoals(rounds, summaries);
    printReport(summaries, goals.map(formatGoal));
    const file = writeResults(options.resultsFolder, startedAt, {
      startedAt,
      machine,
      options,
      rows: summaries,
      goals,
      rounds,
    });
    say(`Written to ${file}`);
    return summaries.every((row) => row.valid) ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function announce(rows: readonly Row[], options: Options): void {
  // Some two seconds a round go to the database, the start and the stop of a server.
  const seconds = rows.length * options.rounds * (options.warmUpSeconds + options.roundSeconds + 2);
  say(`${rows.length} rows in ${options.rounds} rounds: about ${Math.ceil(seconds / 60)} min.`);
  const busy = loadavg()[0] ?? 0;
  if (busy > 0.5) say(`The machine is not idle (load ${busy.toFixed(1)}): take the ratios with care.`);
}

/** On a disk: where the temporary folder lies in memory, /var/tmp is taken. Open to the user PostgreSQL runs as. */
function makeFolder(): string {
  const base = statfsSync(tmpdir()).type === TMPFS_MAGIC ? '/var/tmp' : tmpdir();
  const folder = mkdtempSync(join(base, 'doorbuster-bench-'));
  chmodSync(folder, 0o711);
  return folder;
}

function describeMachine(postgres: Postgres, wrkVersion: string) {
  const cores = cpus();
  return {
    cpu: cores[0]?.model,
    cores: cores.length,
    loadBefore: loadavg()[0],
    node: process.version,
    wrk: wrkVersion,
    postgres: postgres.settings,
  };
}

function printReport(rows: readonly RowSummary[], goals: readonly string[]): void {
  console.log(`\n${formatTable(rows)}\n`);
  for (const goal of goals) console.log(goal);
  const disturbance = formatDisturbance(rows);
  if (disturbance !== undefined) console.log(disturbance);
  for (const row of rows) for (const fault of row.faults) console.log(`${row.name} is invalid: ${fault}`);
}

function writeResults(folder: string, startedAt: Date, results: unknown): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${startedAt.toISOString().replace(/[:.]/g, '-')}.json`);
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
  return file;
}
