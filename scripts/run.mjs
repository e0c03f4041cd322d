/**
 * Runs one of the project's TypeScript files: `node scripts/run.mjs <file.ts> [arguments]`.
 *
 * Plain JavaScript without dependencies, for Node 20 and newer, because it comes before everything else: it installs
 * the dependencies when the lock file asks for others, finds a Node that runs TypeScript by itself (the npm packages
 * node-<platform>-<arch> bring one), and hands over to it with its terminal, signals and exit code.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const STAMP = join(ROOT, 'node_modules', '.installed-for');
const WINDOWS = process.platform === 'win32';

/** How Node runs the engine, here and wherever else it is started: docs/decisions/0018-a-small-heap.md. */
const NODE_OPTIONS = JSON.parse(readFileSync(join(ROOT, 'scripts', 'node-options.json'), 'utf8'));

/** How long a signal may take to arrive at all processes that it was sent to. */
const SIGNAL_SPREAD_MS = 200;
const INSTALL_POLL_MS = 200;
const PARENT_POLL_MS = 200;

class StartError extends Error {}

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
  return { file: 'npm', args: NPM_CI, options: { shell: WINDOWS } };
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

/** The Node of the npm package for this platform, else the one that runs this script if it understands TypeScript. */
function chooseNode() {
  const name = `node-${WINDOWS ? 'win' : process.platform}-${process.arch}`;
  const packaged = join(ROOT, 'node_modules', name, 'bin', WINDOWS ? 'node.exe' : 'node');
  if (existsSync(packaged) && spawnSync(packaged, ['--version']).status === 0) return packaged;
  if (process.features.typescript) return process.execPath;
  throw new StartError(
    `Node ${process.versions.node} cannot run TypeScript, and the npm package ${name} brings no Node that runs here. ` +
      'Install Node 24 (22.18 is the oldest that works) and start again.',
  );
}

/**
 * A process in the same process group that does nothing. Whether it dies of a signal tells whether that signal was
 * sent to the whole group (Ctrl-C, a service manager) or to this process alone.
 */
function startWitness() {
  const witness = spawn('cat', [], { stdio: ['pipe', 'ignore', 'ignore'] });
  witness.on('error', () => {});
  witness.stdin.on('error', () => {});
  witness.stdin.unref();
  witness.unref();
  return witness;
}

/**
 * npm starts its scripts through a shell, and gives signals to that: many shells die of them and tell nobody. So
 * under npm the end of the parent counts as a request to stop.
 */
function onParentEnd(stop) {
  if (process.env.npm_lifecycle_event === undefined) return undefined;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, PARENT_POLL_MS);
  return timer.unref();
}

/**
 * Passes signals on to a child exactly once. One that the child got with the whole group is not repeated: programs
 * take a second Ctrl-C for impatience and leave at once. npm, too, repeats what the terminal already sent.
 */
function passSignals(child) {
  if (WINDOWS) {
    // The console tells every process in it; this one only has to stay until the child is done.
    process.on('SIGINT', () => {});
    return () => {};
  }
  const pending = new Set();
  let witness = startWitness();
  let ended = false;
  let told = false;
  async function pass(signal) {
    told = true;
    if (pending.has(signal)) return;
    pending.add(signal);
    const asked = witness;
    // Waits out the whole spread, so that repeats of this signal are known as such.
    await delay(SIGNAL_SPREAD_MS);
    pending.delete(signal);
    const sentToAll = asked.signalCode === signal;
    if (asked === witness && asked.signalCode !== null && !ended) witness = startWitness();
    if (!sentToAll) child.kill(signal);
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, pass);
  const parentWatch = onParentEnd(() => told || child.kill('SIGTERM'));
  return () => {
    ended = true;
    clearInterval(parentWatch);
    for (const signal of signals) process.off(signal, pass);
    witness.stdin.end();
  };
}

/** Runs a child to its end: its exit code or the signal that killed it. */
async function runChild(file, args, options) {
  const child = spawn(file, args, options);
  const stopPassing = passSignals(child);
  try {
    const [code, signal] = await once(child, 'exit');
    return { code, signal };
  } finally {
    stopPassing();
  }
}

/** Ends this process the way the child ended. */
function exitLike({ code, signal }) {
  if (!signal) process.exit(code);
  process.kill(process.pid, signal);
  // Signals that do not end a process here (or are ignored) still need an end.
  setTimeout(() => process.exit(128 + constants.signals[signal]), 500);
}

async function main() {
  const [file, ...args] = process.argv.slice(2);
  if (file === undefined) throw new StartError('Usage: node scripts/run.mjs <file.ts> [arguments]');
  await ensureInstalled();
  const node = chooseNode();
  // What the program starts in turn runs on the same Node.
  process.env.PATH = [dirname(node), process.env.PATH].join(delimiter);
  // Compiled once for each content of a file: a later start takes half of the time.
  process.env.NODE_COMPILE_CACHE ??= join(ROOT, 'node_modules', '.cache', 'compiled');
  exitLike(await runChild(node, [...NODE_OPTIONS, resolve(ROOT, file), ...args], { stdio: 'inherit' }));
}

main().catch((error) => {
  process.stderr.write(`\n${error instanceof StartError ? error.message : error.stack}\n`);
  process.exit(1);
});
