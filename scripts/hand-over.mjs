/**
 * Finds the right Node and hands over to it, with terminal, signals and exit code. Plain JavaScript without
 * dependencies, for Node 20 and newer: it runs before the right Node does, in a clone and in the package alike.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const WINDOWS = process.platform === 'win32';

/** How Node runs the engine, here and wherever else it is started: docs/decisions/0018-a-small-young-generation.md. */
const NODE_OPTIONS = JSON.parse(readFileSync(join(ROOT, 'scripts', 'node-options.json'), 'utf8'));

/** How long a signal may take to arrive at all processes that it was sent to. */
const SIGNAL_SPREAD_MS = 200;
const PARENT_POLL_MS = 200;

/** Why nothing could be started, in a sentence for whoever wanted to. */
export class StartError extends Error {}

/** Runs a program by the right Node and ends this process the way that one ends. */
export async function handOver(file, args) {
  const node = chooseNode();
  // What the program starts in turn runs on the same Node.
  process.env.PATH = [dirname(node), process.env.PATH].join(delimiter);
  // Compiled once for each content of a file: a later start takes half of the time. A folder that cannot be written is
  // no fault.
  process.env.NODE_COMPILE_CACHE ??= join(ROOT, 'node_modules', '.cache', 'compiled');
  exitLike(await runChild(node, [...NODE_OPTIONS, file, ...args], { stdio: 'inherit' }));
}

/** Tells a StartError in its sentence, anything else with its stack, and ends this process. */
export function fail(error) {
  process.stderr.write(`\n${error instanceof StartError ? error.message : error.stack}\n`);
  process.exit(1);
}

/** The Node of the npm package for this platform, else the one that runs this script if it is new enough. */
function chooseNode() {
  const name = `node-${WINDOWS ? 'win' : process.platform}-${process.arch}`;
  const packaged = findPackagedNode(name);
  if (packaged !== undefined && spawnSync(packaged, ['--version']).status === 0) return packaged;
  // Which runs TypeScript by itself: what the package has instead needs no older one.
  if (process.features.typescript) return process.execPath;
  throw new StartError(
    `Node ${process.versions.node} is too old, and the npm package ${name} brings no Node that runs here. ` +
      'Install Node 24 (22.18 is the oldest that works) and start again.',
  );
}

/** Optional packages may be missing, and npm may have put them anywhere above. */
function findPackagedNode(name) {
  try {
    const description = createRequire(import.meta.url).resolve(`${name}/package.json`);
    return join(dirname(description), 'bin', WINDOWS ? 'node.exe' : 'node');
  } catch {
    return undefined;
  }
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
export async function runChild(file, args, options) {
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
export function exitLike({ code, signal }) {
  if (!signal) process.exit(code);
  process.kill(process.pid, signal);
  // Signals that do not end a process here (or are ignored) still need an end.
  setTimeout(() => process.exit(128 + constants.signals[signal]), 500);
}
