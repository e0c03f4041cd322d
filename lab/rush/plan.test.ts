import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planOrders } from './plan.ts';
import { mulberry32 } from './random.ts';

const OPTIONS = {
  seed: 1,
  buyers: 500,
  ordersPerBuyer: 3,
  quantityMax: 4,
  itemIds: ['a', 'b', 'c', 'd'],
  keyPrefix: 'run',
};

test('a seed repeats every choice, another seed makes others', () => {
  assert.deepEqual(planOrders(OPTIONS), planOrders(OPTIONS));
  assert.notDeepEqual(planOrders(OPTIONS), planOrders({ ...OPTIONS, seed: 2 }));
});

test('every buyer places every order under a key of its own', () => {
  const plan = planOrders(OPTIONS);
  assert.equal(plan.length, 1500);
  assert.equal(new Set(plan.map((order) => order.key)).size, 1500);
  const perBuyer = Map.groupBy(plan, (order) => order.buyer);
  assert.ok([...perBuyer.values()].every((orders) => orders.length === 3));
});

test('lines are of different items, in any order, with quantities from one to the most', () => {
  const lines = planOrders(OPTIONS).map((order) => order.lines);
  assert.ok(lines.every((group) => new Set(group.map((line) => line.itemId)).size === group.length));
  assert.deepEqual([...new Set(lines.map((group) => group.length))].sort(), [1, 2, 3]);
  assert.deepEqual([...new Set(lines.flat().map((line) => line.quantity))].sort(), [1, 2, 3, 4]);
  const spellings = new Set(lines.map((group) => group.map((line) => line.itemId).join('')));
  assert.ok(spellings.has('ab') && spellings.has('ba'));
});

test('some hang up, some press twice, most do neither', () => {
  const plan = planOrders(OPTIONS);
  const hangUps = plan.filter((order) => order.hangsUp).length;
  const resends = plan.filter((order) => order.resends).length;
  assert.ok(hangUps > 40 && hangUps < 120, String(hangUps));
  assert.ok(resends > 100 && resends < 220, String(resends));
});

test('mulberry32 draws what its reference implementation draws', () => {
  const random = mulberry32(42);
  const drawn = [random(), random(), random()];
  assert.deepEqual(drawn, [0.6011037519201636, 0.44829055899754167, 0.8524657934904099]);
});
