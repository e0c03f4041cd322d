import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createTestDatabase } from '../support/database.ts';
import { killEmbeddedPostgres } from '../support/embedded.ts';
import { startEngine } from '../support/engine.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { createPostgres, freePort } from '../support/postgres.ts';
import { type RushResult, startRush, untilPlaced } from '../support/rush.ts';
import { scaled } from '../support/scale.ts';

/** Enough demand that stock runs out, enough stock that a fault lands in the middle of the selling. */
const UNITS = scaled(1_500, 15_000);
const CROWD = [
  ...['--buyers', String(UNITS), '--stock', String(UNITS), '--limit', '4'],
  ...['--orders-per-buyer', '2', '--concurrency', '64'],
];
/** Orders placed when a fault strikes. */
const IN_THE_MIDDLE = 150;

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function dataFolder(): Promise<string> {
  const folder = await mkdtemp('/tmp/doorbuster-rush-data-');
  folders.push(folder);
  return join(folder, 'data');
}

function assertClean({ code, output, verdict }: RushResult): void {
  assert.equal(code, 0, output);
  assert.match(output, /VERDICT: clean/);
  assert.ok(verdict !== undefined, 'the verdict is written as JSON, too');
}

test('S-08 a rush over two processes: the checker finds every promise kept', async () => {
  const database = await createTestDatabase();
  const engines = [
    await startEngine({ DATABASE_URL: database.url }),
    await startEngine({ DATABASE_URL: database.url }),
  ];
  const rush = await startRush(
    engines.map((engine) => engine.url),
    ['--sold-out-bound-ms', '0', ...CROWD],
  );
  assertClean(await rush.ended);
  await assertLedgerSound(database);
  await Promise.all(engines.map((engine) => engine.stop()));
  await database.drop();
});

test('F-01 kill -9 of the engine in the middle of a rush, started again: clean', async () => {
  const database = await createTestDatabase();
  const settings = { DATABASE_URL: database.url, PORT: String(await freePort()) };
  const engine = await startEngine(settings);
  const rush = await startRush([engine.url], CROWD);
  await untilPlaced(engine.url, IN_THE_MIDDLE);
  await engine.kill();
  const again = await startEngine(settings);
  assertClean(await rush.ended);
  await assertLedgerSound(database);
  await again.stop();
  await database.drop();
});

test('F-01 on the embedded default, kill -9 of the engine alone, then of engine and PostgreSQL together: clean', async () => {
  const settings = { DATA_DIR: await dataFolder(), PORT: String(await freePort()) };
  const first = await startEngine(settings);
  const rush = await startRush([first.url], CROWD);
  await untilPlaced(first.url, IN_THE_MIDDLE);
  await first.kill();
  const second = await startEngine(settings);
  await untilPlaced(second.url, IN_THE_MIDDLE);
  await Promise.all([second.kill(), killEmbeddedPostgres(settings.DATA_DIR)]);
  const third = await startEngine(settings);
  assertClean(await rush.ended);
  assert.equal(await third.stop(), 0);
});

test('F-09 PostgreSQL is killed, and restarted, in the middle of a rush: clean', async () => {
  const postgres = await createPostgres();
  const engine = await startEngine({ DATABASE_URL: postgres.url('postgres') });
  const rush = await startRush([engine.url], CROWD);
  await untilPlaced(engine.url, IN_THE_MIDDLE);
  await postgres.kill();
  await postgres.start();
  await untilPlaced(engine.url, 2 * IN_THE_MIDDLE);
  await postgres.stop('fast');
  await postgres.start();
  assertClean(await rush.ended);
  await engine.stop();
  await postgres.remove();
});

test('F-13 SIGTERM of one of two engines in the middle of a rush: it ends by itself with 0, and the verdict is clean', async () => {
  const database = await createTestDatabase();
  const [leaving, staying] = [
    await startEngine({ DATABASE_URL: database.url }),
    await startEngine({ DATABASE_URL: database.url }),
  ];
  const rush = await startRush([leaving.url, staying.url], CROWD);
  await untilPlaced(leaving.url, IN_THE_MIDDLE);
  assert.equal(await leaving.stop(), 0);
  const back = await startEngine({ DATABASE_URL: database.url, PORT: new URL(leaving.url).port });
  assertClean(await rush.ended);
  await assertLedgerSound(database);
  await Promise.all([staying.stop(), back.stop()]);
  await database.drop();
});

test('the verdict catches an engine that loses an order it has promised, and one that sells a unit twice', async () => {
  const sabotages = {
    // The order vanishes after its transaction said yes, as if a write behind a cache had failed.
    lost: `CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
               IF NEW.arrival = 20 THEN
                 DELETE FROM order_lines WHERE order_id = NEW.id;
                 DELETE FROM orders WHERE id = NEW.id;
               END IF;
               RETURN NULL;
             END $$;
           CREATE CONSTRAINT TRIGGER sabotage AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION sabotage();`,
    // Stock comes back that was never given back, as after a fail-over to an old copy.
    oversold: `CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS $$
                 BEGIN NEW.available = NEW.available + NEW.held; NEW.held = 0; RETURN NEW; END $$;
               CREATE TRIGGER sabotage BEFORE UPDATE ON items FOR EACH ROW
                 WHEN (OLD.available > 50 AND NEW.available <= 50) EXECUTE FUNCTION sabotage();`,
  };
  for (const [fault, sql] of Object.entries(sabotages)) {
    const database = await createTestDatabase();
    await database.query(sql);
    const engine = await startEngine({ DATABASE_URL: database.url });
    const rush = await startRush([engine.url], ['--buyers', '300', '--stock', '100', '--concurrency', '16']);
    const { code, output } = await rush.ended;
    assert.equal(code, 1, `${fault}: ${output}`);
    assert.doesNotMatch(output, /VERDICT: clean/);
    await engine.stop();
    await database.drop();
  }
});
