import { after } from 'node:test';
import { testStockGate } from '../../test/conformance/stock-gate.ts';
import { scaled } from '../../test/support/scale.ts';
import { createStage } from '../../test/support/stage.ts';

const cluster = await createStage({ after }).redisCluster();

await testStockGate(cluster, { modelRuns: scaled(20, 500) });
