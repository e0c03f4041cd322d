import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accepted, makeItem, makeOrder, makeSale, refused, unknown } from '../checker/hand-made-run.ts';
import { workOutFigures } from './figures.ts';
import { createTally } from './tally.ts';

test('figures are counted from the record and from what the engine shows, not from the clients’ memory', () => {
  const ann = makeOrder('ann', 1);
  const bob = makeOrder('bob', 2, 2);
  const figures = workOutFigures({
    saleId: 'sale-1',
    history: {
      placings: [
        unknown('ann', 100),
        accepted(ann, 110, 150, { replayed: true }),
        accepted(bob, 120, 130),
        refused('cy', 200, 204),
        refused('dee', 200, 300, 'limit-reached'),
      ],
      saleReads: [],
      orderReads: [],
      stockChanges: [],
      steps: [],
      deliveries: [],
    },
    final: { sale: makeSale(makeItem(10, 3)), orders: [ann, bob] },
    violations: [
      { promise: 'S-02', kind: 'oversold', message: '', evidence: { units: 4 } },
      { promise: 'S-09', kind: 'partial-order', message: '', evidence: {} },
    ],
    tally: createTally(4),
    interrupted: false,
  });
  assert.deepEqual(
    { promised: figures.promised, held: figures.held, orders: figures.orders, capacity: figures.capacity },
    { promised: 3, held: 3, orders: 2, capacity: 10 },
  );
  assert.deepEqual({ unknown: figures.unknown, resolved: figures.resolved }, { unknown: 1, resolved: 1 });
  assert.deepEqual(figures.refusedByCode, { 'sold-out': 1, 'limit-reached': 1 });
  assert.deepEqual(figures.accepting, { p50Ms: 10, p99Ms: 10, maxMs: 10 });
  assert.deepEqual(figures.refusing, { p50Ms: 4, p99Ms: 100, maxMs: 100 });
  assert.deepEqual({ oversold: figures.oversold, others: figures.otherFaults }, { oversold: 4, others: 1 });
  assert.deepEqual({ elapsedMs: figures.elapsedMs, sellingMs: figures.sellingMs }, { elapsedMs: 200, sellingMs: 30 });
});
