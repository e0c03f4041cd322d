import { type ChildProcess, execFileSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { endAtExit } from './at-exit.ts';

/** After the limit a file is asked to end, which ends what it has started, too; this much later it is killed. */
const GRACE_MS = 10_000;

/**
 * Limits the time that each process started from now on may take. The `timeout` of node:test is one of single tests:
 * a file whose tests are many, which waits outside of them or never comes back to its event loop would run on. None of
 * the processes outlives this one.
 *
 * Returns what lifts the limit.
 */
export function limitProcesses(limitMs: number): () => void {
  const limit = (message: unknown) => {
    const { process: child } = message as { readonly process: ChildProcess };
    const asked = setTimeout(() => {
      process.stderr.write(`${child.spawnargs.at(-1)} took more than ${limitMs / 1_000} s and is ended.\n`);
      child.kill('SIGTERM');
    }, limitMs);
    const killed = setTimeout(() => killTree(child), limitMs + GRACE_MS);
    const forget = endAtExit(() => child.kill('SIGTERM'));
    child.once('exit', () => {
      forget();
      clearTimeout(asked);
      clearTimeout(killed);
    });
  };
  subscribe('child_process', limit);
  return () => unsubscribe('child_process', limit);
}

/** kill -9 of a process and of all that it started. */
function killTree({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  for (const each of [pid, ...descendantsOf(pid)]) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

function descendantsOf(pid: number): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const processes = table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found = [pid];
  // What is found while this runs is looked at in its turn.
  for (const parent of found) {
    for (const [child = 0, itsParent] of processes) if (itsParent === parent) found.push(child);
  }
  return found.slice(1);
}
