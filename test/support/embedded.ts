import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** kill -9 of the PostgreSQL that an engine runs in its data folder, and waits until it is gone. */
export async function killEmbeddedPostgres(dataDir: string): Promise<void> {
  const [line = ''] = (await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n');
  const pid = Number(line);
  // The server leads a group of its own.
  process.kill(-pid, 'SIGKILL');
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
