import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { endAtExit } from './at-exit.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

/** How a rehearsal ended. */
export interface RushResult {
  /** 0 is a clean verdict. */
  readonly code: number | null;
  readonly output: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test asserts on what it expects, whatever came
  readonly verdict: any;
}

/** A rehearsal that runs. */
export interface Rush {
  readonly ended: Promise<RushResult>;
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>;
}

/** Runs `npm run rush` with some options against running engines, as a user would. */
export async function startRush(urls: readonly string[], options: readonly string[] = []): Promise<Rush> {
  const folder = await mkdtemp(join(tmpdir(), 'doorbuster-rush-'));
  const file = join(folder, 'verdict.json');
  const args = [...urls.flatMap((url) => ['--url', url]), '--json', file, ...options];
  const child = spawn(process.execPath, [CLI, 'rush', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const forget = endAtExit(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const ended = (async () => {
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    forget();
    const verdict: unknown = await readFile(file, 'utf8').then(JSON.parse, () => undefined);
    await rm(folder, { recursive: true, force: true });
    return { code: code as number | null, output: output + errors, verdict };
  })();
  return {
    ended,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Resolves when an engine's own counter says that it has placed this many orders. */
export async function untilPlaced(url: string, orders: number): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const metrics = await fetch(`${url}/metrics`).then((response) => response.text());
    const placed = /doorbuster_placing_seconds_count\{outcome="placed"\} (\d+)/.exec(metrics)?.[1];
    if (Number(placed ?? 0) >= orders) return;
    if (Date.now() > deadline) throw new Error(`Only ${placed ?? 0} of ${orders} orders were placed in time.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
