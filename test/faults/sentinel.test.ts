import { test } from 'node:test';
import { createPostgres } from '../support/postgres.ts';
import { scaled } from '../support/scale.ts';
import { createStage } from '../support/stage.ts';
import { assertKept } from './assert-kept.ts';
import type { Fault } from './fault-kinds.ts';
import { drawPlan } from './plan.ts';
import { runSeed } from './run-seed.ts';
import { createWorld } from './world.ts';

for (let seed = 1; seed <= scaled(1, 8); seed += 1) {
  test(`F-04 Sentinel fails over to a replica that has not heard of everything, under mixed buyers and staff (seed ${seed}): every promise is kept`, async (t) => {
    const stage = createStage(t);
    const postgres = await createPostgres(['max_connections=60']);
    stage.atEnd(postgres.remove);
    const redis = await stage.redisSentinel();
    const failOver: Fault = async (_world, _fault, over) => {
      await (await redis.master()).kill();
      over();
    };
    const world = await createWorld(stage, {
      ...{ postgres, redis: await stage.redis() },
      settings: { REDIS_URL: redis.url },
      ownFaults: { 'Sentinel fails over': failOver },
    });
    const plan = drawPlan(seed, ['Sentinel fails over']);
    // Its only replica is the master then.
    const result = await runSeed(world, { ...plan, faults: plan.faults.slice(0, 1) });
    t.diagnostic(`${result.orders} orders, ${result.struck.map(({ recoveryMs }) => recoveryMs.toFixed(0))} ms`);
    assertKept(result);
  });
}
