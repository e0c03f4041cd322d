import { access, cp, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { openDatabase } from './database.ts';
import { copyRunningFolder } from './embedded-postgres/copy-running-folder.ts';
import { EmbeddedPostgresError } from './embedded-postgres/embedded-postgres-error.ts';
import type { BinariesChoice, Log } from './embedded-postgres/postgres-binaries.ts';
import { findMajorVersion } from './embedded-postgres/postgres-folder.ts';
import { findServer } from './embedded-postgres/running-server.ts';
import { createWhole } from './embedded-postgres/unfinished-folder.ts';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import { renewLedgerId } from './ledger-id.ts';

/** The embedded ledger, and which PostgreSQL may run on it. */
export interface EmbeddedLedger {
  readonly dataDir: string;
  readonly binaries: BinariesChoice;
  readonly log: Log;
}

/**
 * Copies the embedded ledger to the folder `target`, which must not be there yet and comes to be whole or not at all.
 * An engine that runs on the ledger goes on selling; everything that it answered before this began is in the copy.
 *
 * @throws EmbeddedPostgresError with a message for the one who makes the backup
 */
export async function backUpEmbeddedLedger(
  ledger: EmbeddedLedger,
  target: string,
  onCopied: (files: number) => void,
): Promise<void> {
  const folder = join(resolve(ledger.dataDir), 'postgres');
  if ((await findMajorVersion(folder)) === undefined) throw unusable(`There is no ledger in ${ledger.dataDir}.`);
  if (await exists(target)) throw unusable(`${target} is there already. A backup goes into a new folder.`);
  await mkdir(dirname(resolve(target)), { recursive: true });
  // Without a running engine there is no server to copy from either.
  const own = (await findServer(folder).then(release)) === 'absent' ? await startEmbeddedPostgres(ledger) : undefined;
  try {
    const server = await findServer(folder);
    if (typeof server === 'string') throw unusable(`The PostgreSQL in ${folder} starts or stops just now. Try again.`);
    const copy = (unfinished: string) => copyRunningFolder(server.client, folder, unfinished, onCopied);
    await createWhole(resolve(target), copy).finally(() => server.client.end());
  } finally {
    await own?.stop();
  }
}

/**
 * Puts a backup in the place of a ledger that is not there. The restored ledger gets a new id, so that nothing that
 * Redis or another process remembers of the old one counts for it. Killed in between, it leaves no ledger.
 *
 * @throws EmbeddedPostgresError with a message for the one who restores
 */
export async function restoreEmbeddedLedger(ledger: EmbeddedLedger, backup: string): Promise<void> {
  const folder = join(resolve(ledger.dataDir), 'postgres');
  if (!(await exists(join(backup, 'backup_label')))) throw unusable(`${backup} is no backup of an embedded ledger.`);
  if ((await findMajorVersion(folder)) !== undefined) {
    throw unusable(`${ledger.dataDir} has a ledger already. Move it away, or restore into another DATA_DIR.`);
  }
  const unfinished = join(resolve(ledger.dataDir), `restoring-${process.pid}`);
  try {
    await mkdir(unfinished, { recursive: true });
    await cp(backup, join(unfinished, 'postgres'), { recursive: true });
    const server = await startEmbeddedPostgres({ ...ledger, dataDir: unfinished });
    try {
      await renewId({ ...server.connection, ssl: false });
    } finally {
      await server.stop();
    }
    await rm(folder, { recursive: true, force: true });
    await rename(join(unfinished, 'postgres'), folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function renewId(connection: Parameters<typeof openDatabase>[0]['connection']): Promise<void> {
  const database = openDatabase({
    connection,
    poolSize: 1,
    applicationName: 'doorbuster restore',
    onError: () => undefined,
  });
  try {
    await renewLedgerId(database);
  } finally {
    await database.close();
  }
}

/** Ends the connection to a server that was only looked for. */
async function release(found: Awaited<ReturnType<typeof findServer>>): Promise<'running' | 'busy' | 'absent'> {
  if (typeof found === 'string') return found;
  await found.client.end();
  return 'running';
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function unusable(message: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError('folder-not-usable', message);
}
