/**
 * Runs one of the project's TypeScript files: `node scripts/run.mjs <file.ts> [arguments]`.
 *
 * Plain JavaScript without dependencies, for Node 20 and newer, because it comes before everything else: it installs
 * the dependencies when the lock file asks for others, and hands over to a Node that runs TypeScript by itself (the npm
 * packages node-<platform>-<arch> bring one).
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { exitLike, fail, handOver, runChild, StartError } from './hand-over.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const STAMP = join(ROOT, 'node_modules', '.installed-for');

const INSTALL_POLL_MS = 200;

function digest(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Names the installation that is needed: the lock file's content, for this platform. */
function neededStamp() {
  const lock = readFileSync(join(ROOT, 'package-lock.json'));
  return digest(lock, `${process.platform}-${process.arch}`);
}

function installedStamp() {
  return existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : undefined;
}

function processExists(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Two installations at once would remove each other's files. A lock whose process is gone counts for nothing. */
async function lockInstallation() {
  const path = join(tmpdir(), `doorbuster-install-${digest(ROOT, String(process.getuid?.())).slice(0, 16)}.lock`);
  for (let told = false; ; ) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      process.once('exit', () => rmSync(path, { force: true }));
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
    if (owner > 0 && !processExists(owner)) rmSync(path, { force: true });
    else if (!told) process.stderr.write('Waiting for another start that installs the dependencies…\n');
    told = true;
    await delay(INSTALL_POLL_MS);
  }
}

/** Install scripts are not needed, so none run. Development and optional packages are: the tests, Node and PostgreSQL. */
const NPM_CI = [
  'ci',
  '--ignore-scripts',
  '--include=dev',
  '--include=optional',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
];

/** The npm that started this script, else the one on the PATH. */
function npmCommand() {
  const npm = process.env.npm_execpath;
  if (npm?.endsWith('npm-cli.js')) return { file: process.execPath, args: [npm, ...NPM_CI], options: {} };
  return { file: 'npm', args: NPM_CI, options: { shell: process.platform === 'win32' } };
}

async function ensureInstalled() {
  const needed = neededStamp();
  if (installedStamp() === needed) return;
  const unlock = await lockInstallation();
  if (installedStamp() !== needed) {
    const reason = existsSync(STAMP) ? 'the lock file has changed' : 'first start';
    process.stderr.write(`Installing dependencies (${reason})…\n`);
    const { file, args, options } = npmCommand();
    // What npm prints is no output of the program.
    const ended = await runChild(file, args, { ...options, cwd: ROOT, stdio: ['ignore', 2, 2] });
    if (ended.signal) exitLike(ended);
    if (ended.code !== 0) throw new StartError(`npm ci failed with exit code ${ended.code}; its messages are above.`);
    writeFileSync(STAMP, needed);
  }
  unlock();
}

async function main() {
  const [file, ...args] = process.argv.slice(2);
  if (file === undefined) throw new StartError('Usage: node scripts/run.mjs <file.ts> [arguments]');
  await ensureInstalled();
  await handOver(resolve(ROOT, file), args);
}

main().catch(fail);
