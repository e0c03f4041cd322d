import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Redis as Client } from 'ioredis';
import { findFreePort } from './free-port.ts';

/** The one Redis of a run. */
export interface Redis extends AsyncDisposable {
  pid: number;
  url: string;
  version: string;
  empty(): Promise<void>;
}

/** Starts it on a free port of this machine only. Without snapshots: the gate needs none, and one would fall into a round. */
export async function startRedis(folder: string): Promise<Redis> {
  const version = /v=(\S+)/.exec(String(spawnSync('redis-server', ['--version']).stdout ?? ''))?.[1];
  if (version === undefined) throw new Error('there is no redis-server: apt-get install redis-server');
  const port = await findFreePort();
  const data = join(folder, 'redis');
  mkdirSync(data);
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', data];
  const child = spawn('redis-server', settings, { stdio: 'ignore', detached: true });
  // It connects as soon as the server listens, or gives up after so many tries.
  const client = new Client(port, '127.0.0.1', {
    maxRetriesPerRequest: null,
    retryStrategy: (tries) => (tries > 100 ? null : 50),
  });
  client.on('error', () => {});
  const stop = async () => {
    client.disconnect();
    const ended = child.exitCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGTERM');
    await ended;
  };
  try {
    await client.ping();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    pid: child.pid ?? 0,
    url: `redis://127.0.0.1:${port}`,
    version,
    empty: async () => void (await client.flushall()),
    [Symbol.asyncDispose]: stop,
  };
}
