import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPostgres } from '../support/postgres.ts';
import { createStage } from '../support/stage.ts';
import { drawPlan } from './plan.ts';
import { runSeed } from './run-seed.ts';
import { createWorld } from './world.ts';

/*
 * Whether the checker sees what breaks is shown by engines that are broken: triggers in their database do what a wrong
 * engine would do. What is recorded then must be rejected, for the reason that was built in.
 */

/** By what must be found: a trigger's body, its table and when it fires. */
const SABOTAGES = {
  // A second capture of the same money, as after a repeat under a new key.
  'PAY-10 books-differ': {
    table: 'sandbox_payments',
    when: `BEFORE UPDATE OR INSERT ON sandbox_payments FOR EACH ROW WHEN (NEW.captured_minor > 0)`,
    body: `NEW.captured_minor = NEW.amount_minor + 1; RETURN NEW;`,
  },
  // An event that was written after the commit, by a process that was killed in between.
  'WH-01 event-missing': {
    table: 'outbox',
    when: `BEFORE INSERT ON outbox FOR EACH ROW WHEN (NEW.version = 3)`,
    body: `RETURN NULL;`,
  },
  // A step that skips a state.
  'S-11 unpublished-step': {
    table: 'order_events',
    when: `BEFORE INSERT ON order_events FOR EACH ROW WHEN (NEW.type = 'order.paid')`,
    body: `NEW.cause = 'payment-refused'; RETURN NEW;`,
  },
  // Stock that was given back twice.
  'S-06 wrong-counters': {
    table: 'items',
    when: `BEFORE UPDATE ON items FOR EACH ROW WHEN (NEW.held < OLD.held AND NEW.available > OLD.available AND OLD.held > 1)`,
    body: `NEW.held = NEW.held - 1; NEW.available = NEW.available + 1; RETURN NEW;`,
  },
} as const;

/** What is broken may never come to rest. */
const BROKEN_REST_MS = 3_000;

const VISITS = 80;

test('the checker rejects what broken engines do, each for its reason, and accepts the same run on a right one', async (t) => {
  const stage = createStage(t);
  const postgres = await createPostgres();
  stage.atEnd(postgres.remove);
  const world = await createWorld(stage, { postgres, redis: await stage.redis() });
  const drawn = drawPlan(4);
  const plan = { ...drawn, visits: drawn.visits.slice(0, VISITS), faults: [], errands: [] };
  assert.deepEqual((await runSeed(world, plan)).violations, []);
  for (const [expected, { table, when, body }] of Object.entries(SABOTAGES)) {
    await world.query(`CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$`);
    await world.query(`CREATE TRIGGER sabotage ${when} EXECUTE FUNCTION sabotage()`);
    const { violations } = await runSeed(world, plan, BROKEN_REST_MS);
    const found = new Set(violations.map(({ promise, kind }) => `${promise} ${kind}`));
    assert.ok(found.has(expected), `${expected} was not found among ${[...found].join(', ')}`);
    await world.query(`DROP TRIGGER sabotage ON ${table}; DROP FUNCTION sabotage()`);
  }
});
