import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { findFreePort } from './free-port.ts';
import type { Played } from './row.ts';
import type { Site } from './site.ts';

const START_DEADLINE_MS = 60_000;

/** `npm start` with its own PostgreSQL, until it is ready: in a new data folder, and in one that it has used before. */
export async function playStart(site: Site): Promise<Played> {
  const folder = join(site.folder, 'data');
  mkdirSync(folder);
  // PostgreSQL's user must reach what lies in it.
  chmodSync(site.folder, 0o711);
  const firstSeconds = await startOnce(folder, site.signal);
  const laterSeconds = await startOnce(folder, site.signal);
  return { figures: { firstSeconds, laterSeconds }, faults: [] };
}

async function startOnce(folder: string, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now();
  const child = spawn('npm', ['start', '--silent'], {
    cwd: resolve(import.meta.dirname, '../..'),
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      PORT: String(await findFreePort()),
      DATA_DIR: folder,
      LOG_LEVEL: 'warn',
    },
    // A group of its own, which gets the signal to stop as a terminal's Ctrl-C would.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  try {
    const url = await Promise.race([
      readUrl(child.stdout),
      ended.then(() => Promise.reject(new Error('npm start ended.'))),
    ]);
    const ready = await fetch(`${url}/health/ready`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(START_DEADLINE_MS)]),
    });
    if (!ready.ok) throw new Error(`The engine was not ready: ${ready.status}.`);
    return (performance.now() - startedAt) / 1000;
  } finally {
    child.stdout.resume();
    child.stderr.resume();
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT');
    await ended;
  }
}

async function readUrl(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output, signal: AbortSignal.timeout(START_DEADLINE_MS) })) {
    const url = /listening on (http:\/\/\S+)/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error('npm start did not tell where it listens.');
}
