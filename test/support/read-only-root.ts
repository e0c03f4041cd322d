import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { endOf } from './at-exit.ts';

/** Mounts need root. */
export const canMount = (): boolean => process.platform === 'linux' && process.getuid?.() === 0;

/** As a container with a read-only root has it: nothing may be written but a volume and a /tmp in memory. */
const SCRIPT = `
set -e
mount --bind "$APP" /opt
mount -o remount,bind,ro /opt
mount --bind "$DATA" /srv
mount -o remount,bind,ro /
mount -t tmpfs tmpfs /tmp
exec setpriv --reuid=nobody --regid=nogroup --clear-groups --no-new-privs "$@"
`;

/** Where the program finds the folder `app`, and where `data`. */
export const APP = '/opt';
export const DATA = '/srv';

/** A program that runs as the first process of namespaces of its own, as nobody, without a right to write. */
export interface ContainedProcess {
  readonly output: readonly string[];
  /** Resolves to the exit code. */
  readonly ended: Promise<number | null>;
  /** Waits for a line of its output. */
  untilSays(pattern: RegExp): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

export function runReadOnly(
  command: readonly string[],
  folders: { readonly app: string; readonly data: string },
  environment: Readonly<Record<string, string>>,
): ContainedProcess {
  const namespaces = ['--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];
  const child = spawn('unshare', [...namespaces, 'sh', '-c', SCRIPT, 'sh', ...command], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', APP: folders.app, DATA: folders.data, ...environment },
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = endOf(child);
  const output: string[] = [];
  return {
    output,
    ended,
    untilSays: listenFor(child, output, ended),
    signal(signal) {
      const [first = ''] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ');
      process.kill(Number(first), signal);
    },
  };
}

function listenFor(child: ChildProcess, output: string[], ended: Promise<unknown>): ContainedProcess['untilSays'] {
  const waiting = new Map<RegExp, () => void>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      output.push(line);
      for (const [pattern, heard] of waiting) if (pattern.test(line)) heard();
    });
  }
  return async (pattern) => {
    if (output.some((line) => pattern.test(line))) return;
    const heard = new Promise<void>((resolve) => waiting.set(pattern, resolve));
    const silent = ended.then((code) => {
      throw new Error(`It ended with ${code} before it said ${pattern}:\n${output.join('\n')}`);
    });
    await Promise.race([heard, silent]);
  };
}
