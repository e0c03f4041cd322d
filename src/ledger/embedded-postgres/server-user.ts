import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import process from 'node:process';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';

/** The user that PostgreSQL runs as when the engine runs as root. PostgreSQL itself refuses to run as root. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

const UNPRIVILEGED_USERS = ['postgres', 'nobody'];

/** Nothing of the engine's own environment reaches PostgreSQL: PGDATA, PGOPTIONS, LANG and TZ would change what it does. */
export const SERVER_ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

const COMMAND_TIMEOUT_MS = 120_000;

/** Where a program finds a folder: by its path, or as an open descriptor that it inherits as number 3. */
export interface FolderAccess {
  readonly path: string;
  readonly descriptor: number | 'ignore';
  close(): void;
}

/** Runs a program to its end as the server's user. Rejects when it cannot be run at all (ENOENT, EACCES, EPERM). */
export function runAs(
  user: ServerUser | undefined,
  file: string,
  args: readonly string[],
  descriptor: FolderAccess['descriptor'] = 'ignore',
): Promise<{ exitCode: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      ...user,
      cwd: '/',
      env: SERVER_ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'pipe', descriptor],
    });
    // Not spawn's own time-out: its timer outlives a program that could not be run, and keeps this process alive.
    const timer = setTimeout(() => child.kill(), COMMAND_TIMEOUT_MS).unref();
    let output = '';
    const append = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout?.on('data', append);
    child.stderr?.on('data', append);
    child.once('error', reject);
    child.once('close', (exitCode) => {
      clearTimeout(timer);
      resolve({ exitCode, output });
    });
  });
}

async function findUser(name: string): Promise<ServerUser | undefined> {
  const [uid, gid] = await Promise.all([runAs(undefined, 'id', ['-u', name]), runAs(undefined, 'id', ['-g', name])]);
  if (uid.exitCode !== 0 || gid.exitCode !== 0) return undefined;
  return { uid: Number(uid.output), gid: Number(gid.output) };
}

async function findUnprivilegedUser(): Promise<ServerUser> {
  for (const name of UNPRIVILEGED_USERS) {
    const user = await findUser(name);
    if (user) return ensureUsable(name, user);
  }
  throw new EmbeddedPostgresError(
    'start-failed',
    `PostgreSQL refuses to run as root, and this machine has none of the users ${UNPRIVILEGED_USERS.join(', ')} to run it as. ` +
      'Start the engine as an ordinary user, or set DATABASE_URL.',
  );
}

/** Root in a container may lack the right to become another user. */
async function ensureUsable(name: string, user: ServerUser): Promise<ServerUser> {
  try {
    await runAs(user, 'true', []);
    return user;
  } catch (error) {
    throw new EmbeddedPostgresError(
      'start-failed',
      `PostgreSQL refuses to run as root, and this root may not run it as ${name} (${String(error)}). ` +
        'Start the engine as an ordinary user, or set DATABASE_URL.',
      { cause: error },
    );
  }
}

/**
 * The user to run PostgreSQL as; undefined means the engine's own. A folder that exists keeps its owner, so that
 * a user `postgres` that appears later on the machine does not lock the engine out of its data.
 */
export async function chooseServerUser(folder: string): Promise<ServerUser | undefined> {
  const engineUid = process.getuid?.();
  const owner = await stat(folder).catch(() => undefined);
  if (engineUid !== 0) {
    if (!owner || owner.uid === engineUid) return undefined;
    throw new EmbeddedPostgresError(
      'folder-not-usable',
      `${folder} belongs to the user with uid ${owner.uid}, but the engine runs with uid ${engineUid}. ` +
        'Start it as that user or as root, or choose another DATA_DIR.',
    );
  }
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : findUnprivilegedUser();
}

/**
 * Opens a folder of the server's user for it. Under a folder that only root may enter (/root, say) the path is of
 * no use to that user; a descriptor that root opened is, as /proc/self/fd/3. So the data stays where it was asked
 * for. Close it when the program is started.
 */
export async function openFolderFor(user: ServerUser | undefined, folder: string): Promise<FolderAccess> {
  const byPath: FolderAccess = { path: folder, descriptor: 'ignore', close: () => {} };
  if (!user) return byPath;
  const reached = await runAs(user, 'sh', ['-c', 'test -x "$0"', folder]);
  if (reached.exitCode === 0) return byPath;
  if (process.platform !== 'linux') {
    throw new EmbeddedPostgresError(
      'folder-not-usable',
      `PostgreSQL runs with uid ${user.uid}, which cannot enter ${folder}. ` +
        'Choose a DATA_DIR that it can reach, or start the engine as an ordinary user.',
    );
  }
  const descriptor = openSync(folder, 'r');
  return { path: '/proc/self/fd/3', descriptor, close: () => closeSync(descriptor) };
}
