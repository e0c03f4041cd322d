import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { endAtExit } from './at-exit.ts';

/** How long a killed server may take until it is gone. */
const PATIENCE_MS = 10_000;

/** A folder for an engine's embedded PostgreSQL. */
export interface DataFolder {
  readonly path: string;
  /** Kills the PostgreSQL that may still run in it, and removes it. */
  remove(): Promise<void>;
}

/** Makes a data folder. Its PostgreSQL outlives an engine that was killed, but not this process. */
export async function createDataFolder(): Promise<DataFolder> {
  const parent = await mkdtemp('/tmp/doorbuster-data-');
  const path = join(parent, 'data');
  const remove = () => rmSync(parent, { recursive: true, force: true, maxRetries: 10 });
  const forget = endAtExit(() => {
    killServer(path);
    remove();
  });
  return {
    path,
    async remove() {
      await killEmbeddedPostgres(path);
      remove();
      forget();
    },
  };
}

/** kill -9 of the PostgreSQL that an engine runs in its data folder, and waits until it is gone. */
export async function killEmbeddedPostgres(dataDir: string): Promise<void> {
  const pid = killServer(dataDir);
  const deadline = Date.now() + PATIENCE_MS;
  while (pid !== undefined && isAlive(pid)) {
    if (Date.now() > deadline) throw new Error(`PostgreSQL (process ${pid}) survived kill -9.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The process id of the server that was killed; undefined when none ran. */
function killServer(dataDir: string): number | undefined {
  const pid = serverOf(dataDir);
  if (pid === undefined || !isAlive(pid)) return undefined;
  // The server leads a group of its own.
  process.kill(-pid, 'SIGKILL');
  return pid;
}

function serverOf(dataDir: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'), 10);
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !isZombie(pid);
}

/** Whether a process is dead and only its parent has not asked how it ended; on Linux, elsewhere that is not known. */
function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
