import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { endAtExit } from './at-exit.ts';

/** What `npm run example` starts. */
const RUN_EXAMPLE = fileURLToPath(new URL('../../scripts/run-example.ts', import.meta.url));

const PATIENCE_MS = 60_000;

/** An example as a process of its own. */
export interface RunningExample {
  /** Everything it wrote so far, to standard output and standard error. */
  output(): string;
  /** Resolves with what fits in its output as soon as that is there. @throws with the output when it ends without it */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  /** Its exit code, null after a signal, when it has ended. */
  readonly ended: Promise<number | null>;
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>;
}

/** Runs `npm run example <name>`, with these settings alone. It does not outlive this process. */
export function startExample(name: string, settings: Readonly<Record<string, string>> = {}): RunningExample {
  return startProgram([RUN_EXAMPLE, name], { settings });
}

/** Runs Node with these arguments, as a user would in this folder. */
export function startProgram(
  args: readonly string[],
  { settings, cwd }: { settings: Readonly<Record<string, string>>; cwd?: string },
): RunningExample {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...settings };
  const child = spawn(process.execPath, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const forget = endAtExit(() => child.kill('SIGKILL'));
  const looking = new Set<() => void>();
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const look of looking) look();
    });
  }
  // 'close' comes when the output has been read to its end, too.
  const ended = once(child, 'close').then(([code]) => {
    forget();
    return code as number | null;
  });
  return {
    output: () => output,
    until(pattern) {
      return new Promise((resolve, reject) => {
        const fail = (why: string) => settle(() => reject(new Error(`${why}, and no ${pattern} in:\n${output}`)));
        const timer = setTimeout(() => fail('Too much time has passed'), PATIENCE_MS);
        const look = () => {
          const found = pattern.exec(output);
          if (found !== null) settle(() => resolve(found));
        };
        function settle(how: () => void): void {
          clearTimeout(timer);
          looking.delete(look);
          how();
        }
        looking.add(look);
        void ended.then(() => fail('The example has ended'));
        look();
      });
    },
    ended,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
