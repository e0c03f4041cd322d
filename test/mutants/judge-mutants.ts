import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { endAtExit } from '../support/at-exit.ts';
import { copyTree, plant } from './copy-tree.ts';
import type { Edit, Mutant } from './mutants.ts';

/** Each is a test run with stores of its own, on a machine of two cores. */
const AT_ONCE = 2;

/** Several times what the longest of the named tests takes. */
const RUN_MS_MAX = 5 * 60_000;

export type Verdict =
  /** The named test failed because of it. */
  | 'caught'
  /** The named test passed all the same. */
  | 'SURVIVED'
  /** The named test does not pass, or does not exist, without the mutant. */
  | 'NO PROOF'
  /** Something else failed before the named test ran, or it did not end in time. */
  | 'NOT RUN';

export interface Judged {
  readonly mutant: Mutant;
  readonly verdict: Verdict;
  readonly seconds: number;
  /** What the test run printed where the mutant was not caught. */
  readonly output: string;
}

interface TestRun {
  readonly passed: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
  readonly seconds: number;
  readonly output: string;
}

/**
 * Judges mutants, each in a copy of the tree of its own, two at a time. First the named tests run without any mutant,
 * file by file: a test that fails anyway catches nothing. `onJudged` hears of each at once.
 */
export async function judgeMutants(
  mutants: readonly Mutant[],
  onJudged: (judged: Judged) => void = () => undefined,
): Promise<Judged[]> {
  const files = Map.groupBy(mutants, ({ caughtBy }) => caughtBy.file);
  const judged: Judged[] = [];
  const take = limited(AT_ONCE);
  const works = [...files].map(async ([file, ofFile]) => {
    const tests = [...new Set(ofFile.map(({ caughtBy }) => caughtBy.test))];
    const without = await take(() => runTests([], file, tests));
    const judge = async (mutant: Mutant) => {
      const each = await judgeMutant(mutant, without, take);
      judged.push(each);
      onJudged(each);
    };
    await Promise.all(ofFile.map(judge));
  });
  await Promise.all(works);
  return judged;
}

async function judgeMutant(mutant: Mutant, without: TestRun, take: ReturnType<typeof limited>): Promise<Judged> {
  const { file, test } = mutant.caughtBy;
  if (without.failed.has(test) || !without.passed.has(test)) {
    return { mutant, verdict: 'NO PROOF', seconds: without.seconds, output: without.output };
  }
  const { failed, passed, seconds, output } = await take(() => runTests(mutant.edits, file, [test]));
  if (failed.has(test)) return { mutant, verdict: 'caught', seconds, output: '' };
  return { mutant, verdict: passed.has(test) ? 'SURVIVED' : 'NOT RUN', seconds, output };
}

/** Runs some tests of a file in a copy of the tree with a defect in it. */
async function runTests(edits: readonly Edit[], file: string, tests: readonly string[]): Promise<TestRun> {
  const copy = await copyTree();
  try {
    await plant(copy.folder, edits);
    const startedAt = performance.now();
    const pattern = `^(${tests.map((test) => RegExp.escape(test)).join('|')})$`;
    const args = ['test/run.ts', file, '--name-pattern', pattern];
    const child = spawn(process.execPath, args, {
      cwd: copy.folder,
      env: testEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: RUN_MS_MAX,
    });
    const forget = endAtExit(() => child.kill('SIGTERM'));
    const printed: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed.push(text);
        // All is known: what the file does afterwards is not waited for. Where a test fails, that may take long.
        const { passed, failed } = readReport(printed.join(''));
        if (tests.every((test) => passed.has(test) || failed.has(test))) child.kill('SIGTERM');
      });
    }
    await once(child, 'close');
    forget();
    const seconds = (performance.now() - startedAt) / 1_000;
    return { ...readReport(printed.join('')), seconds, output: printed.join('') };
  } finally {
    await copy.remove();
  }
}

/** A test run inside of another: what the outer one told its files is not meant for the inner one. */
function testEnvironment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const own = Object.entries(env).filter(([name]) => !name.startsWith('TEST_'));
  return { ...Object.fromEntries(own), NO_COLOR: '1' };
}

/** A line of the runner's report: a mark, the test's name, and what it took. */
const REPORTED = /^\s*(✔|✖) (.*) \([\d.]+ms\)$/;

function readReport(printed: string): Pick<TestRun, 'passed' | 'failed'> {
  const passed = new Set<string>();
  const failed = new Set<string>();
  for (const line of stripVTControlCharacters(printed).split('\n')) {
    const [, mark, name] = REPORTED.exec(line) ?? [];
    if (name !== undefined) (mark === '✔' ? passed : failed).add(name);
  }
  return { passed, failed };
}

/** Lets at most so many of the works that it is given be under way at once; the others wait, in their order. */
function limited(atOnce: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let free = atOnce;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
