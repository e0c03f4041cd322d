import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import process from 'node:process';

/** What the tests drive, by Debian's packages, with a program of each. Services of the packages are never used. */
const PROGRAMS = {
  postgresql: '/usr/lib/postgresql/*/bin/postgres',
  'redis-server': '/usr/bin/redis-server',
  'redis-sentinel': '/usr/bin/redis-sentinel',
  haproxy: '/usr/sbin/haproxy',
  prometheus: '/usr/bin/prometheus',
  'prometheus-alertmanager': '/usr/bin/prometheus-alertmanager',
  openssl: '/usr/bin/openssl',
  chromium: '/usr/bin/chromium',
  libfaketime: '/usr/lib/*/faketime/libfaketimeMT.so.1',
} as const;

export type DebianPackage = keyof typeof PROGRAMS;

/** Installs those that are missing, all at once. Needs root, or sudo without a password. */
export function installPackages(names: readonly DebianPackage[] = Object.keys(PROGRAMS) as DebianPackage[]): void {
  const missing = names.filter((name) => !existsSync(PROGRAMS[name]) && globSync(PROGRAMS[name]).length === 0);
  if (missing.length === 0) return;
  process.stderr.write(`Installing what the tests need (apt-get install ${missing.join(' ')}) …\n`);
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '--non-interactive'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', ...missing],
  ]) {
    const [program = '', ...rest] = [...asRoot, 'apt-get', ...args];
    execFileSync(program, rest, { stdio: ['ignore', 'ignore', 'inherit'], env });
  }
}
