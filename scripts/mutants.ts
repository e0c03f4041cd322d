import { parseArgs, styleText } from 'node:util';
import { type Judged, judgeMutants } from '../test/mutants/judge-mutants.ts';
import { MUTANTS } from '../test/mutants/mutants.ts';

/**
 * Plants deliberate defects in copies of the source, one at a time, and shows that a named test catches each:
 * `npm run mutants [-- <name> …]`. Fails when one survives, or when its test fails without it.
 */

const { positionals } = parseArgs({ allowPositionals: true });
const unknown = positionals.filter((name) => !MUTANTS.some((mutant) => mutant.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `No such mutant: ${unknown.join(', ')}. There are: ${MUTANTS.map(({ name }) => name).join(', ')}.\n`,
  );
  process.exit(2);
}
const chosen = positionals.length === 0 ? MUTANTS : MUTANTS.filter(({ name }) => positionals.includes(name));

const startedAt = performance.now();
const judged = await judgeMutants(chosen, ({ mutant, verdict, output }) => {
  process.stderr.write(`${mutant.name}: ${verdict}\n`);
  if (verdict !== 'caught') process.stderr.write(`${output}\n`);
});
process.stdout.write(`\n${tableOf(judged)}\n`);
const caught = judged.filter(({ verdict }) => verdict === 'caught').length;
const seconds = Math.round((performance.now() - startedAt) / 1_000);
process.stdout.write(`\n${caught} of ${chosen.length} mutants caught in ${seconds} s.\n`);
process.exit(caught === chosen.length ? 0 : 1);

/** In the order of the list. */
function tableOf(all: readonly Judged[]): string {
  const rows = chosen.flatMap((mutant) => {
    const found = all.find((each) => each.mutant === mutant);
    if (found === undefined) return [];
    const { file, test } = mutant.caughtBy;
    return [[mutant.name, found.verdict, found.seconds.toFixed(1), mutant.breaks, `${file}: ${test}`]];
  });
  const [name, verdict, time] = [0, 1, 2].map((column) => Math.max(8, ...rows.map((row) => row[column]?.length ?? 0)));
  return [['mutant', 'verdict', 'seconds', 'what it breaks, and the test that must catch it', ''], ...rows]
    .map(([first = '', second = '', third = '', breaks = '', test = '']) => {
      const head = `${first.padEnd(name ?? 0)}  ${second.padEnd(verdict ?? 0)}  ${third.padStart(time ?? 0)}`;
      const shown = second === 'caught' || second === 'verdict' ? head : styleText('red', head);
      return `${shown}  ${breaks}${test === '' ? '' : `\n${' '.repeat(head.length)}    ${test}`}`;
    })
    .join('\n');
}
