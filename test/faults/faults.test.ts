import { after, describe, test } from 'node:test';
import { createPostgres } from '../support/postgres.ts';
import { createStage } from '../support/stage.ts';
import { assertKept } from './assert-kept.ts';
import type { FaultKind } from './fault-kinds.ts';
import { drawPlan } from './plan.ts';
import { runSeed } from './run-seed.ts';
import { formatTable, openSeeds } from './seeds.ts';
import { createWorld, type World } from './world.ts';

/*
 * Each seed is a load of mixed buyers and staff on two engines behind HAProxy and a fault or two in the middle of it.
 * Afterwards the checker judges what everybody saw against what there is. See seeds.ts for how to run more, or one again.
 */

const seeds = openSeeds();

/** The world that seeds share, until one of them has broken something. */
let current: { readonly world: World; end(): Promise<void> } | undefined;

async function getWorld(): Promise<World> {
  if (current !== undefined) return current.world;
  const { promise, resolve } = Promise.withResolvers<() => Promise<void>>();
  const stage = createStage({ after: resolve });
  const end = await promise;
  const postgres = await createPostgres(['max_connections=60']);
  stage.atEnd(postgres.remove);
  const world = await createWorld(stage, { postgres, redis: await stage.redis() });
  current = { world, end };
  return world;
}

async function leaveWorld(): Promise<void> {
  const left = current;
  current = undefined;
  await left?.end();
}

after(leaveWorld);

/** By the ids of the promises that name them. */
const GROUPS: Readonly<Record<string, readonly FaultKind[]>> = {
  'F-01 F-02 F-03 engines are killed or frozen': ['engine killed', 'both engines killed', 'engine frozen'],
  'F-13 F-14 engines are stopped and restarted': ['engine stopped', 'rolling restart'],
  'F-04 Redis is killed': ['Redis killed, empty', 'Redis killed, as left', 'Redis killed, old snapshot'],
  'F-05 F-08 Redis is flushed': ['Redis flushed', 'Redis scripts flushed'],
  'F-06 F-07 Redis is silent, slow or cut off': [
    'Redis replies lost',
    'Redis connections cut',
    'Redis frozen',
    'Redis slow',
  ],
  'F-09 PostgreSQL is killed, restarted or frozen': [
    'PostgreSQL killed',
    'PostgreSQL restarted, fast',
    'PostgreSQL restarted, immediate',
    'PostgreSQL frozen',
  ],
  'F-10 connections to PostgreSQL are cut, at COMMIT as well, or slow': [
    'cut before COMMIT',
    'cut after COMMIT',
    'PostgreSQL connections cut',
    'PostgreSQL slow',
  ],
  'F-11 PostgreSQL has no connection left, or is read-only': ['connections exhausted', 'read-only database'],
  'S-10 the clock of one process is wrong': ['clock shifted'],
};

describe('mixed buyers and staff, with faults: every promise is kept', () => {
  const plans = seeds.seeds.map((seed) => drawPlan(seed));
  for (const [name, kinds] of Object.entries(GROUPS)) {
    const own = plans.filter(({ faults: [first] }) => first !== undefined && kinds.includes(first.kind));
    if (own.length === 0) continue;
    test(`${name}: mixed buyers and staff find every promise kept`, async (t) => {
      const failures: unknown[] = [];
      for (const plan of own) {
        if (seeds.isTimeOver()) break;
        try {
          const result = await runSeed(await getWorld(), plan);
          seeds.finish(result);
          const recovery = result.struck.map(({ kind, recoveryMs }) => `${kind}: ${recoveryMs.toFixed(0)} ms`);
          t.diagnostic(`seed ${plan.seed}: ${result.orders} orders, ${recovery.join(', ')}`);
          assertKept(result);
        } catch (error) {
          failures.push(error);
          await leaveWorld();
        }
      }
      if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
    });
  }
});

after(() => process.stderr.write(`${formatTable(seeds.done)}\n`));
