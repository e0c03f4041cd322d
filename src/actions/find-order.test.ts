import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { insertSale, openLedger, orderRequest } from '../../test/support/ledger.ts';
import { createStage } from '../../test/support/stage.ts';
import type { Database } from '../ledger/database.ts';
import { createFindOrder } from './find-order.ts';
import { writeOrders } from './write-orders.ts';

const stage = createStage({ after });
const database = await stage.database();
const ledger = openLedger(database);
stage.atEnd(() => ledger.close());

async function place(): Promise<string> {
  const { saleId, itemIds } = await insertSale(database);
  const request = orderRequest(saleId, itemIds);
  await writeOrders(ledger, [request], 5_000);
  return request.orderId;
}

function open(over: Database, waitingMax = 100): ReturnType<typeof createFindOrder> {
  const findOrder = createFindOrder({ database: over, waitingMax, deadlineMs: 5_000 });
  stage.atEnd(findOrder.close);
  return findOrder;
}

/** The ledger, with its reads counted, and each kept until it is let go. */
function slowLedger(): { database: Database; letGo: (() => void)[] } {
  const letGo: (() => void)[] = [];
  const query: Database['query'] = async (statement, values) => {
    await new Promise<void>((resolve) => letGo.push(resolve));
    return ledger.query(statement, values);
  };
  return { database: { ...ledger, query }, letGo };
}

test('orders asked for at once are read at once: each gets its own, in any letter case, and none for an unknown id', async () => {
  const findOrder = open(ledger);
  const [one, other] = [await place(), await place()];
  const found = await Promise.all([one, other.toUpperCase(), randomUUID(), one].map(findOrder));
  assert.deepEqual(
    found.map((each) => (each.outcome === 'looked' ? each.order?.id : each)),
    [one, other, undefined, one],
  );
});

test('CR-06 who asks while a read is under way gets what a later read finds', async () => {
  const id = await place();
  const { database: slow, letGo } = slowLedger();
  const findOrder = open(slow);
  const early = findOrder(id);
  while (letGo.length === 0) await new Promise(setImmediate);
  const late = [findOrder(id), findOrder(id)];
  letGo[0]?.();
  await early;
  await database.query('UPDATE orders SET version = 7 WHERE id = $1', [id]);
  while (letGo.length === 1) await new Promise(setImmediate);
  letGo[1]?.();
  const versions = (await Promise.all([early, ...late])).map(
    (each) => each.outcome === 'looked' && each.order?.version,
  );
  assert.deepEqual(versions, [1, 7, 7]);
  assert.equal(letGo.length, 2);
});

test('a ledger that is away fails those who wait, and not those after them', async () => {
  const id = await place();
  let away = true;
  const query: Database['query'] = (statement, values) =>
    away ? Promise.reject(new Error('away')) : ledger.query(statement, values);
  const findOrder = open({ ...ledger, query });
  await assert.rejects(findOrder(id), { message: 'away' });
  away = false;
  const found = await findOrder(id);
  assert.ok(found.outcome === 'looked' && found.order?.id === id);
});
