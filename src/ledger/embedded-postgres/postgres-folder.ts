import { chmod, chown, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { openFolderFor, runAs, type ServerUser } from './server-user.ts';
import { createWhole, processExists, removeUnfinished } from './unfinished-folder.ts';

/** The role that owns everything in an embedded ledger. */
export const DATABASE_USER = 'doorbuster';

/** The major version that made a data folder; undefined where there is none yet. */
export async function findMajorVersion(folder: string): Promise<number | undefined> {
  const version = await readFile(join(folder, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version !== undefined) return Number(version.trim());
  const content = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (content.length === 0) return undefined;
  throw new EmbeddedPostgresError(
    'folder-not-usable',
    `${folder} is not empty, and not a data folder of PostgreSQL either. Move it away or choose another DATA_DIR.`,
  );
}

/**
 * Makes the data folder. UTF-8 and the C locale: text is compared by code point everywhere, and an upgrade of the
 * system's C library cannot reorder an index. Checksums: a page that the disk spoiled is an error, not an order.
 */
export async function createFolder(
  folder: string,
  binaries: PostgresBinaries,
  user: ServerUser | undefined,
): Promise<void> {
  await removeUnfinished(folder);
  await createWhole(folder, async (unfinished) => {
    if (user) await chown(unfinished, user.uid, user.gid);
    const access = await openFolderFor(user, unfinished);
    // The socket lies in a folder of the server's user alone, so whoever reaches it may connect; nothing else may.
    const options = ['--auth-local=trust', '--auth-host=reject', '--encoding=UTF8', '--no-locale', '--data-checksums'];
    const { exitCode, output } = await runAs(
      user,
      join(binaries.folder, 'initdb'),
      [`--pgdata=${access.path}`, `--username=${DATABASE_USER}`, ...options, '--no-instructions'],
      access.descriptor,
    ).finally(access.close);
    if (exitCode !== 0) {
      throw new EmbeddedPostgresError('start-failed', `initdb could not make ${folder}:\n${output.trim()}`);
    }
  });
}

/** As root: gives a folder that root restored from a copy back to the server's user. */
export async function ensureOwner(folder: string, user: ServerUser | undefined): Promise<void> {
  if (!user || (await stat(folder)).uid === user.uid) return;
  await runAs(undefined, 'chown', ['-R', `${user.uid}:${user.gid}`, folder]);
  await chmod(folder, 0o700);
}

/** What a server writes into its data folder, in `postmaster.pid`. */
export interface PostmasterFile {
  readonly pid: number;
  /** Absent in the first moments. */
  readonly socketFolder: string | undefined;
  readonly port: number;
  readonly ready: boolean;
}

/** Reads which server runs in a folder, or ran there until it was killed. */
export async function findPostmasterFile(folder: string): Promise<PostmasterFile | undefined> {
  const text = await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => undefined);
  // Line by line: pid, data folder, start, port, socket folder, TCP address, shared memory, state (miscadmin.h).
  const lines = text?.split('\n').map((line) => line.trim());
  const pid = Math.abs(Number(lines?.[0] || Number.NaN));
  if (!lines || !Number.isSafeInteger(pid)) return undefined;
  return { pid, socketFolder: lines[4] || undefined, port: Number(lines[3]), ready: lines[7] === 'ready' };
}

/** Whether this process is a PostgreSQL that is not merely waiting to be reaped. Elsewhere than on Linux: whether it exists. */
export async function isLivePostgres(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return processExists(pid);
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return /^\d+ \(postgres\) [^ZX]/.test(status);
}

/**
 * After a power failure or in a restarted container the id in `postmaster.pid` may be that of an unrelated process
 * of the same user, and PostgreSQL would refuse to start for ever. It takes its parent's id for stale, so that is put
 * in its place; the file stays, because PostgreSQL also reads from it whether old server processes still live.
 */
export async function disownStaleLock(folder: string): Promise<void> {
  const file = await findPostmasterFile(folder);
  if (!file || !processExists(file.pid) || (await isLivePostgres(file.pid))) return;
  const path = join(folder, 'postmaster.pid');
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace(/^.*/, String(process.pid)));
}
