import { test } from 'node:test';
import { scaled } from '../support/scale.ts';
import { createStage } from '../support/stage.ts';
import { assertKept } from './assert-kept.ts';
import type { Fault } from './fault-kinds.ts';
import { drawPlan } from './plan.ts';
import { createPostgresPair } from './postgres-pair.ts';
import { runSeed } from './run-seed.ts';
import { createWorld } from './world.ts';

for (let seed = 1; seed <= scaled(1, 8); seed += 1) {
  test(`F-09 the primary is killed and its synchronous standby promoted, under mixed buyers and staff (seed ${seed}): every promise is kept`, async (t) => {
    const stage = createStage(t);
    const pair = await createPostgresPair();
    stage.atEnd(pair.remove);
    const promote: Fault = async ({ postgresProxy }, _fault, over) => {
      postgresProxy.passTo(await pair.failOver());
      postgresProxy.cutConnections();
      over();
    };
    const world = await createWorld(stage, {
      ...{ postgres: pair.postgres, redis: await stage.redis() },
      ownFaults: { 'standby promoted': promote },
    });
    const plan = drawPlan(seed, ['standby promoted']);
    // There is one standby.
    const result = await runSeed(world, { ...plan, faults: plan.faults.slice(0, 1) });
    t.diagnostic(`${result.orders} orders, ${result.struck.map(({ recoveryMs }) => recoveryMs.toFixed(0))} ms`);
    assertKept(result);
  });
}
