import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { endAtExit } from './at-exit.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The npm package of the engine, packed and installed where nothing else is. */
export interface InstalledPackage {
  /** The tarball that a registry would get. */
  readonly tarball: string;
  /** An own folder, in which `npm install` was run with the tarball. */
  readonly folder: string;
  /** Runs a program in that folder to its end. @throws with its output when it fails */
  run(program: string, args: readonly string[]): Promise<string>;
  /** What the surroundings of a stranger's terminal are, with these settings. */
  environment(settings?: Readonly<Record<string, string>>): NodeJS.ProcessEnv;
  remove(): void;
}

/**
 * Packs the engine by npm and installs it, with what it depends on, from npm's cache as far as that has it. A user that is
 * not this one can read it.
 */
export async function installPackage(): Promise<InstalledPackage> {
  const parent = await mkdtemp('/tmp/doorbuster-package-');
  const removeFolder = () => rmSync(parent, { recursive: true, force: true, maxRetries: 10 });
  const forget = endAtExit(removeFolder);
  // As people name their folders.
  const folder = join(parent, "Anna's shop & café");
  await mkdir(folder);
  const run = async (program: string, args: readonly string[], cwd = folder) => {
    const options = { cwd, env: environment(), maxBuffer: 16 * 1024 * 1024 };
    const { stdout, stderr } = await promisify(execFile)(program, args, options);
    return stdout + stderr;
  };
  await run('npm', ['pack', '--silent', '--pack-destination', parent], ROOT);
  const name = (await readdir(parent)).find((each) => each.endsWith('.tgz'));
  if (name === undefined) throw new Error('npm packed nothing.');
  const tarball = join(parent, name);
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', tarball]);
  return {
    tarball,
    folder,
    run,
    environment,
    remove() {
      removeFolder();
      forget();
    },
  };
}

/** Neither settings of an engine nor what npm tells the scripts of this repository. */
function environment(settings: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const npmSettings = Object.entries(process.env).filter(([name]) => /^npm_config_(?!local_prefix|prefix)/i.test(name));
  return { PATH: process.env['PATH'], HOME: process.env['HOME'], ...Object.fromEntries(npmSettings), ...settings };
}
