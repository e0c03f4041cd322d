import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';

// Real code under a scheduler. Whatever an actor waits for is a gate; when all actors wait, the walk chooses one gate and
// how it opens. A schedule is the names of these choices, and the same names lead through the same run.

/** Where actors wait. */
export interface Gates {
  /** Waits until the walk opens this gate, in one of these ways. `when`: it can be opened only then. */
  wait<Way extends string>(actor: string, ways: () => readonly Way[], when?: () => boolean): Promise<Way>;
}

/** One run, made anew for each schedule. */
export interface World {
  /** Starts the actors. They wait at gates for all that others could come in between. */
  start(gates: Gates): void;
  /** What happens beside the actors, when it can. */
  events?(): readonly { readonly name: string; readonly happen: () => void }[];
  /** The first invariant that does not hold now, by its name. */
  broken(): string | undefined;
  /** The same for when nothing is left to happen. */
  brokenAtRest(): string | undefined;
  close?(): Promise<void> | void;
}

interface Choice {
  readonly name: string;
  readonly take: () => void;
}

/** Gives the place of one of these choices. */
type Choose = (choices: readonly Choice[]) => number | undefined;

interface Run {
  readonly schedule: readonly string[];
  readonly violation: string | undefined;
}

export interface Walked {
  readonly schedules: number;
  readonly stepsMax: number;
  readonly seconds: number;
}

/** Against actors that go round and round. */
const STEPS_MAX = 500;

async function run(open: () => World, choose: Choose): Promise<Run> {
  const world = open();
  const waiting = new Map<string, () => readonly Choice[]>();
  const schedule: string[] = [];
  const gates: Gates = {
    wait: (actor, ways, when = () => true) =>
      new Promise((resolve) => {
        waiting.set(actor, () =>
          when()
            ? ways().map((way) => ({
                name: `${actor}: ${way}`,
                take() {
                  waiting.delete(actor);
                  resolve(way);
                },
              }))
            : [],
        );
      }),
  };
  try {
    world.start(gates);
    for (;;) {
      await turn();
      const broken = world.broken();
      if (broken !== undefined) return { schedule, violation: broken };
      const events = (world.events?.() ?? []).map(({ name, happen }): Choice => ({ name, take: happen }));
      const choices = [...[...waiting.keys()].sort().flatMap((actor) => waiting.get(actor)?.() ?? []), ...events];
      const chosen = choices.length === 0 ? undefined : choices[choose(choices) ?? 0];
      if (chosen === undefined) {
        const stuck = waiting.size > 0 ? `somebody waits for ever: ${[...waiting.keys()].join(', ')}` : undefined;
        return { schedule, violation: stuck ?? world.brokenAtRest() };
      }
      assert.ok(schedule.length < STEPS_MAX, `A schedule does not end: ${schedule.slice(0, 50).join('; ')} …`);
      schedule.push(chosen.name);
      chosen.take();
    }
  } finally {
    await world.close?.();
  }
}

/** Every schedule, one after the other, each run from the start; `fails` gets the first that breaks an invariant. */
async function walkAll(open: () => World, fails: (failed: Run) => void): Promise<Walked> {
  const startedAt = process.hrtime.bigint();
  let path: { chosen: number; of: number }[] = [];
  let schedules = 0;
  let stepsMax = 0;
  for (;;) {
    let step = 0;
    const ended = await run(open, (choices) => {
      const at = path[step] ?? { chosen: 0, of: choices.length };
      path[step] = at;
      assert.equal(at.of, choices.length, 'the same choices lead to another run');
      step += 1;
      return at.chosen;
    });
    schedules += 1;
    stepsMax = Math.max(stepsMax, step);
    if (ended.violation !== undefined) {
      fails(ended);
      break;
    }
    path = path.slice(0, path.findLastIndex(({ chosen, of }) => chosen + 1 < of) + 1);
    const last = path.at(-1);
    if (last === undefined) break;
    last.chosen += 1;
  }
  return { schedules, stepsMax, seconds: secondsSince(startedAt) };
}

