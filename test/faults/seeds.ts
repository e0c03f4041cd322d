import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { scaled } from '../support/scale.ts';
import type { FaultKind } from './fault-kinds.ts';
import type { SeedResult } from './run-seed.ts';

/*
 * How much is run, by the environment:
 *   FAULT_SEEDS     which seeds, "17" or "0-199"; one seed replays its run
 *   FAULT_MINUTES   how long at most; what is left over is left out
 *   FAULT_JOURNAL   a file that remembers seeds that are done, so that the next run goes on with the others
 */

/** A seed that is done, as the journal keeps it. */
export type JournalEntry = Pick<SeedResult, 'seed' | 'struck' | 'requests' | 'orders' | 'tookMs'> & {
  readonly violations: number;
};

export interface Seeds {
  /** Those that are to be run. */
  readonly seeds: readonly number[];
  /** What was done, in this run and in earlier ones that the journal remembers. */
  readonly done: readonly JournalEntry[];
  isTimeOver(): boolean;
  finish(result: SeedResult): void;
}

/** An engine and Redis are killed, and connections are cut at COMMIT. */
const SHORT = [0, 5, 20];

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

function parseSeeds(text: string | undefined): number[] | undefined {
  const [from, to = from] = text?.split('-').map(Number) ?? [];
  return from === undefined || to === undefined ? undefined : range(from, to);
}

export function openSeeds(): Seeds {
  const wanted = parseSeeds(process.env['FAULT_SEEDS']) ?? (scaled(0, 1) === 0 ? SHORT : range(0, 199));
  const journal = process.env['FAULT_JOURNAL'];
  const deadline = performance.now() + Number(process.env['FAULT_MINUTES'] ?? 14) * 60_000;
  const done: JournalEntry[] = journal !== undefined && existsSync(journal) ? readJournal(journal) : [];
  const known = new Set(done.map(({ seed }) => seed));
  return {
    seeds: wanted.filter((seed) => !known.has(seed)),
    done,
    isTimeOver: () => performance.now() > deadline,
    finish({ seed, struck, requests, orders, tookMs, violations }) {
      const entry = { seed, struck, requests, orders, tookMs, violations: violations.length };
      done.push(entry);
      if (journal !== undefined) appendFileSync(journal, `${JSON.stringify(entry)}\n`);
    },
  };
}

function readJournal(file: string): JournalEntry[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

/** What was injected how often, how long it took until orders succeeded again, and what broke. */
export function formatTable(done: readonly JournalEntry[]): string {
  const struck = done.flatMap((entry) => entry.struck.map((each) => ({ ...each, violations: entry.violations })));
  const rows = [...Map.groupBy(struck, ({ kind }) => kind)].map(([kind, group]) => formatRow(kind, group));
  const total = (of: (entry: JournalEntry) => number) => done.reduce((sum, entry) => sum + of(entry), 0);
  const sums = [
    `${done.length} seeds`,
    `${total(({ orders }) => orders)} orders`,
    `${total(({ requests }) => requests)} requests`,
  ];
  return [
    `${'fault'.padEnd(34)} times  recovery ms: median      max  violations`,
    ...rows.sort(),
    `${sums.join(', ')}, ${total(({ violations }) => violations)} violations`,
  ].join('\n');
}

function formatRow(kind: FaultKind, group: readonly { recoveryMs: number; violations: number }[]): string {
  const recoveries = group.map(({ recoveryMs }) => recoveryMs).sort((a, b) => a - b);
  const median = recoveries[Math.floor(recoveries.length / 2)] ?? 0;
  const columns = [
    kind.padEnd(34),
    String(group.length).padStart(5),
    median.toFixed(0).padStart(20),
    (recoveries.at(-1) ?? 0).toFixed(0).padStart(8),
    String(group.reduce((sum, { violations }) => sum + violations, 0)).padStart(11),
  ];
  return columns.join(' ');
}
