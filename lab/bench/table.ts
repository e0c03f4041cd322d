import type { Goal, GoalSummary } from './goals.ts';
import type { Spread } from './statistics.ts';
import type { RowSummary } from './summary.ts';

/** The rows under load as a table for people: medians, the range in brackets. CPU is microseconds for each counted answer. */
export function formatTable(rows: readonly RowSummary[]): string {
  const heading = [
    ...['', 'answers/s', 'x echo', 'p50 ms', 'p99 ms'],
    ...['client µs', 'server µs', 'postgres µs', 'redis µs', 'server MB', 'others'],
  ];
  const lines = rows.map((row) => [
    titleOf(row),
    formatSpread(row.perSecond, 0),
    formatSpread(row.toReference, 3),
    formatMedian(row.latencyMs.p50, 1),
    formatMedian(row.latencyMs.p99, 1),
    formatMedian(row.cpuMicros.client, 1),
    formatMedian(row.cpuMicros.server, 1),
    formatMedian(row.cpuMicros.postgres, 1),
    formatMedian(row.cpuMicros.redis, 1),
    formatMedian(row.figures['residentMb'], 0),
    row.othersShare === undefined ? '–' : `${(row.othersShare.median * 100).toFixed(0)} %`,
  ]);
  return alignColumns([heading, ...lines]);
}

/** A row that measures in its own way, in one line. */
export function formatFigures(row: RowSummary): string {
  const figures = Object.entries(row.figures).map(([name, spread]) => `${name} ${formatSpread(spread, 2)}`);
  return `${titleOf(row)}: ${figures.join(', ') || '–'}`;
}

function titleOf(row: RowSummary): string {
  return row.valid ? row.title : `${row.title} (INVALID)`;
}

/** All goals, aligned. */
export function formatGoals(goals: readonly GoalSummary[]): string {
  const lines = goals.map((goal) => [
    goal.title,
    `${formatSpread(goal.value, 2)}${'unit' in goal.of && goal.value !== undefined ? goal.of.unit : ''}`,
    boundOf(goal),
    goal.moonshot === undefined ? '' : `${signOf(goal)} ${goal.moonshot}`,
    ` ${goal.verdict}`,
  ]);
  return alignColumns([['', 'median [range]', 'goal', 'moonshot', ''], ...lines]);
}

function boundOf(goal: Goal): string {
  const bound = goal.atLeast ?? goal.atMost;
  return bound === undefined ? '' : `${signOf(goal)} ${bound}`;
}

function signOf(goal: Goal): string {
  return goal.atMost === undefined ? '≥' : '≤';
}

/** Past this share of the CPU, what others do on the machine decides the figures. */
const DISTURBED_SHARE = 0.1;

/** A warning when others used the machine while it was measured; undefined when they did not. */
export function formatDisturbance(rows: readonly RowSummary[]): string | undefined {
  const disturbed = rows.filter((row) => (row.othersShare?.median ?? 0) > DISTURBED_SHARE);
  if (disturbed.length === 0) return undefined;
  const names = disturbed.map((row) => row.name).join(', ');
  return `Not to be quoted: others used over ${DISTURBED_SHARE * 100} % of the CPU while these ran: ${names}.`;
}

function formatSpread(spread: Spread | undefined, digits: number): string {
  if (spread === undefined) return '–';
  const [median, min, max] = [spread.median, spread.min, spread.max].map((value) => formatNumber(value, digits));
  return `${median} [${min}–${max}]`;
}

function formatMedian(spread: Spread | undefined, digits: number): string {
  return spread === undefined ? '–' : formatNumber(spread.median, digits);
}

function formatNumber(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** The first column to the left, the others to the right. */
function alignColumns(cells: readonly (readonly string[])[]): string {
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0))) ?? [];
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return cells.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}
