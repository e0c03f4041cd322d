import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { findFreePort } from './free-port.ts';

/** A server under test in its own process. */
export interface ServerProcess {
  pid: number;
  /** `http://host:port`, as the server has printed it. */
  url: string;
  /** Lets it finish what it has accepted and end; kills it when that takes too long. Throws then, and if it had ended before. */
  stop(): Promise<void>;
}

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 20_000;

const root = resolve(import.meta.dirname, '../..');

/**
 * Runs a source file of this repository and waits until it prints the address it listens on. It sees PATH, PORT
 * and `settings`, and nothing else of this process's environment. `nodeArguments` come before the file. Throws with the
 * end of its output when it ends first.
 */
export async function startServer(
  file: string,
  settings: Readonly<Record<string, string>>,
  nodeArguments: readonly string[] = [],
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [...nodeArguments, file], {
    cwd: root,
    env: { PATH: process.env['PATH'], PORT: String(await findFreePort()), ...settings },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = keepOutput(child);
  try {
    const url = await output.address;
    return { pid: child.pid ?? 0, url, stop: () => stop(child, output.tail) };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** Reads all that the server prints (a full pipe would hold it up) and remembers the end of it. */
function keepOutput(child: ChildProcess): { address: Promise<string>; tail: string[] } {
  const tail: string[] = [];
  const address = new Promise<string>((found, failed) => {
    const fail = (why: string) => failed(new Error([why, ...tail].join('\n')));
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface(stream).on('line', (line) => {
        tail.push(line);
        if (tail.length > 30) tail.shift();
        const match = /listening on (http:\/\/\S+)/.exec(line);
        if (match?.[1] !== undefined) found(match[1]);
      });
    }
    child.once('error', failed);
    child.once('exit', (code) => fail(`The server ended with ${code} before it listened:`));
    AbortSignal.timeout(START_DEADLINE_MS).addEventListener('abort', () => fail('The server did not start in time:'));
  });
  return { address, tail };
}

async function stop(child: ChildProcess, tail: readonly string[]): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    throw new Error(['The server ended by itself:', ...tail].join('\n'));
  }
  const ended = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(timer);
  if (child.signalCode === 'SIGKILL') throw new Error(['The server did not stop in time:', ...tail].join('\n'));
}
