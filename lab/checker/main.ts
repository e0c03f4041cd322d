import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { checkHistory } from './check-history.ts';
import { findFinalState, parseHistory, sortHistory } from './history.ts';

const USAGE = `node lab/checker/main.ts FILE [--sold-out-bound-ms N] [--partial]

Judges the record of a rehearsal (npm run rush -- --history FILE) once more and prints each broken
promise as a JSON line. --partial: the run was broken off, so unanswered orders are no fault.
Exit code: 0 nothing broken, 1 something broken, 2 no record to judge.
`;

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      options: { 'sold-out-bound-ms': { type: 'string', default: '0' }, partial: { type: 'boolean', default: false } },
      allowPositionals: true,
    });
    const [file] = positionals;
    if (file === undefined) throw new Error(USAGE);
    const records = parseHistory(await readFile(file, 'utf8'));
    const final = findFinalState(records);
    if (final === undefined) throw new Error(`${file} does not hold the final state: the run did not get that far`);
    const settings = { soldOutBoundMs: Number(values['sold-out-bound-ms']), complete: !values.partial };
    const found = checkHistory(sortHistory(records), final, settings);
    process.stdout.write(found.map((violation) => `${JSON.stringify(violation)}\n`).join(''));
    process.stderr.write(`${records.length} records judged, ${found.length} promises broken\n`);
    return found.length === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
}
