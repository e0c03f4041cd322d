import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { endAtExit } from '../support/at-exit.ts';
import { createPostgres, type TestPostgres } from '../support/postgres.ts';
import { scaled } from '../support/scale.ts';
import { createStage } from '../support/stage.ts';
import { assertKept } from './assert-kept.ts';
import type { Fault } from './fault-kinds.ts';
import { drawPlan } from './plan.ts';
import { runSeed } from './run-seed.ts';
import { createWorld } from './world.ts';

/** A file system of its own size in memory, which can be filled up. Only root may make one. */
function mountDisk(megabytes: number) {
  const folder = mkdtempSync('/tmp/doorbuster-disk-');
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', folder]);
  const unmount = () => {
    execFileSync('umount', ['--lazy', folder]);
    rmdirSync(folder);
  };
  const forget = endAtExit(unmount);
  const ballast = join(folder, 'ballast');
  return {
    folder,
    fill(): void {
      const file = openSync(ballast, 'w');
      // Ever smaller, until not a byte more goes in.
      for (let bytes = 2 ** 20; bytes >= 512; ) {
        try {
          writeSync(file, Buffer.alloc(bytes));
        } catch {
          bytes /= 2;
        }
      }
      closeSync(file);
    },
    free: () => rmSync(ballast, { force: true }),
    remove(): void {
      forget();
      unmount();
    },
  };
}

/** Writes into PostgreSQL's log until there is no room for it, which ends the server. */
async function useUpLog(postgres: TestPostgres): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url('postgres') });
  client.on('error', () => undefined);
  await client.connect();
  try {
    for (;;) await client.query(`SELECT pg_logical_emit_message(false, 'filler', repeat('x', 1000000))`);
  } catch {
    await client.end().catch(() => undefined);
  }
}

/** A server that could not write its log gives up, and has to be started again when there is room. */
async function untilServing(postgres: TestPostgres): Promise<void> {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const client = new pg.Client({ connectionString: postgres.url('postgres') });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('SELECT 1');
      return;
    } catch {
      await delay(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  await postgres.start();
}

const isRoot = process.getuid?.() === 0;

test('mixed buyers and staff, while the disk of PostgreSQL is full: nothing is half done, and every promise is kept', {
  skip: isRoot ? false : 'only root may make a file system of a limited size',
}, async (t) => {
  const stage = createStage(t);
  const disk = mountDisk(400);
  stage.atEnd(async () => disk.remove());
  const postgres = await createPostgres(['max_connections=60', 'max_wal_size=64MB', 'min_wal_size=32MB'], disk.folder);
  stage.atEnd(postgres.remove);
  let refused = 0;
  const fillUp: Fault = async ({ shop }, { forMs, choice }, over) => {
    const sale = await shop.createSale({ name: 'Filler', items: [{ capacity: 1_000_000 }] });
    disk.fill();
    if (choice < 0.5) await useUpLog(postgres);
    for (const until = performance.now() + 2 * forMs; performance.now() < until; await delay(10)) {
      const answer = await shop.order(sale).catch(() => undefined);
      if (answer?.status === 503) refused += 1;
    }
    disk.free();
    await untilServing(postgres);
    over();
  };
  const world = await createWorld(stage, {
    ...{ postgres, redis: await stage.redis() },
    ownFaults: { 'disk full': fillUp },
  });
  for (let seed = 1; seed <= scaled(1, 12); seed += 1) {
    const result = await runSeed(world, drawPlan(seed, ['disk full']));
    const recoveries = result.struck.map(({ recoveryMs }) => recoveryMs.toFixed(0));
    t.diagnostic(`seed ${seed}: ${result.orders} orders, ${refused} refused, then ${recoveries} ms`);
    assertKept(result);
    assert.ok(refused > 0, 'the disk was never full');
    refused = 0;
  }
});
