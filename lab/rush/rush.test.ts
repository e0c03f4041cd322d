import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkHistory } from '../checker/check-history.ts';
import { findFinalState, parseHistory, sortHistory } from '../checker/history.ts';
import { startFakeEngine } from './fake-engine.ts';
import type { FakeDefects } from './fake-ledger.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const SMALL_RUN = ['--buyers', '300', '--stock', '240', '--concurrency', '16', '--seed', '7'];

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line as a user would. `onStderr` sees what it says on the way. */
async function rush(args: readonly string[], onStderr?: (text: string, pid: number) => void): Promise<Run> {
  const child = spawn(process.execPath, [CLI, 'rush', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    if (child.pid !== undefined) onStderr?.(stderr, child.pid);
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

async function rushAgainst(defects: FakeDefects, args: readonly string[] = []): Promise<Run> {
  const engine = await startFakeEngine(defects);
  try {
    return await rush([...SMALL_RUN, '--url', engine.url, ...args]);
  } finally {
    await engine.close();
  }
}

describe('against a right engine', () => {
  test('the verdict is clean and all the stock is promised', async () => {
    const { code, stdout, stderr } = await rushAgainst({});
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /promised +240 {2}of 240 units/);
    assert.match(stdout, /oversold +0 /);
    assert.match(stdout, /VERDICT: clean$/m);
  });

  test('lost answers and busy moments are followed up until the same key tells', async () => {
    const { code, stdout } = await rushAgainst({ cutsEvery: 9, busyEvery: 11 });
    assert.equal(code, 0, stdout);
    const [, resolved, unknown] = /unknown resolved +(\d+) {2}of (\d+)/.exec(stdout) ?? [];
    assert.equal(resolved, unknown);
    assert.ok(Number(unknown) > 50, stdout);
  });
});

test('several addresses are taken for the processes of one engine', async () => {
  const engine = await startFakeEngine({ cutsEvery: 9 });
  const { code, stdout } = await rush([...SMALL_RUN, '--url', engine.url, '--url', `${engine.url}/`]);
  await engine.close();
  assert.equal(code, 0, stdout);
});

const DEFECTS: readonly (readonly [name: string, defects: FakeDefects, promise: string])[] = [
  ['oversells by one unit', { oversellUnits: 1 }, 'S-02 oversold'],
  ['oversells by many units', { oversellUnits: 50 }, 'S-02 oversold'],
  ['loses an accepted order', { losesOrder: 17 }, 'S-03 lost-order'],
  ['makes a second order on a repeat', { duplicates: 1 }, 'S-04 duplicate-order'],
  ['ignores the limit', { ignoresLimit: true }, 'S-07 limit-breach'],
  ['leaves a gap in the arrivals', { gapAt: 40 }, 'S-08 arrival-gap'],
  ['numbers against real time', { arrivalAgainstTime: true }, 'S-08 arrival-order'],
  ['says "sold out" while stock is left', { falselySoldOut: true }, 'S-08 false-sold-out'],
  ['refuses the repeat of a won order', { refusesBeforeRepeats: true }, 'IK-19 refused-though-won'],
  ['miscounts its stock', { losesCount: true }, 'S-06 stock-books'],
];

describe('an engine that is broken on purpose is caught', () => {
  for (const [name, defects, promise] of DEFECTS) {
    test(`when it ${name}: ${promise}`, async () => {
      const { code, stdout } = await rushAgainst(defects);
      assert.equal(code, 1, stdout);
      assert.match(stdout, /VERDICT: broken/);
      assert.ok(stdout.includes(`  ${promise}\n`), stdout);
    });
  }
});

describe('what is left behind', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'doorbuster-rush-test-'));
  });
  after(() => rm(folder, { recursive: true }));

  test('the history file proves the verdict by itself', async () => {
    const file = join(folder, 'history.jsonl');
    assert.equal((await rushAgainst({ gapAt: 40 }, ['--history', file])).code, 1);
    const records = parseHistory(await readFile(file, 'utf8'));
    const final = findFinalState(records);
    assert.ok(final);
    const found = checkHistory(sortHistory(records), final);
    assert.deepEqual(
      found.map(({ promise, kind }) => `${promise} ${kind}`),
      ['S-08 arrival-gap'],
    );
  });

  test('the JSON file holds verdict, seed and figures', async () => {
    const file = join(folder, 'verdict.json');
    await rushAgainst({}, ['--json', file]);
    const verdict = JSON.parse(await readFile(file, 'utf8'));
    assert.equal(verdict.verdict, 'clean');
    assert.equal(verdict.seed, 7);
    assert.equal(verdict.figures.promised, 240);
    assert.equal(verdict.figures.oversold, 0);
    assert.ok(verdict.figures.requests > 600);
  });
});

describe('a copy of a real sale', () => {
  test('has its items, prices, limits and stock, and is marked as a test', async () => {
    const engine = await startFakeEngine();
    const items = [
      { name: 'Hoodie', priceMinor: 7900, capacity: 30, limitPerCustomer: 1 },
      { name: 'Cap', priceMinor: 2500, capacity: 50 },
    ];
    const original = { merchantId: 'm-1', name: 'Winter drop', currency: 'EUR', fulfillment: 'direct', items };
    const times = { opensAt: '2020-01-01T00:00:00Z', closesAt: '2020-01-02T00:00:00Z' };
    await fetch(`${engine.url}/api/v1/sales`, { method: 'POST', body: JSON.stringify({ ...original, ...times }) });
    const { code, stdout } = await rush(['--url', engine.url, '--sale', 'Winter drop', '--buyers', '100']);
    await engine.close();
    assert.equal(code, 0, stdout);
    const { merchantId, items: copied, test: isTest } = engine.salesMade[1] ?? {};
    assert.deepEqual({ merchantId, copied, isTest }, { merchantId: 'm-1', copied: items, isTest: true });
  });
});

describe('what cannot be run', () => {
  test('bad options are all named, with exit code 2', async () => {
    const { code, stderr } = await rush(['--buyers', '0', '--limit', 'x', '--url', 'ftp://somewhere']);
    assert.equal(code, 2);
    assert.match(stderr, /--buyers must be a whole number from 1/);
    assert.match(stderr, /--limit must be/);
    assert.match(stderr, /--url must be/);
  });

  test('an unknown option is named, with exit code 2', async () => {
    const { code, stderr } = await rush(['--shoppers', '5']);
    assert.equal(code, 2);
    assert.match(stderr, /--shoppers/);
  });

  test('an address without an engine is named, with exit code 2', async () => {
    const { code, stderr } = await rush(['--url', 'http://127.0.0.1:1']);
    assert.equal(code, 2);
    assert.match(stderr, /no Doorbuster engine answers at http:\/\/127\.0\.0\.1:1/);
  });

  test('--help explains the options', async () => {
    const { code, stdout } = await rush(['--help']);
    assert.equal(code, 0);
    assert.match(stdout, /--orders-per-buyer/);
  });
});

test('Ctrl-C ends with a partial verdict on what was sent until then', async () => {
  const engine = await startFakeEngine();
  let interrupted = false;
  const long = ['--buyers', '60000', '--stock', '1000000', '--limit', '0'];
  const { code, stdout } = await rush(['--url', engine.url, ...long], (text, pid) => {
    // The first line of progress: the crowd is at it.
    if (interrupted || !text.includes('accepted')) return;
    interrupted = true;
    process.kill(pid, 'SIGINT');
  });
  await engine.close();
  assert.equal(code, 130, stdout);
  assert.match(stdout, /VERDICT: clean \(partial: it was broken off\)/);
});
