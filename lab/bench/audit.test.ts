import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Counted } from './audit.ts';
import { countAnswers, findMiscounts, findOtherAnswers } from './audit.ts';
import type { LoadResult } from './wrk.ts';

const accepting: Counted = 'accepted';
const refusing: Counted = 'refused';

function seen(statuses: Record<string, number>, transportErrors = 0): LoadResult {
  return { seconds: 1, connections: 64, statuses, transportErrors, latencyMs: { p50: 1, p99: 2, max: 3 } };
}

test('a row counts its own kind of answer only', () => {
  const load = seen({ 200: 1, 201: 10, 409: 100, 503: 1000 });
  assert.equal(countAnswers(accepting, load), 11);
  assert.equal(countAnswers(refusing, load), 100);
});

test('answers of another kind and broken connections are faults', () => {
  assert.deepEqual(findOtherAnswers(accepting, seen({ 201: 10 })), []);
  assert.deepEqual(findOtherAnswers(refusing, seen({ 409: 10, 503: 2 }, 3)), [
    '2 answers were 503',
    '3 connections or requests failed',
  ]);
});

const ids = (count: number, prefix = 'order') => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

const miscounts = [
  { name: 'an order for each answer is sound', counts: accepting, promised: ids(150), kept: ids(150), faults: 0 },
  { name: 'requests under way may have made orders', counts: accepting, promised: ids(150), kept: ids(278), faults: 0 },
  {
    name: 'an order that nobody asked for is a fault',
    counts: accepting,
    promised: ids(150),
    kept: ids(279),
    faults: 1,
  },
  {
    name: 'a lost order is a fault, however many others were under way',
    counts: accepting,
    promised: ids(150),
    kept: [...ids(149), ...ids(50, 'under-way')],
    faults: 1,
  },
  {
    name: 'two answers that name one order are a fault',
    counts: accepting,
    promised: [...ids(149), 'order-0'],
    kept: ids(150),
    faults: 1,
  },
  { name: 'answers that name no order are a fault', counts: accepting, promised: [], kept: ids(150), faults: 1 },
  { name: 'no order behind refusals is sound', counts: refusing, promised: [], kept: [], faults: 0 },
  { name: 'an order behind refusals is a fault', counts: refusing, promised: [], kept: ids(1), faults: 1 },
];

for (const { name, counts, promised, kept, faults } of miscounts) {
  test(name, () => {
    const loads = [seen({ 201: 50 }), seen({ 201: 100 })];
    const found = findMiscounts({ counts, loads, promised }, { ids: new Set([...kept, 'earlier']), before: 1 });
    assert.equal(found.length, faults);
  });
}
