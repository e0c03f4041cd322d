import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endAtExit } from './at-exit.ts';
import { send } from './client.ts';
import { freePort } from './postgres.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/reverse-proxy/', import.meta.url));

const HAPROXY = '/usr/sbin/haproxy';
const NGINX = '/usr/sbin/nginx';

/** How long the tests wait for a proxy that listens and has found its engines. */
const PATIENCE_MS = 10_000;

/** A reverse proxy that runs a file of examples/reverse-proxy. It does not outlive this process. */
export interface ReverseProxy {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a proxy in front of engines, given by their addresses. */
export type StartReverseProxy = (engines: readonly [string, string]) => Promise<ReverseProxy>;

/** nginx is not installed for the tests, because its package starts a server of its own; and it wants root's folders. */
export const canStartNginx = (): boolean => existsSync(NGINX) && process.getuid?.() === 0;

export const startHaproxy: StartReverseProxy = async ([first, second]) => {
  const port = await freePort();
  const environment = {
    PROXY: `127.0.0.1:${port}`,
    ENGINE_1: new URL(first).host,
    ENGINE_2: new URL(second).host,
  };
  return start(port, HAPROXY, ['-db', '-f', join(EXAMPLES, 'haproxy.cfg')], environment);
};

/** nginx knows no environment: the addresses of the example are replaced in its text. */
export const startNginx: StartReverseProxy = async ([first, second]) => {
  const port = await freePort();
  const text = await readFile(join(EXAMPLES, 'nginx.conf'), 'utf8');
  const adapted = [
    ['listen 8080;', `listen 127.0.0.1:${port};`],
    ['127.0.0.1:3001', new URL(first).host],
    ['127.0.0.1:3002', new URL(second).host],
  ].reduce((result, [example = '', actual = '']) => {
    if (!result.includes(example)) throw new Error(`The example no longer has ${example}.`);
    return result.replace(example, actual);
  }, text);
  const folder = mkdtempSync('/tmp/doorbuster-nginx-');
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  const forget = endAtExit(removeFolder);
  await writeFile(join(folder, 'nginx.conf'), adapted);
  const proxy = await start(port, NGINX, ['-p', folder, '-c', join(folder, 'nginx.conf')], {});
  return {
    ...proxy,
    async stop() {
      await proxy.stop();
      removeFolder();
      forget();
    },
  };
};

async function start(
  port: number,
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<ReverseProxy> {
  const child = spawn(program, args, {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(String(chunk)));
  const forget = endAtExit(() => child.kill('SIGTERM'));
  const stop = async () => {
    if (isRunning(child)) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    forget();
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await untilReady(url, child, output);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}

const isRunning = (child: ChildProcess) => child.exitCode === null && child.signalCode === null;

async function untilReady(url: string, child: ChildProcess, output: readonly string[]): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await send('GET', `${url}/health/ready`).catch(() => undefined);
    if (answer?.status === 200) return;
    if (!isRunning(child)) throw new Error(`The reverse proxy ended before it was ready:\n${output.join('')}`);
    if (Date.now() > deadline) throw new Error(`The reverse proxy found no engine in time:\n${output.join('')}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
