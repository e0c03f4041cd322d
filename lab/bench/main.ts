/**
 * The benchmark, `npm run bench`: starts one PostgreSQL, lets the rows of rows.ts take rounds in turn on it, prints
 * a table and writes a JSON file. Linux only: CPU time is read from /proc.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { checkRatios } from './check.ts';
import { chooseRows } from './choose-rows.ts';
import { type GoalSummary, goals, summarizeGoals } from './goals.ts';
import { helpText, type Options, readOptions } from './options.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { type Redis, startRedis } from './redis.ts';
import { playInTurns } from './rounds.ts';
import type { Row } from './row.ts';
import { rows as allRows, REFERENCE } from './rows.ts';
import { type RowSummary, summarizeRow } from './summary.ts';
import { formatDisturbance, formatFigures, formatGoals, formatTable } from './table.ts';
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
  const options = readOptions(process.argv.slice(2), allRows, resolve(import.meta.dirname, '../results'));
  if (options === undefined) {
    console.log(helpText(allRows));
    return 0;
  }
  if (process.platform !== 'linux') throw new Error('The benchmark reads CPU time from /proc: it runs on Linux only.');
  const wrkVersion = provideWrk(say);
  const folder = makeFolder();
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupt.abort());
  try {
    await using postgres = await startPostgres(options.postgres, folder);
    if (options.check) {
      const place = { postgres, folder, effort: options.effort, signal: interrupt.signal };
      return (await checkRatios(allRows, place, say)) ? 0 : 1;
    }
    return await compare({ postgres, folder, signal: interrupt.signal }, options, wrkVersion);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(
  place: { postgres: Postgres; folder: string; signal: AbortSignal },
  options: Options,
  wrkVersion: string,
): Promise<number> {
  const rows = chooseRows(allRows, options.only, comparedWith);
  const startedAt = new Date();
  announce(rows, options);
  const redis = rows.some((row) => row.usesRedis) ? await tryRedis(place.folder) : undefined;
  try {
    const { rounds: count, effort, profile: profiled, resultsFolder } = options;
    const base = join(resolve(resultsFolder), startedAt.toISOString().replace(/[:.]/g, '-'));
    const profile = profiled === undefined ? undefined : { row: profiled, folder: `${base}-profiles` };
    const machine = describeMachine(place.postgres, redis, wrkVersion);
    const { rounds, failures } = await playInTurns({ ...place, redis, rounds: count, effort, profile }, rows, say);
    const summaries = rows.map((row) => summarizeRow(row, rounds, failures.get(row.name)));
    const invalid = new Set(summaries.filter((row) => !row.valid).map((row) => row.name));
    const reached = summarizeGoals(rounds, invalid);
    printReport(summaries, reached);
    mkdirSync(resultsFolder, { recursive: true });
    const results = { startedAt, machine, options, rows: summaries, goals: reached, rounds };
    writeFileSync(`${base}.json`, `${JSON.stringify(results, undefined, 2)}\n`);
    say(`Written to ${base}.json`);
    return invalid.size === 0 ? 0 : 1;
  } finally {
    if (redis !== undefined && !(redis instanceof Error)) await redis[Symbol.asyncDispose]();
  }
}

/** The rows by which a row is judged. */
function comparedWith(name: string): string[] {
  const row = allRows.find((each) => each.name === name);
  const others = goals.flatMap(({ of }) => ('over' in of && of.row === name ? of.over : []));
  return [REFERENCE, ...(row?.reference === undefined ? [] : [row.reference]), ...others];
}

/** Without Redis the rows that need it fail with the reason, and the others are measured. */
async function tryRedis(folder: string): Promise<Redis | Error> {
  try {
    return await startRedis(folder);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function announce(rows: readonly Row[], options: Options): void {
  const { warmUpSeconds, roundSeconds } = options.effort;
  const turns = rows.reduce((total, { roundsMax = options.rounds }) => total + Math.min(options.rounds, roundsMax), 0);
  // Some four seconds a turn go to the database, the start and the stop of a server, and its buyers.
  const seconds = turns * (warmUpSeconds + roundSeconds + 4);
  say(`${rows.length} rows, ${turns} turns in ${options.rounds} rounds: about ${Math.ceil(seconds / 60)} min.`);
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

function describeMachine(postgres: Postgres, redis: Redis | Error | undefined, wrkVersion: string) {
  const cores = cpus();
  return {
    cpu: cores[0]?.model,
    cores: cores.length,
    loadBefore: loadavg()[0],
    node: process.version,
    wrk: wrkVersion,
    postgres: postgres.settings,
    redis: redis === undefined || redis instanceof Error ? undefined : redis.version,
  };
}

function printReport(rows: readonly RowSummary[], reached: readonly GoalSummary[]): void {
  console.log(`\n${formatTable(rows.filter((row) => row.perSecond !== undefined))}\n`);
  for (const row of rows.filter(({ perSecond }) => perSecond === undefined)) console.log(formatFigures(row));
  console.log(`\n${formatGoals(reached.filter(({ value }) => value !== undefined))}\n`);
  const disturbance = formatDisturbance(rows);
  if (disturbance !== undefined) console.log(disturbance);
  for (const row of rows) for (const fault of row.faults) console.log(`${row.name} is invalid: ${fault}`);
}
