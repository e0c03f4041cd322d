import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import nodeOptions from '../../scripts/node-options.json' with { type: 'json' };
import { asMembers } from '../checker/order-state.ts';

/** An engine that somebody started for the run. */
export interface EngineProcess {
  readonly url: string;
  /** Stops it with SIGTERM, with SIGKILL when it takes too long, and removes its folder. May be called twice. */
  stop(): Promise<void>;
}

/** Whether a Doorbuster engine answers at the address. */
export async function findsEngine(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(2_000) });
    return response.ok && asMembers(await response.json())?.['service'] === 'doorbuster';
  } catch {
    return false;
  }
}

/** Settings of the surroundings that would lead the engine to anything but its own temporary folder. */
const SETTINGS_NOT_PASSED_ON = [
  'DATABASE_URL',
  'REDIS_URL',
  'PUBLIC_URL',
  'ROLE',
  'TOKEN_KEYS',
  'TOKEN_ISSUER',
  'TOKEN_AUDIENCE',
  'CORS_ORIGINS',
] as const;

const ENGINE = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

/** The first start brings up a database. */
const START_MS_MAX = 60_000;
const STOP_MS_MAX = 30_000;
const POLL_MS = 50;

export interface StartOptions {
  readonly operator: { readonly email: string; readonly password: string };
  /** The program to run instead of the engine, for tests. */
  readonly program?: string;
  readonly startMsMax?: number;
}

/** Starts an engine on a temporary data folder and a free port. @throws Error with its last words when it does not get ready. */
export async function startEngine(options: StartOptions): Promise<EngineProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'doorbuster-rush-'));
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const name of SETTINGS_NOT_PASSED_ON) delete env[name];
  const child = spawn(process.execPath, [...nodeOptions, options.program ?? ENGINE], {
    env: {
      ...env,
      NODE_ENV: 'development',
      HOST: '127.0.0.1',
      PORT: '0',
      DATA_DIR: join(folder, 'data'),
      LOG_LEVEL: 'warn',
      OPERATOR_EMAIL: options.operator.email,
      OPERATOR_PASSWORD: options.operator.password,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C is for the rehearsal, which still has to read the books.
    detached: true,
  });
  const exited = once(child, 'exit').catch(() => undefined);
  const output = collectOutput(child.stdout, child.stderr);
  // Should the rehearsal end in a hurry, the engine is at least told to.
  const tellToStop = () => child.kill('SIGTERM');
  process.once('exit', tellToStop);
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await Promise.race([exited, delay(STOP_MS_MAX, undefined, { ref: false })]);
        child.kill('SIGKILL');
        await exited;
      }
      process.off('exit', tellToStop);
      await rm(folder, { recursive: true, force: true });
    })();
    return stopping;
  };
  try {
    const url = await waitUntilReady(output, exited, options.startMsMax ?? START_MS_MAX);
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Output {
  text(): string;
  address(): string | undefined;
}

const OUTPUT_KEPT = 4_000;

function collectOutput(...streams: readonly NodeJS.ReadableStream[]): Output {
  let kept = '';
  let address: string | undefined;
  for (const stream of streams) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      kept = (kept + chunk).slice(-OUTPUT_KEPT);
      address ??= /^Doorbuster is listening on (http:\/\/\S+)/m.exec(kept)?.[1];
    });
  }
  return { text: () => kept.trim(), address: () => address };
}

async function waitUntilReady(output: Output, exited: Promise<unknown>, limitMs: number): Promise<string> {
  let gone = false;
  exited.then(() => {
    gone = true;
  });
  const deadlineMs = performance.now() + limitMs;
  while (performance.now() < deadlineMs && !gone) {
    const url = output.address();
    if (url !== undefined && (await isReady(url))) return url;
    await delay(POLL_MS);
  }
  const what = gone ? 'ended before it was ready' : `was not ready within ${limitMs / 1000} s`;
  throw new Error(`the engine ${what}. Its last words:\n${output.text()}`);
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
