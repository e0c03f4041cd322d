import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goals, judge, ratioOf, summarizeGoals } from './goals.ts';
import type { Round } from './row.ts';
import { rows } from './rows.ts';

function round(row: string, number: number, perSecond: number, figures: Record<string, number> = {}): Round {
  const cpuSeconds = { client: 1, server: 1, postgres: 1, redis: 0, others: 0, stolen: 0 };
  const seen = { seconds: 1, connections: 1, statuses: {}, transportErrors: 0, latencyMs: { p50: 1, p99: 1, max: 1 } };
  return { row, number, load: { counted: perSecond, perSecond, seen, cpuSeconds }, figures, faults: [] };
}

test('every goal is about rows that there are', () => {
  const names = new Set(rows.map(({ name }) => name));
  const needed = goals.flatMap(({ of }) => ('over' in of ? [of.row, ...of.over] : [of.row]));
  assert.deepEqual(
    needed.filter((name) => !names.has(name)),
    [],
  );
});

test('a ratio compares within a round, with the best of the others', () => {
  const rounds = [
    ...[round('a', 1, 100), round('b', 1, 50), round('c', 1, 20)],
    ...[round('a', 2, 10), round('b', 2, 2), round('c', 2, 2.5)],
  ];
  assert.deepEqual(ratioOf(rounds, 'a', ['b', 'c']), { median: 3, min: 2, max: 4 });
});

test('rows that were not played give no ratio', () => {
  assert.equal(ratioOf([round('a', 1, 100)], 'a', ['b']), undefined);
  assert.equal(ratioOf([round('b', 1, 100)], 'a', ['b']), undefined);
});

const verdicts = [
  { bounds: { atLeast: 3, moonshot: 4 }, value: 4, verdict: 'moonshot met' },
  { bounds: { atLeast: 3, moonshot: 4 }, value: 3, verdict: 'met' },
  { bounds: { atLeast: 3, moonshot: 4 }, value: 2.99, verdict: 'MISSED' },
  { bounds: { atMost: 250, moonshot: 180 }, value: 180, verdict: 'moonshot met' },
  { bounds: { atMost: 250, moonshot: 180 }, value: 250, verdict: 'met' },
  { bounds: { atMost: 250, moonshot: 180 }, value: 251, verdict: 'MISSED' },
  { bounds: {}, value: 1, verdict: 'for information' },
  { bounds: { atLeast: 3 }, value: undefined, verdict: 'not measured' },
];

for (const { bounds, value, verdict } of verdicts) {
  test(`${value} with ${JSON.stringify(bounds)} is ${verdict}`, () => {
    assert.equal(judge(bounds, value), verdict);
  });
}

test('an invalid row meets no goal, and spoils those that compare with it', () => {
  const rounds = [round('accepted', 1, 100, { residentMb: 100 }), round('echo', 1, 100)];
  const verdictOf = (invalid: string) =>
    summarizeGoals(rounds, new Set([invalid])).find(({ title }) => title === 'accepted / bare echo')?.verdict;
  assert.equal(verdictOf(''), 'moonshot met');
  assert.equal(verdictOf('accepted'), 'not measured');
  assert.equal(verdictOf('echo'), 'not measured');
});
