import { after } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { testIdempotencyStore } from '../../test/conformance/idempotency-store.ts';
import { openLink } from '../../test/support/redis-links.ts';
import { scaled } from '../../test/support/scale.ts';
import { createStage } from '../../test/support/stage.ts';
import { createRedisIdempotencyStore } from './redis-idempotency-store.ts';

const cluster = await createStage({ after }).redisCluster();
const links = [await openLink({ after }, cluster.url), await openLink({ after }, cluster.url)] as const;

testIdempotencyStore(
  async ({ retentionMs }) => {
    const [a, b] = links.map((redis) => createRedisIdempotencyStore({ redis, ledgerId: 'ledger', retentionMs }));
    if (a === undefined || b === undefined) throw new Error('There are two processes.');
    return { a, b, advance: pause };
  },
  { modelRuns: scaled(1, 20) },
);
