import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killEmbeddedPostgres } from '../support/embedded.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { freePort } from '../support/postgres.ts';
import { type RushResult, untilPlaced } from '../support/rush.ts';
import { scaled } from '../support/scale.ts';
import { createStage } from '../support/stage.ts';

/** Enough demand that stock runs out, enough stock that a fault lands in the middle of the selling. */
const UNITS = scaled(1_500, 15_000);
const CROWD = [
  ...['--buyers', String(UNITS), '--stock', String(UNITS), '--limit', '4'],
  ...['--orders-per-buyer', '2', '--concurrency', '64'],
];
/** Orders placed when a fault strikes. */
const IN_THE_MIDDLE = 150;

function assertClean({ code, output, verdict }: RushResult): void {
  assert.equal(code, 0, output);
  assert.match(output, /VERDICT: clean/);
  assert.ok(verdict !== undefined, 'the verdict is written as JSON, too');
}

test('S-08 a rush over two processes: the checker finds every promise kept', async (t) => {
  const stage = createStage(t);
  const database = await stage.database();
  const engines = [
    await stage.engine({ DATABASE_URL: database.url }),
    await stage.engine({ DATABASE_URL: database.url }),
  ];
  const rush = await stage.rush(
    engines.map((engine) => engine.url),
    ['--sold-out-bound-ms', '0', ...CROWD],
  );
  assertClean(await rush.ended);
  await assertLedgerSound(database);
});

test('F-01 kill -9 of the engine in the middle of a rush, started again: clean', async (t) => {
  const stage = createStage(t);
  const database = await stage.database();
  const settings = { DATABASE_URL: database.url, PORT: String(await freePort()) };
  const engine = await stage.engine(settings);
  const rush = await stage.rush([engine.url], CROWD);
  await untilPlaced(engine.url, IN_THE_MIDDLE);
  await engine.kill();
  await stage.engine(settings);
  assertClean(await rush.ended);
  await assertLedgerSound(database);
});

test('F-01 on the embedded default, kill -9 of the engine alone, then of engine and PostgreSQL together: clean', async (t) => {
  const stage = createStage(t);
  const settings = { DATA_DIR: await stage.dataFolder(), PORT: String(await freePort()) };
  const first = await stage.engine(settings);
  const rush = await stage.rush([first.url], CROWD);
  await untilPlaced(first.url, IN_THE_MIDDLE);
  await first.kill();
  const second = await stage.engine(settings);
  await untilPlaced(second.url, IN_THE_MIDDLE);
  await Promise.all([second.kill(), killEmbeddedPostgres(settings.DATA_DIR)]);
  const third = await stage.engine(settings);
  assertClean(await rush.ended);
  assert.equal(await third.stop(), 0);
});

test('F-09 PostgreSQL is killed, and restarted, in the middle of a rush: clean', async (t) => {
  const stage = createStage(t);
  const postgres = await stage.postgres();
  const engine = await stage.engine({ DATABASE_URL: postgres.url('postgres') });
  const rush = await stage.rush([engine.url], CROWD);
  await untilPlaced(engine.url, IN_THE_MIDDLE);
  await postgres.kill();
  await postgres.start();
  await untilPlaced(engine.url, 2 * IN_THE_MIDDLE);
  await postgres.stop('fast');
  await postgres.start();
  assertClean(await rush.ended);
});

test('F-13 SIGTERM of one of two engines in the middle of a rush: it ends by itself with 0, and the verdict is clean', async (t) => {
  const stage = createStage(t);
  const database = await stage.database();
  const [leaving, staying] = [
    await stage.engine({ DATABASE_URL: database.url }),
    await stage.engine({ DATABASE_URL: database.url }),
  ];
  const rush = await stage.rush([leaving.url, staying.url], CROWD);
  await untilPlaced(leaving.url, IN_THE_MIDDLE);
  assert.equal(await leaving.stop(), 0);
  await stage.engine({ DATABASE_URL: database.url, PORT: new URL(leaving.url).port });
  assertClean(await rush.ended);
  await assertLedgerSound(database);
});

test('the verdict catches an engine that loses an order it has promised, and one that sells a unit twice', async (t) => {
  const stage = createStage(t);
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
    const database = await stage.database();
    await database.query(sql);
    const engine = await stage.engine({ DATABASE_URL: database.url });
    const rush = await stage.rush([engine.url], ['--buyers', '300', '--stock', '100', '--concurrency', '16']);
    const { code, output } = await rush.ended;
    assert.equal(code, 1, `${fault}: ${output}`);
    assert.doesNotMatch(output, /VERDICT: clean/);
  }
});
