import { styleText } from 'node:util';
import type { Violation } from '../checker/violation.ts';
import { type Figures, type Latency, workOutFigures } from './figures.ts';
import type { Rehearsal } from './rehearsal.ts';

/** What the rehearsal found, as the `--json` file holds it. */
export interface Verdict {
  readonly verdict: 'clean' | 'broken';
  /** Broken off: it covers what was sent until then. */
  readonly interrupted: boolean;
  readonly saleId: string;
  readonly figures: Figures;
  readonly violationCount: number;
  /** The first of them; the history file proves the others. */
  readonly violations: readonly Violation[];
}

const VIOLATIONS_KEPT = 200;

export function makeVerdict(rehearsal: Rehearsal): Verdict {
  const { violations, saleId, interrupted } = rehearsal;
  return {
    verdict: violations.length === 0 ? 'clean' : 'broken',
    interrupted,
    saleId,
    figures: workOutFigures(rehearsal),
    violationCount: violations.length,
    violations: violations.slice(0, VIOLATIONS_KEPT),
  };
}

type Paint = (color: 'green' | 'red' | 'bold' | 'dim', text: string) => string;

/** The table for people, and below it the verdict and what broke. */
export function formatVerdict(verdict: Verdict, colors: boolean): string {
  const paint: Paint = (color, text) => (colors ? styleText(color, text, { validateStream: false }) : text);
  const rows: Row[] = [...judgedRows(verdict.figures), [], ...measuredRows(verdict.figures)];
  const table = rows.map((row) => formatRow(row, paint)).join('\n');
  return `\n${table}\n\n${formatConclusion(verdict, paint)}\n`;
}

/** Name, value, remark, and whether it is a figure that must be right (undefined: nothing to judge). */
type Row = readonly [] | readonly [name: string, value: string, remark?: string, isRight?: boolean];

function judgedRows(figures: Figures): Row[] {
  const fault = (name: string, value: number, remark: string): Row => [name, count(value), remark, value === 0];
  const { held, sold, unknown, resolved } = figures;
  const promise = `of ${count(figures.capacity)} units, in ${count(figures.orders)} orders`;
  const books = `${promise} (${count(held)} held, ${count(sold)} sold)`;
  return [
    ['promised', count(figures.promised), books, figures.promised === held + sold],
    fault('oversold', figures.oversold, 'units above the capacity'),
    ['undersold', figures.undersold === 0 ? 'no' : 'YES', 'stock left while buyers went away', figures.undersold === 0],
    fault('duplicates', figures.duplicates, 'second orders for one key'),
    fault('lost', figures.lost, 'accepted orders that cannot be found'),
    fault('limit breaches', figures.limitBreaches, 'buyers above the limit per customer'),
    fault('arrival faults', figures.arrivalFaults, 'gaps, and numbers against real time'),
    fault('false refusals', figures.falseRefusals, '"sold out" while stock was left'),
    ['unknown resolved', count(resolved), `of ${count(unknown)} lost answers, by the same key`, resolved === unknown],
    fault('other faults', figures.otherFaults, 'broken promises of other kinds'),
  ];
}

function measuredRows(figures: Figures): Row[] {
  const refused = Object.entries(figures.refusedByCode);
  const total = refused.reduce((sum, [, number]) => sum + number, 0);
  const byCode = refused.map(([code, number]) => `${code} ${count(number)}`).join(', ');
  const replays = `repeats of an accepted order answered ${count(figures.replays)}`;
  return [
    ['refused', count(total), byCode],
    ['retries', count(figures.retries), replays],
    [
      'requests',
      count(figures.requests),
      `${count(figures.unanswered)} unanswered (${count(figures.hangUps)} on purpose)`,
    ],
    ['accepting', ...formatLatency(figures.accepting)],
    ['refusing', ...formatLatency(figures.refusing)],
    ['orders per second', count(Math.round(figures.ordersPerSecond)), `while selling, ${seconds(figures.sellingMs)}`],
    ['requests per second', count(Math.round(figures.requestsPerSecond)), `over all, ${seconds(figures.elapsedMs)}`],
  ];
}

function formatLatency({ p50Ms, p99Ms, maxMs }: Latency): [string, string] {
  const milliseconds = (value: number | null) => (value === null ? '–' : value.toFixed(1));
  return [`${milliseconds(p50Ms)} ms`, `p50; p99 ${milliseconds(p99Ms)} ms, max ${milliseconds(maxMs)} ms`];
}

function formatRow(row: Row, paint: Paint): string {
  const [name, value, remark = '', isRight] = row;
  if (name === undefined || value === undefined) return '';
  const padded = value.padStart(9);
  const shown = isRight === undefined ? padded : paint(isRight ? 'green' : 'red', padded);
  return `  ${name.padEnd(19)} ${shown}  ${paint('dim', remark)}`.trimEnd();
}

const EXAMPLES_SHOWN = 3;

function formatConclusion(verdict: Verdict, paint: Paint): string {
  const partial = verdict.interrupted ? ' (partial: it was broken off)' : '';
  if (verdict.verdict === 'clean') return paint('green', `VERDICT: clean${partial}`);
  const groups = Map.groupBy(verdict.violations, ({ promise, kind }) => `${promise} ${kind}`);
  const broken = [...groups].map(([name, group]) => {
    const examples = group.slice(0, EXAMPLES_SHOWN).map(({ message }) => `      ${message}`);
    const more = group.length - examples.length;
    return [`  ${paint('red', name)}`, ...examples, ...(more > 0 ? [`      … and ${count(more)} more`] : [])].join(
      '\n',
    );
  });
  const promises = [...new Set(verdict.violations.map(({ promise }) => promise))].sort().join(', ');
  return `${paint('red', `VERDICT: broken: ${promises}${partial}`)}\n${broken.join('\n')}`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(2)} s`;
}
