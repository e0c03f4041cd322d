import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { OrderEvent } from '../ledger/read-history.ts';
import type { Queryable } from '../ledger/statement.ts';
import { createWatchOrders } from './watch-orders.ts';

/** A history that the test writes, and how it was asked for. */
function setUp() {
  const history: { order_id: string; version: number }[] = [];
  const asked: unknown[] = [];
  let away = false;
  const database: Queryable = {
    async query(_statement, values) {
      asked.push(values);
      if (away) throw new Error('away');
      const [ids = '', versions = ''] = (values as string[]).map((text) => text.slice(1, -1));
      const after = new Map(ids.split(',').map((id, index) => [id, Number(versions.split(',')[index])]));
      return history.filter(({ order_id, version }) => version > (after.get(order_id) ?? Infinity)) as never;
    },
  };
  const errors: unknown[] = [];
  const orders = createWatchOrders({ database, onError: (error) => errors.push(error) });
  const told: string[] = [];
  const tell = (who: string) => (events: readonly OrderEvent[]) =>
    told.push(...events.map(({ orderId, version }) => `${who}: ${orderId}${version}`));
  return {
    orders,
    asked,
    told,
    errors,
    tell,
    write: (order_id: string, version: number) => history.push({ order_id, version }),
    setAway: (value: boolean) => {
      away = value;
    },
  };
}

test('all watched orders are asked for together, each from where its slowest watch stands; each watch is told once', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { orders, asked, told, tell, write } = setUp();
  write('a', 1);
  write('b', 1);
  orders.watch('a', 0, tell('x'));
  orders.watch('a', 1, tell('y'));
  orders.watch('b', 1, tell('z'));
  await turn();
  assert.deepEqual(told, ['x: a1']);
  asked.length = 0;
  write('a', 2);
  write('b', 2);
  t.mock.timers.tick(400);
  await turn();
  assert.deepEqual(asked, [['{a,b}', '{1,1}']]);
  assert.deepEqual(told.slice(1), ['x: a2', 'y: a2', 'z: b2']);
});

test('nothing is asked while nobody watches, and again when somebody does', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { orders, asked, told, tell, write } = setUp();
  const unwatch = orders.watch('a', 0, tell('x'));
  await turn();
  unwatch();
  asked.length = 0;
  for (let ticks = 0; ticks < 10; ticks += 1) {
    t.mock.timers.tick(400);
    await turn();
  }
  assert.deepEqual(asked, []);
  write('a', 1);
  orders.watch('a', 0, tell('y'));
  await turn();
  assert.deepEqual(told, ['y: a1']);
  assert.equal(orders.watched(), 1);
});

test('what happened while the ledger was away is told when it is back', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { orders, told, errors, tell, write, setAway } = setUp();
  orders.watch('a', 0, tell('x'));
  await turn();
  setAway(true);
  write('a', 1);
  t.mock.timers.tick(400);
  await turn();
  assert.equal(errors.length, 1);
  setAway(false);
  t.mock.timers.tick(400);
  await turn();
  assert.deepEqual(told, ['x: a1']);
});
