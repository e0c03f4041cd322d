import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';

/** What the client sends, and where. */
export interface Load {
  url: string;
  /** One for each server. One makes some 100,000 requests a second; more would only compete with the servers. */
  threads: number;
  /** A wrk script that prints a line `RESULT <json>` (see load/common.lua). */
  script: string;
  /** The environment that the script reads. */
  settings: Readonly<Record<string, string>>;
  /** The script adds the ids of the orders that were promised, one a line, each thread to one of these. */
  ordersFiles: readonly string[];
}

/** How the load is put on. */
export interface Pressure {
  connections: number;
  seconds: number;
  /** Makes the idempotency keys differ from those of every other run. */
  nonce: string;
  /** How many requests of this load may have been sent already. */
  sentBefore?: number;
  signal: AbortSignal;
}

/** What the client has seen. */
export interface LoadResult {
  seconds: number;
  connections: number;
  /** Answers by status code. */
  statuses: Record<string, number>;
  /** Connections refused or broken and requests that timed out. */
  transportErrors: number;
  latencyMs: { p50: number; p99: number; max: number };
}

interface ScriptResult {
  durationUs: number;
  connectErrors: number;
  readErrors: number;
  writeErrors: number;
  timeouts: number;
  latencyP50Us: number;
  latencyP99Us: number;
  latencyMaxUs: number;
  statuses: Record<string, number>;
}

/** How much longer than asked a run may take before it is given up. */
const GRACE_MS = 20_000;

/** Runs the client once. Throws when it fails, is interrupted or does not end. */
export async function runWrk(load: Load, pressure: Pressure): Promise<LoadResult> {
  const { connections, seconds, nonce, sentBefore = 0, signal } = pressure;
  const args = [
    ...[`--threads=${load.threads}`, `--connections=${connections}`, `--duration=${seconds}s`, '--timeout=10s'],
    ...['--script', load.script, load.url],
  ];
  const child = spawn('wrk', args, {
    env: {
      ...load.settings,
      PATH: process.env['PATH'],
      LUA_PATH: `${dirname(load.script)}/?.lua`,
      NONCE: nonce,
      SENT_BEFORE: String(sentBefore),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000 + GRACE_MS)]),
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  const line = /^RESULT (.*)$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`wrk gave no result:\n${output}${errors}`);
  return { connections, ...readResult(JSON.parse(line) as ScriptResult) };
}

function readResult(result: ScriptResult): Omit<LoadResult, 'connections'> {
  return {
    seconds: result.durationUs / 1e6,
    statuses: result.statuses,
    transportErrors: result.connectErrors + result.readErrors + result.writeErrors + result.timeouts,
    latencyMs: {
      p50: result.latencyP50Us / 1000,
      p99: result.latencyP99Us / 1000,
      max: result.latencyMaxUs / 1000,
    },
  };
}

/** Makes sure that wrk is there and answers its version. Installs Debian's package when it may; else says what to do. */
export function provideWrk(say: (line: string) => void): string {
  const version = findWrk();
  if (version !== undefined) return version;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    say('wrk, the client of the benchmark, is missing: installing the Debian package (apt-get install -y wrk).');
    if (!aptGet('install', '-y', 'wrk')) aptGet('update') && aptGet('install', '-y', 'wrk');
  }
  const installed = findWrk();
  if (installed === undefined) throw new Error('The benchmark needs wrk: apt-get install wrk, or brew install wrk.');
  return installed;
}

function findWrk(): string | undefined {
  return /^wrk (\S+)/m.exec(String(spawnSync('wrk', ['--version']).stdout ?? ''))?.[1];
}

function aptGet(...args: string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', args, { env, stdio: 'inherit', timeout: 300_000 }).status === 0;
}
