import { writeFile } from 'node:fs/promises';
import { findsEngine, startEngine } from './engine-process.ts';
import { type Environment, parseCommandLine, type RushOptions } from './options.ts';
import { showProgress } from './progress.ts';
import { createRecorder } from './recorder.ts';
import { type RehearsalOptions, rehearse } from './rehearsal.ts';
import type { Tally } from './tally.ts';
import { formatVerdict, makeVerdict } from './verdict.ts';

/** Exit codes; the usage text explains them. */
const CLEAN = 0;
const BROKEN = 1;
const NOT_RUN = 2;
const BROKEN_OFF = 130;

/** Rehearses as the command line asks and prints the verdict. @returns the exit code */
export async function rush(args: readonly string[], env: Environment): Promise<number> {
  const parsed = parseCommandLine(args, env);
  if (parsed.kind === 'faults') {
    process.stderr.write(`${parsed.faults.join('\n')}\ndoorbuster rush --help shows the options.\n`);
    return NOT_RUN;
  }
  const stop = stopOnSignal();
  try {
    const engine = await chooseEngine(parsed.options, env);
    try {
      return await run(engine.urls, parsed.options, stop);
    } finally {
      await engine.stop();
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return NOT_RUN;
  }
}

/** The first Ctrl-C or SIGTERM asks for an early end; a second one ends at once. */
function stopOnSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      if (controller.signal.aborted) process.exit(BROKEN_OFF);
      controller.abort();
      process.stderr.write('\nNo more orders are sent; reading the books …\n');
      process.once(signal, () => process.exit(BROKEN_OFF));
    });
  }
  return controller.signal;
}

interface Engine {
  readonly urls: RehearsalOptions['urls'];
  stop(): Promise<void>;
}

async function chooseEngine(options: RushOptions, env: Environment): Promise<Engine> {
  const [first, ...others] = options.urls;
  const stop = async () => undefined;
  if (first !== undefined) {
    for (const url of options.urls) {
      if (!(await findsEngine(url))) throw new Error(`no Doorbuster engine answers at ${url}`);
    }
    return { urls: [first, ...others], stop };
  }
  const usual = `http://127.0.0.1:${env['PORT'] ?? 3000}`;
  if (await findsEngine(usual)) return { urls: [usual], stop };
  process.stderr.write('No engine is running; starting one on a temporary data folder …\n');
  const started = await startEngine(options);
  return { urls: [started.url], stop: started.stop };
}

async function run(urls: Engine['urls'], options: RushOptions, stop: AbortSignal): Promise<number> {
  const { buyers, ordersPerBuyer, concurrency, seed } = options;
  process.stderr.write(`Rehearsal on ${urls.join(', ')}: ${buyers} buyers, ${concurrency} connections, seed ${seed}\n`);
  const recorder = await createRecorder(options.historyFile);
  let endProgress = () => {};
  const watch = {
    recorder,
    stop,
    onStart: (tally: Tally) => {
      endProgress = showProgress(tally, process.stderr);
    },
    onEnd: () => endProgress(),
  };
  const rehearsal = await rehearse({ ...options, urls }, watch).finally(async () => {
    endProgress();
    await recorder.close();
  });
  const verdict = makeVerdict(rehearsal);
  process.stdout.write(formatVerdict(verdict, process.stdout.hasColors?.() ?? false));
  if (options.jsonFile !== undefined) {
    const report = { ...verdict, urls, seed, buyers, ordersPerBuyer, concurrency };
    await writeFile(options.jsonFile, `${JSON.stringify(report, null, 2)}\n`);
  }
  if (verdict.verdict === 'broken') return BROKEN;
  return verdict.interrupted ? BROKEN_OFF : CLEAN;
}