/** So many schedules by chance, the same for the same seed. */
async function walkSome(open: () => World, count: number, seed: number, fails: (failed: Run) => void): Promise<Walked> {
  const startedAt = process.hrtime.bigint();
  const random = randomOf(seed);
  const seen = new Set<string>();
  let stepsMax = 0;
  for (let index = 0; index < count; index += 1) {
    const ended = await run(open, (choices) => Math.floor(random() * choices.length));
    seen.add(ended.schedule.join('\n'));
    stepsMax = Math.max(stepsMax, ended.schedule.length);
    if (ended.violation !== undefined) {
      fails(ended);
      break;
    }
  }
  return { schedules: seen.size, stepsMax, seconds: secondsSince(startedAt) };
}

/** A shorter schedule that breaks the same invariant: steps are left out as long as it does. */
async function shrink(open: () => World, failed: Run): Promise<Run> {
  let shortest = failed;
  for (let size = Math.ceil(failed.schedule.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < shortest.schedule.length; ) {
      const names = shortest.schedule.toSpliced(from, size);
      const tried = await run(open, followed(names));
      const shorter = tried.violation === failed.violation && tried.schedule.length < shortest.schedule.length;
      if (shorter) shortest = tried;
      else from += size;
    }
  }
  return shortest;
}

/** Takes the named choices in their sequence, passes over what cannot be taken, and then the first of what there is. */
function followed(names: readonly string[]): Choose {
  let left = [...names];
  return (choices) => {
    const names = choices.map((choice) => choice.name);
    const at = left.findIndex((name) => names.includes(name));
    const name = left[at];
    if (name === undefined) return 0;
    left = left.slice(at + 1);
    return names.indexOf(name);
  };
}

/** Every schedule, or by chance so many of them; in none is an invariant broken. A failure tells how to see it again. */
export async function assertWalks(
  open: () => World,
  which: 'all' | { readonly count: number; readonly seed: number },
  log: (line: string) => void,
): Promise<Walked> {
  const failures: Run[] = [];
  const keep = (failed: Run) => failures.push(failed);
  const walked = which === 'all' ? await walkAll(open, keep) : await walkSome(open, which.count, which.seed, keep);
  const [failed] = failures;
  if (failed !== undefined) {
    const { violation, schedule } = await shrink(open, failed);
    const again = which === 'all' ? '' : ` (TEST_SEED=${which.seed})`;
    assert.fail(`"${violation}" does not hold after${again}:\n  ${schedule.join('\n  ')}`);
  }
  const { schedules, stepsMax, seconds } = walked;
  const how = which === 'all' ? 'all there are' : `by chance, TEST_SEED=${which.seed}`;
  log(
    `${schedules} schedules (${how}) of up to ${stepsMax} steps run in ${seconds.toFixed(2)} s: ` +
      `${Math.round(schedules / seconds)} schedules a second`,
  );
  return walked;
}

/** Some schedule breaks this invariant: the walk can tell the code from a broken one. */
export async function assertWalkBreaks(
  open: () => World,
  invariant: string,
  log: (line: string) => void,
): Promise<void> {
  const failures: Run[] = [];
  const { schedules } = await walkAll(open, (failed) => failures.push(failed));
  const [failed] = failures;
  assert.equal(
    failed?.violation,
    invariant,
    `in ${schedules} schedules the broken code is not told from the right one`,
  );
  if (failed === undefined) return;
  log(`"${invariant}" is broken by: ${(await shrink(open, failed)).schedule.join('; ')}`);
}

/** The seed of this run; one that failed is given by TEST_SEED. */
export function seedOfRun(): number {
  return Number(process.env['TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
}

/** mulberry32: small, and good enough to choose by. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const secondsSince = (startedAt: bigint): number => Number(process.hrtime.bigint() - startedAt) / 1e9;
