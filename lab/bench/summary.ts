import { ratioOf } from './goals.ts';
import type { CpuSeconds, Round, Row } from './row.ts';
import { REFERENCE } from './rows.ts';
import { type Spread, spreadOf } from './statistics.ts';

/** A row over all its rounds. */
export interface RowSummary {
  name: string;
  title: string;
  group: string;
  /** False when a round had a fault: the figures are not to be quoted. */
  valid: boolean;
  faults: string[];
  perSecond: Spread | undefined;
  /** The rate over that of the reference in the same round. */
  toReference: Spread | undefined;
  latencyMs: { p50: Spread | undefined; p99: Spread | undefined };
  /** CPU microseconds for each counted answer. */
  cpuMicros: Record<'client' | 'server' | 'postgres' | 'redis', Spread | undefined>;
  /** CPU of others on the machine, as a share of all that was used: over a few percent, measure again. */
  othersShare: Spread | undefined;
  figures: Record<string, Spread | undefined>;
}

/** Puts the rounds of one row together. `failure` is why the row could not be played to its end. */
export function summarizeRow(row: Row, all: readonly Round[], failure: string | undefined): RowSummary {
  const rounds = all.filter((round) => round.row === row.name);
  const loads = rounds.flatMap((round) => (round.load === undefined ? [] : [round.load]));
  const over = (read: (load: (typeof loads)[number]) => number) => spreadOf(loads.map(read));
  const micros = (who: keyof CpuSeconds) => over((load) => (load.cpuSeconds[who] * 1e6) / load.counted);
  const faults = rounds.flatMap((round) => round.faults.map((fault) => `round ${round.number}: ${fault}`));
  if (failure !== undefined) faults.push(failure);
  return {
    name: row.name,
    title: row.title,
    group: row.group,
    valid: faults.length === 0 && rounds.length > 0,
    faults,
    perSecond: over((load) => load.perSecond),
    toReference: ratioOf(all, row.name, [row.reference ?? REFERENCE]),
    latencyMs: { p50: over((load) => load.seen.latencyMs.p50), p99: over((load) => load.seen.latencyMs.p99) },
    cpuMicros: {
      client: micros('client'),
      server: micros('server'),
      postgres: micros('postgres'),
      redis: micros('redis'),
    },
    othersShare: over((load) => othersShareOf(load.cpuSeconds)),
    figures: summarizeFigures(rounds),
  };
}

function summarizeFigures(rounds: readonly Round[]): Record<string, Spread | undefined> {
  const names = new Set(rounds.flatMap((round) => Object.keys(round.figures)));
  const spread = (name: string) => spreadOf(rounds.flatMap((round) => round.figures[name] ?? []));
  return Object.fromEntries([...names].map((name) => [name, spread(name)]));
}

/** Of all the CPU time that was used, the share of those who have nothing to do with the benchmark. */
export function othersShareOf({ client, server, postgres, redis, others }: CpuSeconds): number {
  return others / (client + server + postgres + redis + others);
}
