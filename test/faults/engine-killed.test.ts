import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type Answer, newCustomer, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngine } from '../support/engine.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import type { TestRedis } from '../support/redis.ts';
import { createShop, type Sale, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';
import { stopAt } from '../support/stop-points.ts';

const stage = createStage({ after });
let database: TestDatabase;
let redis: TestRedis;
let survivor: TestEngine;
let shop: Shop;

before(async () => {
  database = await stage.database();
  redis = await stage.redis();
  survivor = await startEngine();
  stage.atEnd(() => assertLedgerSound(database));
  shop = await createShop(survivor.url);
});

const startEngine = () =>
  stage.engine({ DATABASE_URL: database.url, REDIS_URL: redis.url, PLACING_DEADLINE_MS: '1000' });

/** An order that will not be answered, and how to ask for it again. */
async function placeUnanswered(sale: Sale): Promise<{
  victim: TestEngine;
  lost: Promise<Answer | undefined>;
  again: () => Promise<Answer>;
}> {
  const victim = await startEngine();
  const { token } = newCustomer();
  const key = randomUUID();
  const body = { saleId: sale.id, lines: [{ itemId: sale.items[0]?.id, quantity: 2 }] };
  const placeAt = (url: string) => send('POST', `${url}/api/v1/orders`, { token, key, body });
  return { victim, lost: placeAt(victim.url).catch(() => undefined), again: () => placeAt(survivor.url) };
}

/** Asks with the same key until somebody knows: a claim of a process that was killed lasts for its lease. */
async function untilAnswered(again: () => Promise<Answer>): Promise<Answer> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const answer = await again();
    if (answer.status !== 409 && answer.status !== 503) return answer;
    assert.ok(answer.headers.get('retry-after'), answer.text);
    assert.ok(Date.now() < deadline, answer.text);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function assertStock(saleId: string, expected: { available: number; held: number }): Promise<void> {
  const [item] = (await shop.readSale(saleId)).items;
  assert.deepEqual({ available: item?.stock.available, held: item?.stock.held }, expected);
}

/** S-05: what the gate has reserved for a process that is gone is given back. */
async function untilGateRests(): Promise<void> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const metrics = await fetch(`${survivor.url}/metrics`).then((response) => response.text());
    const open = /^doorbuster_gate_open_reservations (\S+)$/m.exec(metrics)?.[1];
    const drift = /^doorbuster_gate_drift_units (\S+)$/m.exec(metrics)?.[1];
    if (open === '0' && drift === '0') return;
    assert.ok(Date.now() < deadline, `the gate still has ${open} reservations and differs by ${drift}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test('F-02 killed between the admission by the gate and the commit: no order, the same key makes one, nothing stays reserved', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 3 }] });
  // From a first order on the gate knows the stock, and reserves.
  assert.equal((await shop.order(sale)).status, 201);
  const point = await stopAt(database, 'before', 'orders', `NEW.sale_id = '${sale.id}'`);
  const { victim, lost, again } = await placeUnanswered(sale);
  await point.reached();
  await victim.kill();
  await point.cut();
  assert.equal(await lost, undefined);
  await assertStock(sale.id, { available: 2, held: 1 });
  const placed = await untilAnswered(again);
  assert.equal(placed.status, 201, placed.text);
  assert.equal(placed.headers.get('idempotent-replayed'), null, 'nobody had placed it before');
  assert.equal(placed.json.arrival, 2);
  await assertStock(sale.id, { available: 0, held: 3 });
  await untilGateRests();
});

test('F-03 killed after the commit, before the answer: the same key brings that order, also when all is sold out', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 2 }] });
  const point = await stopAt(database, 'commit', 'orders', `NEW.sale_id = '${sale.id}'`);
  const { victim, lost, again } = await placeUnanswered(sale);
  await point.reached();
  await victim.kill();
  await point.open();
  assert.equal(await lost, undefined);
  await database.until('SELECT 1 FROM orders WHERE sale_id = $1', [sale.id]);
  assert.equal((await shop.order(sale)).json.code, 'sold-out');
  const told = await untilAnswered(again);
  assert.equal(told.status, 201, told.text);
  assert.equal(told.headers.get('idempotent-replayed'), 'true');
  assert.deepEqual([told.json.arrival, told.json.lines[0].quantity], [1, 2]);
  const orders = await database.query('SELECT id FROM orders WHERE sale_id = $1', [sale.id]);
  assert.deepEqual(orders, [{ id: told.json.id }]);
  await assertStock(sale.id, { available: 0, held: 2 });
  await untilGateRests();
});
