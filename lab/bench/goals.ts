import type { Round } from './row.ts';
import { REFERENCE } from './rows.ts';
import { type Spread, spreadOf } from './statistics.ts';

/** What a goal looks at: the rate of a row over the best of others, round by round; or a figure that a row brings. */
export type Quantity =
  | { row: string; over: readonly string[] }
  | { row: string; figure: string; unit: '' | ' MB' | ' s' | ' bytes' };

/** What the product has set itself. Without a bound the quantity is shown for information. */
export interface Goal {
  title: string;
  of: Quantity;
  atLeast?: number;
  atMost?: number;
  /** What would be far ahead. */
  moonshot?: number;
}

/** How a goal was met. */
export interface GoalSummary extends Goal {
  value: Spread | undefined;
  verdict: 'moonshot met' | 'met' | 'MISSED' | 'not measured' | 'for information';
}

export const goals: readonly Goal[] = [
  rate('accepted / (b) row lock', 'accepted', ['select-for-update']),
  rate('accepted / (c) conditional update', 'accepted', ['conditional-update']),
  rate('accepted / (d) the best handler that loses nothing', 'accepted', ['conditional-statement'], 3),
  rate('accepted / (e) Redis counter', 'accepted', ['redis-counter'], 1.3),
  rate('accepted / bare echo', 'accepted', [REFERENCE], 0.28, 0.4),
  rate('accepted / bare echo, 256 connections', 'accepted-256', ['echo-256'], 0.3, 0.45),
  rate('accepted with a limit / without', 'limited', ['accepted']),
  rate('accepted through Redis / without', 'gate-1', ['accepted'], 0.8, 1),
  rate('accepted by 2 processes / by 1', 'gate-2', ['gate-1']),
  rate('accepted by 4 processes / by 1', 'gate-4', ['gate-1']),
  rate('refusals of a sold-out item / bare echo', 'sold-out', [REFERENCE], 0.6, 0.8),
  rate('the same through Redis / bare echo', 'sold-out-gate', [REFERENCE]),
  rate('repeats of done orders / bare echo', 'repeats', [REFERENCE], 0.5, 0.7),
  rate('GET of an order / bare echo', 'get-order', [REFERENCE], 0.4, 0.6),
  rate('GET of a sale with its items / bare echo', 'get-sale', [REFERENCE], 0.6, 0.8),
  rate('payments / (c) conditional update', 'pay', ['conditional-update'], 2, 4),
  rate('orders of five lines / of one', 'five-lines', ['accepted'], 0.6, 0.8),
  rate('a thousand sales at once / one hot item', 'thousand-sales', ['accepted'], 0.7, 0.9),
  rate('many orders in the ledger / an empty one', 'filled', ['accepted'], 0.9, 0.97),
  rate('1 % traced / untraced', 'traced', ['accepted']),
  rate('metrics being read / not', 'scraped', ['accepted']),
  rate('rate limits on / off', 'rate-limited', ['accepted']),
  figure('p99 / p50 of placing at 70 % of the top rate', 'paced', 'p99OverP50', '', 5, 3),
  figure('memory at full speed', 'accepted', 'residentMb', ' MB', 250, 180),
  figure('memory with idle connections', 'idle-connections', 'residentMb', ' MB', 500, 350),
  // Back to where it was, but for what a process at rest moves by itself.
  figure('memory after many refusals / before', 'many-refusals', 'afterOverBefore', '', 1.1, 1.02),
  figure('bytes in the ledger for each order', 'order-size', 'bytesPerOrder', ' bytes', 1536, 1024),
  figure('bytes more for each payment', 'payment-size', 'bytesPerPayment', ' bytes'),
  figure('first start until ready', 'start', 'firstSeconds', ' s', 3, 2),
  figure('later starts until ready', 'start', 'laterSeconds', ' s', 1, 0.6),
];

/** Compares with the goals. Rows in `invalid` give no figure. */
export function summarizeGoals(rounds: readonly Round[], invalid: ReadonlySet<string>): GoalSummary[] {
  return goals.map((goal) => {
    const needed = 'over' in goal.of ? [goal.of.row, ...goal.of.over] : [goal.of.row];
    const value = needed.some((row) => invalid.has(row)) ? undefined : quantityOf(goal.of, rounds);
    return { ...goal, value, verdict: judge(goal, value?.median) };
  });
}

/** Whether a value is where the goal wants it. */
export function judge({ atLeast, atMost, moonshot }: Omit<Goal, 'title' | 'of'>, value: number | undefined) {
  if (value === undefined) return 'not measured';
  if (atLeast === undefined && atMost === undefined) return 'for information';
  const sign = atLeast === undefined ? -1 : 1;
  if (moonshot !== undefined && value * sign >= moonshot * sign) return 'moonshot met';
  return value * sign >= (atLeast ?? atMost ?? 0) * sign ? 'met' : 'MISSED';
}

/** The row over the best of the others, round by round: what slows the whole machine for a while cancels out. */
export function ratioOf(rounds: readonly Round[], row: string, over: readonly string[]): Spread | undefined {
  const ratios = rounds
    .filter((round) => round.row === row)
    .map((round) => {
      const others = rounds.filter((other) => over.includes(other.row) && other.number === round.number);
      return (round.load?.perSecond ?? 0) / Math.max(...others.map((other) => other.load?.perSecond ?? 0));
    });
  return spreadOf(ratios.filter((ratio) => Number.isFinite(ratio) && ratio > 0));
}

function quantityOf(of: Quantity, rounds: readonly Round[]): Spread | undefined {
  if ('over' in of) return ratioOf(rounds, of.row, of.over);
  const values = rounds.filter((round) => round.row === of.row).map((round) => round.figures[of.figure]);
  return spreadOf(values.filter((value) => value !== undefined));
}

function rate(title: string, row: string, over: readonly string[], atLeast?: number, moonshot?: number): Goal {
  return { title, of: { row, over }, ...bound('atLeast', atLeast), ...bound('moonshot', moonshot) };
}

function figure(
  title: string,
  row: string,
  name: string,
  unit: Extract<Quantity, { figure: string }>['unit'],
  atMost?: number,
  moonshot?: number,
): Goal {
  return { title, of: { row, figure: name, unit }, ...bound('atMost', atMost), ...bound('moonshot', moonshot) };
}

function bound<Name extends string>(name: Name, value: number | undefined) {
  return value === undefined ? {} : ({ [name]: value } as { [Key in Name]: number });
}
