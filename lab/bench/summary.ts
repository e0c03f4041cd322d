import type { Round } from './rounds.ts';
import { type Goal, goals, REFERENCE, type Row } from './rows.ts';
import { type Spread, spreadOf } from './statistics.ts';

/** A row over all its rounds. */
export interface RowSummary {
  name: string;
  title: string;
  /** False when a round had a fault: the figures are not to be quoted. */
  valid: boolean;
  faults: string[];
  perSecond: Spread | undefined;
  /** The rate over that of the reference in the same round. */
  toReference: Spread | undefined;
  latencyMs: { p50: Spread | undefined; p99: Spread | undefined };
  /** CPU microseconds for each counted answer. */
  cpuMicros: { client: Spread | undefined; server: Spread | undefined; postgres: Spread | undefined };
  /** CPU of others on the machine, as a share of all that was used: over a few percent, measure again. */
  othersShare: Spread | undefined;
}

/** How a goal was met. */
export interface GoalSummary extends Goal {
  ratio: Spread | undefined;
  /** Undefined when nothing valid was measured. */
  met: boolean | undefined;
}

/** Puts the rounds of one row together. `failure` is why the row could not be played to its end. */
export function summarizeRow(row: Row, all: readonly Round[], failure: string | undefined): RowSummary {
  const rounds = all.filter((round) => round.row === row.name);
  const over = (read: (round: Round) => number) => spreadOf(rounds.map(read));
  const faults = rounds.flatMap((round) => round.faults.map((fault) => `round ${round.number}: ${fault}`));
  if (failure !== undefined) faults.push(failure);
  const cpuMicros = (read: (round: Round) => number) => over((round) => (read(round) * 1e6) / round.counted);
  return {
    name: row.name,
    title: row.title,
    valid: faults.length === 0,
    faults,
    perSecond: over((round) => round.perSecond),
    toReference: ratioOf(all, row.name, [REFERENCE]),
    latencyMs: { p50: over((round) => round.load.latencyMs.p50), p99: over((round) => round.load.latencyMs.p99) },
    cpuMicros: {
      client: cpuMicros((round) => round.cpuSeconds.client),
      server: cpuMicros((round) => round.cpuSeconds.server),
      postgres: cpuMicros((round) => round.cpuSeconds.postgres),
    },
    othersShare: over(othersShareOf),
  };
}

/** Compares with the goals for which the rows were measured. */
export function summarizeGoals(all: readonly Round[], rows: readonly RowSummary[]): GoalSummary[] {
  return goals.map((goal) => {
    const needed = rows.filter((row) => row.name === goal.row || goal.over.includes(row.name));
    const complete = needed.length === goal.over.length + 1 && needed.every((row) => row.valid);
    const ratio = complete ? ratioOf(all, goal.row, goal.over) : undefined;
    return { ...goal, ratio, met: ratio === undefined ? undefined : ratio.median >= goal.atLeast };
  });
}

/** The row over the best of the others, round by round: what slows the whole machine for a while cancels out. */
function ratioOf(all: readonly Round[], row: string, over: readonly string[]): Spread | undefined {
  const ratios = all
    .filter((round) => round.row === row)
    .map((round) => {
      const others = all.filter((other) => over.includes(other.row) && other.number === round.number);
      return round.perSecond / Math.max(...others.map((other) => other.perSecond));
    });
  return spreadOf(ratios.filter((ratio) => Number.isFinite(ratio) && ratio > 0));
}

function othersShareOf(round: Round): number {
  const { client, server, postgres, others } = round.cpuSeconds;
  return others / (client + server + postgres + others);
}
