import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { newCustomer, send } from '../support/client.ts';
import type { TestEngine } from '../support/engine.ts';
import { createPeople, type People, pay, placeOrder, readOrder, step } from '../support/orders.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

const stage = createStage({ after });
let engine: TestEngine;
let shop: Shop;
let people: People;

/** The main paths on what `npm start` runs: one process, its own PostgreSQL, no Redis. */
before(async () => {
  engine = await stage.engine({ DATA_DIR: await stage.dataFolder() });
  shop = await createShop(engine.url);
  people = await createPeople(shop);
});

test('embedded: a drop is ordered, repeated, paid, cancelled and refunded, and its stock comes back', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 2 }] });
  const customer = newCustomer();
  const key = randomUUID();
  const first = await shop.order(sale, { token: customer.token, key, quantity: 2 });
  assert.equal(first.status, 201, first.text);
  const again = await shop.order(sale, { token: customer.token, key, quantity: 2 });
  assert.equal(again.text, first.text);
  assert.equal((await shop.order(sale)).json.code, 'sold-out');

  const order = { id: first.json.id, customer };
  const declined = await pay(engine.url, order, 'card_declined');
  assert.deepEqual([declined.status, declined.json.code], [402, 'payment-declined']);
  const paid = await pay(engine.url, order);
  assert.deepEqual([paid.status, paid.json.status], [200, 'confirmed']);
  const cancelled = await step(engine.url, order.id, 'cancellation', { token: people.merchant });
  assert.deepEqual([cancelled.status, cancelled.json.status], [200, 'cancelled']);
  const { stock } = (await shop.readSale(sale.id)).items[0] ?? {};
  assert.deepEqual(stock, { capacity: 2, available: 2, held: 0, sold: 0 });
  await untilRefunded(order);
});

async function untilRefunded(order: Parameters<typeof readOrder>[1]): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const { json } = await readOrder(engine.url, order);
    if (json.refunds[0]?.status === 'succeeded') return;
    assert.ok(Date.now() < deadline, JSON.stringify(json.refunds));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('embedded: a kitchen accepts an order, prepares it and hands it over for the code that only its owner reads', async () => {
  const order = await placeOrder(shop, await shop.createSale({ fulfillment: 'kitchen' }));
  assert.equal((await pay(engine.url, order)).json.status, 'pending_acceptance');
  for (const [intent, status] of [
    ['acceptance', 'preparing'],
    ['preparation', 'ready_for_pickup'],
  ] as const) {
    const answer = await step(engine.url, order.id, intent, { token: people.merchant });
    assert.deepEqual([answer.status, answer.json.status], [200, status], answer.text);
  }
  const code = await send('GET', `${engine.url}/api/v1/orders/${order.id}/collection-code`, {
    token: order.customer.token,
  });
  const collected = await step(engine.url, order.id, 'pickup', {
    token: people.merchant,
    body: { collectionCode: code.json.collectionCode },
  });
  assert.deepEqual([collected.status, collected.json.status], [200, 'completed'], collected.text);
});

test('embedded: it is ready without Redis, and says so', async () => {
  const { json } = await send('GET', `${engine.url}/health/ready`);
  assert.deepEqual(
    [json.status, json.parts.ledger, json.parts.redis, json.parts.accepting],
    ['ready', 'up', 'none', true],
  );
});
