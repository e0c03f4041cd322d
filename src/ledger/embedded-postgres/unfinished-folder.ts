import { mkdtempSync } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';

/** The temporary folders of this process. Any other with its id is of a process before it: a container's ids start anew. */
const inProgress = new Set<string>();

/**
 * A folder that comes to be whole or not at all: it is filled under a temporary name beside its place and renamed
 * at the end, so that a kill in between leaves nothing that looks finished. `fill` gets the temporary folder.
 * Resolves to false if another process put one in its place first; that one stays.
 */
export async function createWhole(target: string, fill: (unfinished: string) => Promise<void>): Promise<boolean> {
  // In one step, so that nothing else in this process sees the folder before it is known as one in progress.
  const unfinished = mkdtempSync(`${target}.new-${process.pid}-`);
  inProgress.add(basename(unfinished));
  try {
    await fill(unfinished);
    await rename(unfinished, target);
    await flushFolder(dirname(target));
    return true;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw error;
  } finally {
    inProgress.delete(basename(unfinished));
  }
}

/** Removes what killed processes left of earlier tries; the process that is at it is in the name. */
export async function removeUnfinished(target: string): Promise<void> {
  const prefix = `${basename(target)}.new-`;
  for (const entry of await readdir(dirname(target)).catch(() => [])) {
    if (!entry.startsWith(prefix) || inProgress.has(entry)) continue;
    const pid = Number.parseInt(entry.slice(prefix.length), 10);
    if (pid === process.pid || !processExists(pid)) {
      await rm(join(dirname(target), entry), { recursive: true, force: true });
    }
  }
}

/** Whether a process has this id, whoever owns it. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** A rename is on disk only when its folder is. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
