import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countAnswers, findOtherAnswers } from './audit.ts';
import { type CheckTurn, type ExpectedRatio, judgeCheck } from './check-verdict.ts';
import { measure, stopAll } from './play-load.ts';
import type { Postgres } from './postgres.ts';
import type { LoadRow, Row } from './row.ts';
import type { Site } from './site.ts';
import type { Subject } from './subject.ts';
import { othersShareOf } from './summary.ts';

/** Seconds and turns: enough to see a path that costs twice as much, and half a minute in all. */
const WARM_UP_SECONDS = 2;
const TURN_SECONDS = 1;
const TURNS = 6;

/** When no further turn begins: on a busy machine everything takes longer, and nobody waits for a check. */
const NO_TURN_AFTER_MS = 40_000;

interface Contender {
  row: LoadRow;
  site: Site;
  subject: Subject;
}

/**
 * The check of the continuous integration: a few servers stand side by side and take short turns; the ratios of their
 * best turns are compared with the committed ones. Answers whether all is well, or nothing can be said.
 */
export async function checkRatios(
  rows: readonly Row[],
  place: Pick<Site, 'signal' | 'effort'> & { postgres: Postgres; folder: string },
  say: (line: string) => void,
): Promise<boolean> {
  const expected = JSON.parse(
    readFileSync(join(import.meta.dirname, 'expected-ratios.json'), 'utf8'),
  ) as ExpectedRatio[];
  const names = new Set(expected.flatMap(({ row, over }) => [over, row]));
  const contenders: Contender[] = [];
  const startedAt = performance.now();
  const turns: CheckTurn[] = [];
  try {
    for (const row of rows.filter(({ name }) => names.has(name))) {
      if ('play' in row) throw new Error(`The row ${row.name} cannot take short turns.`);
      contenders.push(await prepare(row, place));
    }
    for (const contender of contenders) await play(contender, WARM_UP_SECONDS);
    await place.postgres.checkpoint();
    for (let turn = 0; turn < TURNS && performance.now() - startedAt < NO_TURN_AFTER_MS; turn++) {
      for (const contender of contenders) turns.push(await play(contender, TURN_SECONDS));
    }
  } finally {
    for (const { subject } of contenders.toReversed()) await stopAll(subject);
  }
  const verdict = judgeCheck(turns, expected);
  for (const line of verdict.lines) say(line);
  if (verdict.outcome === 'too noisy') say('Too noisy to compare: nothing is said about the speed.');
  return verdict.outcome !== 'far below';
}

async function prepare(row: LoadRow, place: Parameters<typeof checkRatios>[1]): Promise<Contender> {
  const site: Site = {
    ...place,
    databaseUrl: await place.postgres.provideDatabase(`check-${row.name}`),
    databaseIsNew: true,
    redis: undefined,
    folder: mkdtempSync(join(place.folder, 'check-')),
    nodeArguments: [],
    rateOf: () => Number.NaN,
  };
  return { row, site, subject: await row.open(site) };
}

let turnNumber = 0;

async function play({ row, site, subject }: Contender, seconds: number): Promise<CheckTurn> {
  const nonce = `turn-${++turnNumber}`;
  const { connections } = site.effort;
  const { measured, cpuSeconds } = await measure(site, subject, { connections, seconds, nonce, signal: site.signal });
  const faults = findOtherAnswers(row.counts, measured);
  if (faults.length > 0) throw new Error(`${row.name}: ${faults.join(', ')}`);
  const perSecond = countAnswers(row.counts, measured) / measured.seconds;
  return { row: row.name, perSecond, othersShare: othersShareOf(cpuSeconds) };
}
