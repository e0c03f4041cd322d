import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { playLoad } from './play-load.ts';
import type { Postgres } from './postgres.ts';
import type { Redis } from './redis.ts';
import type { Played, Round, Row } from './row.ts';
import type { Effort, Site } from './site.ts';

/** What the rounds are played on. */
export interface Arena {
  postgres: Postgres;
  /** There unless no row needs it, or why it is not. */
  redis: Redis | Error | undefined;
  folder: string;
  rounds: number;
  effort: Effort;
  /** Profiles of this row's servers go into this folder. */
  profile: { row: string; folder: string } | undefined;
  signal: AbortSignal;
}

/** Takes the rows in turn, round by round. A row that fails is left out from then on, with its reason; the others go on. */
export async function playInTurns(
  arena: Arena,
  rows: readonly Row[],
  say: (line: string) => void,
): Promise<{ rounds: Round[]; failures: Map<string, string> }> {
  const rounds: Round[] = [];
  const failures = new Map<string, string>();
  for (let number = 1; number <= arena.rounds; number++) {
    for (const row of rows.filter(({ name, roundsMax = number }) => !failures.has(name) && number <= roundsMax)) {
      const turn = `${number}/${arena.rounds} ${row.name}`;
      try {
        const round = { row: row.name, number, ...(await playRound(arena, row, number, rounds)) };
        rounds.push(round);
        say(`${turn}: ${describe(round)} ${round.faults.join(', ')}`);
      } catch (error) {
        if (arena.signal.aborted) throw new Error('Stopped.');
        const reason = error instanceof Error ? error.message : String(error);
        failures.set(row.name, reason);
        say(`${turn} failed: ${reason}`);
      }
    }
  }
  return { rounds, failures };
}

function describe({ load, figures }: Played): string {
  if (load !== undefined) return `${Math.round(load.perSecond)}/s`;
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join(', ');
}

/** Plays one round of a row on a database and in a folder of its own. */
async function playRound(arena: Arena, row: Row, number: number, earlier: readonly Round[]): Promise<Played> {
  const { keepsDatabase: kept = false } = row;
  const database = kept ? row.name : `${row.name}-${number}`;
  const databaseIsNew = !kept || number === 1;
  const folder = mkdtempSync(join(arena.folder, 'round-'));
  try {
    const redis = row.usesRedis ? await emptyRedis(arena.redis) : undefined;
    const site: Site = {
      databaseUrl: await arena.postgres.provideDatabase(database),
      databaseIsNew,
      postgres: arena.postgres,
      redis,
      folder,
      nodeArguments: arena.profile?.row === row.name ? ['--cpu-prof', `--cpu-prof-dir=${arena.profile.folder}`] : [],
      effort: arena.effort,
      signal: arena.signal,
      rateOf: (name) => {
        const rate = earlier.find((round) => round.row === name && round.number === number)?.load?.perSecond;
        if (rate === undefined) throw new Error(`There is no figure of ${name} in this round.`);
        return rate;
      },
    };
    return await ('play' in row ? row.play(site) : playLoad(site, row));
  } finally {
    if (!kept) await arena.postgres.dropDatabase(database);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function emptyRedis(redis: Arena['redis']): Promise<Redis> {
  if (redis === undefined) throw new Error('no Redis was started');
  if (redis instanceof Error) throw redis;
  await redis.empty();
  return redis;
}
