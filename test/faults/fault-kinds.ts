import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { PlannedFault } from './plan.ts';
import type { World } from './world.ts';

/** Does a fault, and all that it takes to have everything as it was. Calls `over` when orders should succeed again. */
export type Fault = (world: World, fault: PlannedFault, over: () => void) => Promise<void>;

/** Every kind of fault, with the ids of the promises that name it. */
const FAULTS = {
  /** F-01, F-02, F-03: whatever it has under way dies with it, before or after the commit. */
  'engine killed': async ({ engines }, { engine }, over) => {
    await engines[engine].kill();
    over();
    await engines[engine].start();
  },
  'both engines killed': async ({ engines }, _fault, over) => {
    await Promise.all(engines.map((engine) => engine.kill()));
    await Promise.all(engines.map((engine) => engine.start()));
    over();
  },
  /** F-13 */
  'engine stopped': async ({ engines }, { engine }, over) => {
    over();
    await engines[engine].stop();
    await engines[engine].start();
  },
  /** F-14 */
  'rolling restart': async ({ engines }, _fault, over) => {
    over();
    for (const engine of engines) {
      await engine.stop();
      await engine.start();
    }
  },
  'engine frozen': async ({ engines }, { engine, forMs }, over) => {
    engines[engine].freeze();
    await delay(forMs);
    engines[engine].thaw();
    over();
  },
  /** F-04 */
  'Redis killed, empty': async ({ redis }, { forMs }, over) => {
    await redis.kill();
    await delay(forMs);
    await redis.start('empty');
    over();
  },
  'Redis killed, as left': async ({ redis }, { forMs }, over) => {
    await redis.kill();
    await delay(forMs);
    await redis.start('as-left');
    over();
  },
  'Redis killed, old snapshot': async ({ redis }, { forMs }, over) => {
    await redis.saveSnapshot();
    await delay(forMs);
    await redis.kill();
    await redis.start('snapshot');
    over();
  },
  /** F-05 */
  'Redis flushed': async ({ redis }, _fault, over) => {
    for (let round = 0; round < 3; round += 1) {
      await redis.flushAll();
      await delay(100);
    }
    over();
  },
  /** F-06 */
  'Redis replies lost': async ({ redisProxy }, { forMs }, over) => {
    void redisProxy.cutReplies();
    await delay(forMs);
    redisProxy.pass();
    over();
  },
  'Redis connections cut': async ({ redisProxy }, _fault, over) => {
    for (let round = 0; round < 5; round += 1) {
      redisProxy.cutConnections();
      await delay(50);
    }
    over();
  },
  /** F-07 */
  'Redis frozen': async ({ redis }, { forMs }, over) => {
    redis.pause();
    await delay(forMs);
    redis.resume();
    over();
  },
  'Redis slow': async ({ redisProxy }, { forMs }, over) => {
    redisProxy.delayReplies(2_000);
    await delay(forMs);
    redisProxy.delayReplies(0);
    over();
  },
  /** F-08 */
  'Redis scripts flushed': async ({ redis }, _fault, over) => {
    await redis.scriptFlush();
    over();
  },
  /** F-09 */
  'PostgreSQL killed': async ({ postgres }, _fault, over) => {
    await postgres.kill();
    await postgres.start();
    over();
  },
  'PostgreSQL restarted, fast': async ({ postgres }, { forMs }, over) => {
    await postgres.stop('fast');
    await delay(forMs / 2);
    await postgres.start();
    over();
  },
  'PostgreSQL restarted, immediate': async ({ postgres }, _fault, over) => {
    await postgres.stop('immediate');
    await postgres.start();
    over();
  },
  'PostgreSQL frozen': async ({ postgres }, { forMs }, over) => {
    postgres.pause();
    await delay(forMs);
    postgres.resume();
    over();
  },
  'PostgreSQL connections cut': async ({ postgresProxy }, _fault, over) => {
    for (let round = 0; round < 5; round += 1) {
      postgresProxy.cutConnections();
      await delay(60);
    }
    over();
  },
  'PostgreSQL slow': async ({ postgresProxy }, { forMs }, over) => {
    postgresProxy.delayAnswers(150);
    await delay(forMs);
    postgresProxy.delayAnswers(0);
    over();
  },
  /** F-10, F-02 */
  'cut before COMMIT': ({ postgresProxy }, { choice }, over) =>
    cutCommits(postgresProxy, 'before-commit', choice).then(over),
  /** F-10, F-03 */
  'cut after COMMIT': ({ postgresProxy }, { choice }, over) =>
    cutCommits(postgresProxy, 'after-commit', choice).then(over),
  /** F-11: others have taken every connection that PostgreSQL has, and the engines lose theirs. */
  'connections exhausted': async ({ postgres, postgresProxy, database }, { forMs }, over) => {
    const others = await takeAllConnections(postgres.url(database));
    postgresProxy.cutConnections();
    await delay(50);
    others.push(...(await takeAllConnections(postgres.url(database))));
    await delay(forMs);
    await Promise.all(others.map((client) => client.end()));
    over();
  },
  /** As when it has failed over to a replica that is not promoted yet. */
  'read-only database': async ({ query, database, postgresProxy }, { forMs }, over) => {
    await query(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
    postgresProxy.cutConnections();
    await delay(forMs);
    await query(`ALTER DATABASE ${database} RESET default_transaction_read_only`);
    postgresProxy.cutConnections();
    over();
  },
  /** The clock of one process jumps, and back; every other clock is right. By less than tokens live: those expire by it. */
  'clock shifted': async ({ shiftClock }, { forMs, choice }, over) => {
    const seconds = [-1_800, -600, -45, 45, 600, 1_800][Math.floor(choice * 6)] ?? 45;
    shiftClock(seconds);
    await delay(forMs);
    shiftClock(0);
    over();
  },
} as const satisfies Readonly<Record<string, Fault>>;

/** What only worlds of its own kind can suffer: they say how. */
export type OwnFaultKind = 'disk full' | 'standby promoted' | 'Sentinel fails over';

export type FaultKind = keyof typeof FAULTS | OwnFaultKind;

export const FAULT_KINDS: readonly FaultKind[] = Object.keys(FAULTS).filter(
  (name): name is FaultKind => name in FAULTS,
);

/**
 * Does it, from beginning to end, and tells when orders should succeed again. Resolves with all as it was, and with what
 * `afterwards` came to, which is done from that moment on.
 */
export async function strike<Result>(
  world: World,
  fault: PlannedFault,
  afterwards: (overAtMs: number) => Promise<Result>,
): Promise<Result> {
  const { promise: over, resolve } = Promise.withResolvers<number>();
  const doIt = isUsual(fault.kind) ? FAULTS[fault.kind] : world.ownFaults[fault.kind];
  if (doIt === undefined) throw new Error(`This world cannot suffer "${fault.kind}".`);
  const striking = doIt(world, fault, () => resolve(performance.now()));
  const [result] = await Promise.all([Promise.race([over, striking.then(() => over)]).then(afterwards), striking]);
  return result;
}

function isUsual(kind: string): kind is keyof typeof FAULTS {
  return kind in FAULTS;
}

async function cutCommits(
  proxy: World['postgresProxy'],
  cut: 'before-commit' | 'after-commit',
  choice: number,
): Promise<void> {
  await Promise.race([proxy.cutCommits(cut, 1 + Math.floor(choice * 6)), delay(2_000)]);
  if (proxy.spareCommits() === 0) throw new Error('No COMMIT has passed: nothing was cut.');
}

async function takeAllConnections(url: string): Promise<pg.Client[]> {
  const taken: pg.Client[] = [];
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      taken.push(client);
    } catch {
      await client.end().catch(() => once(client, 'end'));
      return taken;
    }
  }
}
