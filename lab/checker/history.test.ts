import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkHistory } from './check-history.ts';
import { accepted, makeItem, makeOrder, makeSale, readSale, refused } from './hand-made-run.ts';
import type { HistoryRecord } from './history.ts';
import { findFinalState, formatRecord, parseHistory, sortHistory } from './history.ts';

test('a history comes back from its file as it was written', () => {
  const order = makeOrder('ann', 1);
  const records: HistoryRecord[] = [
    readSale(0, makeItem(1, 0)),
    accepted(order, 1, 2),
    { operation: 'final-state', sale: makeSale(makeItem(1, 1)), orders: [order] },
  ];
  const parsed = parseHistory(records.map(formatRecord).join(''));
  assert.deepEqual(parsed, records);
  assert.deepEqual(findFinalState(parsed), records[2]);
  assert.equal(sortHistory(parsed).placings.length, 1);
});

test('a line that is not a record is named', () => {
  assert.throws(() => parseHistory('{"operation":"read-sale"}\n\nnonsense\n'), /line 3 is not JSON/);
  assert.throws(() => parseHistory('{"operation":"dance"}\n'), /line 1 is not a record/);
});

test('a hundred thousand records are judged in seconds, not minutes', { timeout: 30_000 }, () => {
  const capacity = 30_000;
  const orders = Array.from({ length: capacity }, (_, index) =>
    makeOrder(`user-${index}`, index + 1, 1, { placedAt: '2026-01-01T10:00:00.000Z' }),
  );
  const placings = [
    ...orders.map((order, index) => accepted(order, index, index + 64)),
    ...Array.from({ length: 70_000 }, (_, index) => refused(`loser-${index}`, capacity + index, capacity + index + 64)),
  ];
  const history = {
    placings,
    saleReads: [readSale(-1, makeItem(capacity, 0))],
    orderReads: [],
    stockChanges: [],
    steps: [],
    deliveries: [],
  };
  assert.deepEqual(checkHistory(history, { sale: makeSale(makeItem(capacity, capacity)), orders }), []);
});
