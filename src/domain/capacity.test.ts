import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CAPACITY_MAX, type CapacityChange, changeCapacity, type Stock } from './capacity.ts';

const stock: Stock = { capacity: 10, available: 3, held: 2, sold: 5 };

const cases: readonly [string, CapacityChange, ReturnType<typeof changeCapacity>][] = [
  ['set higher', { to: 12 }, { outcome: 'changed', stock: { capacity: 12, available: 5, held: 2, sold: 5 } }],
  ['set lower', { to: 8 }, { outcome: 'changed', stock: { capacity: 8, available: 1, held: 2, sold: 5 } }],
  ['set as it is', { to: 10 }, { outcome: 'changed', stock }],
  [
    'set to what is promised',
    { to: 7 },
    { outcome: 'changed', stock: { capacity: 7, available: 0, held: 2, sold: 5 } },
  ],
  ['set below what is promised', { to: 6 }, { outcome: 'below-promised', promised: 7 }],
  ['set to nothing', { to: 0 }, { outcome: 'below-promised', promised: 7 }],
  ['raise', { by: 4 }, { outcome: 'changed', stock: { capacity: 14, available: 7, held: 2, sold: 5 } }],
  ['lower by what is free', { by: -3 }, { outcome: 'changed', stock: { capacity: 7, available: 0, held: 2, sold: 5 } }],
  ['lower by more than is free', { by: -4 }, { outcome: 'below-promised', promised: 7 }],
  ['lower by more than there is', { by: -11 }, { outcome: 'below-promised', promised: 7 }],
  ['raise above the maximum', { by: CAPACITY_MAX }, { outcome: 'above-maximum' }],
];

for (const [name, change, expected] of cases) {
  test(`capacity: ${name}`, () => assert.deepEqual(changeCapacity(stock, change), expected));
}

test('S-01 whatever is asked for, stock is conserved, nothing is negative and no promise is touched', () => {
  const units = fc.integer({ min: 0, max: CAPACITY_MAX / 4 });
  const stocks = fc
    .record({ available: units, held: units, sold: units })
    .map((parts) => ({ ...parts, capacity: parts.available + parts.held + parts.sold }));
  const changes = fc.oneof(
    fc.record({ to: fc.integer({ min: 0, max: 2 * CAPACITY_MAX }) }),
    fc.record({ by: fc.integer({ min: -2 * CAPACITY_MAX, max: 2 * CAPACITY_MAX }) }),
  );
  fc.assert(
    fc.property(stocks, changes, (before, change) => {
      const decision = changeCapacity(before, change);
      const wanted = 'to' in change ? change.to : before.capacity + change.by;
      const possible = wanted >= before.held + before.sold && wanted <= CAPACITY_MAX;
      assert.equal(decision.outcome === 'changed', possible);
      if (decision.outcome !== 'changed') return;
      const { capacity, available, held, sold } = decision.stock;
      assert.equal(capacity, wanted);
      assert.equal(available + held + sold, capacity);
      assert.ok(available >= 0);
      assert.deepEqual({ held, sold }, { held: before.held, sold: before.sold });
    }),
  );
});
