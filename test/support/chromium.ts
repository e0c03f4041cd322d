import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endAtExit } from './at-exit.ts';
import { installPackages } from './debian-packages.ts';

/** A browser that shows a page. */
export interface TestBrowser {
  /** What it wrote to standard error. */
  output(): string;
  close(): Promise<void>;
}

/** It talks to nobody but the page's servers, keeps nothing and needs no display. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--no-default-browser-check',
  // All names are this machine: a page of http://shop.example is no secure context, as http://localhost would be.
  '--host-resolver-rules=MAP * 127.0.0.1',
];

/** Opens a page in Debian's Chromium. What comes of it the page must tell its server. */
export async function openPage(url: string): Promise<TestBrowser> {
  installPackages(['chromium']);
  const profile = await mkdtemp(join(tmpdir(), 'doorbuster-chromium-'));
  const browser = spawn('/usr/bin/chromium', [...FLAGS, `--user-data-dir=${profile}`, url], {
    // A group of its own, because a browser is many processes.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  browser.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const exited = once(browser, 'exit');
  const kill = () => {
    try {
      process.kill(-(browser.pid ?? 0), 'SIGKILL');
    } catch {
      // It is gone.
    }
  };
  const forget = endAtExit(kill);
  return {
    output: () => output,
    async close() {
      kill();
      await exited;
      forget();
      await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}
