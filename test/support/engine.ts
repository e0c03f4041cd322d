import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endOf } from './at-exit.ts';

/** An engine process of the tests' own. */
export interface TestEngine {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  readonly pid: number;
  /** Everything it wrote to standard output and standard error so far, line by line. */
  readonly output: readonly string[];
  /** Resolves when it has ended, with its exit code, or null after a signal. */
  readonly ended: Promise<number | null>;
  /** Asks it to stop (SIGTERM) and waits; the exit code, null when it took so long that it was killed. */
  stop(): Promise<number | null>;
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>;
}

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const START_TIMEOUT_MS = 60_000;
/** Twice as long as an engine takes before it forces its own end. */
const STOP_TIMEOUT_MS = 30_000;

/**
 * Starts an engine and waits until it listens. Settings are environment variables; the port is a free one. Beside a
 * PostgreSQL it gets the Redis of the test run, unless told otherwise (`REDIS_URL: ''` means none). It does not outlive
 * this process.
 */
export async function startEngine(settings: Readonly<Record<string, string>>): Promise<TestEngine> {
  const child = spawn(process.execPath, [CLI, 'serve'], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      NODE_ENV: 'test',
      LOG_LEVEL: 'warn',
      PORT: '0',
      ...(settings['DATABASE_URL'] === undefined ? {} : { REDIS_URL: process.env['TEST_REDIS_URL'] }),
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = endOf(child);
  const output: string[] = [];
  const url = await listeningAddress(child, output);
  return {
    url,
    pid: child.pid ?? 0,
    output,
    ended,
    async stop() {
      child.kill('SIGTERM');
      const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      return ended.finally(() => clearTimeout(impatience));
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function listeningAddress(child: ChildProcess, output: string[]): Promise<string> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('The engine was started without its output.');
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`The engine ${reason}:\n${output.join('\n')}`));
    };
    const timer = setTimeout(() => fail('did not listen in time'), START_TIMEOUT_MS);
    const failOnExit = (code: number | null) => fail(`ended with ${code} before it listened`);
    child.once('exit', failOnExit);
    createInterface({ input: stderr }).on('line', (line) => output.push(line));
    createInterface({ input: stdout }).on('line', (line) => {
      output.push(line);
      const url = /Doorbuster is listening on (http\S+)/.exec(line)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      child.off('exit', failOnExit);
      resolve(url);
    });
  });
}
