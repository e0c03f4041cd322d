import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The package as npm would publish it, installed in a folder with nothing else. */
export interface PackedClient {
  /** Where a consumer's files go. */
  readonly folder: string;
  readonly tarball: string;
  /** Where the package itself lies. */
  readonly installed: string;
  remove(): Promise<void>;
}

const CLIENT = fileURLToPath(new URL('../../client/', import.meta.url));

/** Of the runner's environment npm would take the project for the consumer. */
const ENVIRONMENT = { PATH: process.env['PATH'], HOME: process.env['HOME'] };

/** Builds, packs and installs the client, without a network. */
export async function packClient(): Promise<PackedClient> {
  const folder = await mkdtemp(join(tmpdir(), 'doorbuster-client-'));
  await run('npm', ['pack', '--offline', '--pack-destination', folder], { cwd: CLIENT, env: ENVIRONMENT });
  const tarball = join(folder, (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? 'none');
  await writeFile(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }');
  const install = ['install', '--offline', '--no-audit', '--no-fund', tarball];
  await run('npm', install, { cwd: folder, env: ENVIRONMENT });
  return {
    folder,
    tarball,
    installed: join(folder, 'node_modules/doorbuster-client'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The examples of the client's manual in one language, in their order. */
export async function readExamples(language: 'js' | 'ts'): Promise<string[]> {
  const manual = await readFile(join(CLIENT, 'README.md'), 'utf8');
  return Array.from(manual.matchAll(/^```(\w+)\n(.*?)^```$/gms))
    .filter(([, name]) => name === language)
    .map(([, , code = '']) => code);
}
