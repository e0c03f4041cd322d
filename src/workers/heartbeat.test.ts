import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { openLedger } from '../../test/support/ledger.ts';
import type { Database } from '../ledger/database.ts';
import { listProcesses } from '../ledger/processes.ts';
import { createHeartbeat } from './heartbeat.ts';

let database: TestDatabase;
let ledger: Database;

before(async () => {
  database = await createTestDatabase();
  ledger = openLedger(database, false);
});

after(async () => {
  await ledger.close();
  await database.drop();
});

const REPORT = {
  breaker: 'closed',
  gateDriftUnits: 0,
  waitingOrders: 7,
  eventLoopLagMs: 1.5,
  duties: [{ name: 'sweeper', lastSuccessAt: null, failing: true }],
} as const;

function heartbeatOf(totals: () => { requests: number; errors: number } = () => ({ requests: 0, errors: 0 })) {
  const process = { id: randomUUID(), role: 'all', version: '1.2.3', startedAt: new Date('2026-01-01T00:00:00Z') };
  const heartbeat = createHeartbeat({ database: ledger, process, totals, report: () => REPORT });
  return { process, run: () => heartbeat.runOnce(new AbortController().signal), lastWord: heartbeat.lastWord };
}

test('a process is listed with what it reports, until its last word', async () => {
  const [first, second] = [heartbeatOf(), heartbeatOf()];
  await Promise.all([first.run(), second.run()]);
  await first.run();
  const listed = await listProcesses(ledger);
  assert.deepEqual(listed.map(({ id }) => id).sort(), [first.process.id, second.process.id].sort());
  const mine = listed.find(({ id }) => id === first.process.id);
  assert.deepEqual(mine, {
    ...first.process,
    seenAt: mine?.seenAt,
    report: { ...REPORT, requests: 0, errors: 0 },
  });
  await first.lastWord();
  assert.deepEqual(
    (await listProcesses(ledger)).map(({ id }) => id),
    [second.process.id],
  );
  await second.lastWord();
});

test('requests and errors are those of the last minute', async () => {
  const totals = { requests: 0, errors: 0 };
  const { run, lastWord } = heartbeatOf(() => ({ ...totals }));
  const reported = async () => {
    await run();
    const report = (await listProcesses(ledger))[0]?.report;
    return [report?.requests, report?.errors];
  };
  for (let second = 5; second <= 60; second += 5) {
    totals.requests += 10;
    totals.errors += 1;
    assert.deepEqual(await reported(), [2 * second, second / 5]);
  }
  totals.requests += 10;
  assert.deepEqual(await reported(), [120, 11]);
  for (let second = 5; second <= 60; second += 5) await run();
  assert.deepEqual(await reported(), [0, 0]);
  await lastWord();
});

test('a process that vanished is listed for 15 s, and forgotten after a day', async () => {
  const [killed, gone, alive] = [heartbeatOf(), heartbeatOf(), heartbeatOf()];
  await Promise.all([killed.run(), gone.run()]);
  const age = (id: string, silence: string) =>
    database.query(`UPDATE processes SET seen_at = now() - $2::interval WHERE id = $1`, [id, silence]);
  await age(killed.process.id, '16 seconds');
  await age(gone.process.id, '25 hours');
  await alive.run();
  assert.deepEqual(
    (await listProcesses(ledger)).map(({ id }) => id),
    [alive.process.id],
  );
  const kept = await database.query<{ id: string }>('SELECT id FROM processes');
  assert.deepEqual(kept.map(({ id }) => id).sort(), [killed.process.id, alive.process.id].sort());
});
