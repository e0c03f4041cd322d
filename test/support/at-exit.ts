import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

/** How to end what this process has started and must not leave behind. Synchronous: nothing else runs at exit. */
const endings = new Set<() => void>();

process.once('exit', () => {
  for (const end of endings) {
    try {
      end();
    } catch {
      // It has ended by itself; the others still have to be.
    }
  }
});

// By default a signal ends the process without 'exit'. The limit on a test file is a SIGTERM.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}

/** Sees to it that something is ended when this process exits. Call what it returns when it has ended before that. */
export function endAtExit(end: () => void): () => void {
  endings.add(end);
  return () => endings.delete(end);
}

/** Kills a child, if it is still there, when this process exits. Resolves to its exit code when it has ended. */
export async function endOf(child: ChildProcess): Promise<number | null> {
  const forget = endAtExit(() => child.kill('SIGKILL'));
  const [code] = await once(child, 'exit');
  forget();
  return code;
}
