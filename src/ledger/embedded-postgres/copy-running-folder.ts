import { copyFile, mkdir, open, opendir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';

/** Made anew by a server that starts; the folders themselves must be there. */
const CONTENT_NOT_COPIED = new Set([
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
  'pgsql_tmp',
]);

/** They speak of the server that runs in the original. */
const NOT_COPIED = new Set(['postmaster.pid', 'postmaster.opts']);

const SLOT = 'doorbuster_backup';

/**
 * Copies the data folder of a server that goes on working, to a state that a server can start from: all that was
 * committed before this resolves to it. The low-level base backup of PostgreSQL's manual (§ "Continuous Archiving",
 * "Making a Base Backup Using the Low Level API"), with the write-ahead log that it needs inside, as `pg_basebackup
 * --wal-method=fetch` does.
 *
 * @param client a connection to that server, its owner's, used for nothing else meanwhile
 * @param target an empty folder
 */
export async function copyRunningFolder(
  client: Client,
  folder: string,
  target: string,
  onCopied: (files: number) => void,
): Promise<void> {
  // Keeps the log from the start on; gone with the connection, however that ends.
  await client.query('SELECT pg_create_physical_replication_slot($1, true, true)', [SLOT]);
  try {
    const started = await client.query<{ segment: string }>(
      "SELECT pg_walfile_name(pg_backup_start('doorbuster', true)) AS segment",
    );
    let files = 0;
    await copyContent(folder, target, () => onCopied(++files));
    const stopped = await client.query<{ segment: string; labelfile: string }>(
      'SELECT pg_walfile_name(lsn) AS segment, labelfile FROM pg_backup_stop(false)',
    );
    const [first, last] = [started.rows[0], stopped.rows[0]];
    if (first === undefined || last === undefined)
      throw new Error('PostgreSQL did not say which log the backup needs.');
    await writeFile(join(target, 'backup_label'), last.labelfile, { flush: true });
    await copyLog(join(folder, 'pg_wal'), join(target, 'pg_wal'), first.segment, last.segment);
  } finally {
    await client.query('SELECT pg_drop_replication_slot($1)', [SLOT]).catch(() => undefined);
  }
}

/** Files that are removed meanwhile belong to tables that are gone; the log tells the restored server the same. */
async function copyContent(folder: string, target: string, copied: () => void): Promise<void> {
  for await (const entry of await opendir(folder)) {
    const [from, to] = [join(folder, entry.name), join(target, entry.name)];
    if (NOT_COPIED.has(entry.name)) continue;
    if (entry.isDirectory()) {
      await mkdir(to, { recursive: true, mode: 0o700 });
      if (!CONTENT_NOT_COPIED.has(entry.name)) await copyContent(from, to, copied);
    } else if (entry.isFile()) {
      await copyDurably(from, to).then(copied, ignoreMissing);
    }
  }
}

/** Names of segments of one timeline sort by their place. */
async function copyLog(folder: string, target: string, first: string, last: string): Promise<void> {
  await mkdir(join(target, 'archive_status'), { mode: 0o700 });
  for (const name of await readdir(folder)) {
    if (!/^[0-9A-F]{24}$/.test(name) || name < first || name > last) continue;
    await copyDurably(join(folder, name), join(target, name));
  }
}

async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  const handle = await open(to, 'r+');
  await handle.sync().finally(() => handle.close());
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
