import { execFile } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** How a command of `npm run doorbuster` ended. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const TIMEOUT_MS = 60_000;

/** Runs a command as a process of its own, with these settings alone and `input` on its standard input. */
export function runDoorbuster(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
  input = '',
): Promise<CommandResult> {
  const env = { PATH: process.env['PATH'], NODE_ENV: 'test', ...settings };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [CLI, ...args], { env, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      const exitCode = typeof error?.code === 'number' ? error.code : error ? -1 : 0;
      resolve({ exitCode, stdout, stderr });
    });
    // Most commands read nothing and may be gone by then.
    child.stdin?.on('error', () => undefined).end(input);
  });
}
