import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { assertBooksBalance, untilMoneyRests } from '../support/books.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngine } from '../support/engine.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { createPeople, pay, placeOrder, readOrder, step, type TestOrder } from '../support/orders.ts';
import { eventsOf, inRounds, passMinute, sandboxBooks, untilStatus } from '../support/payments.ts';
import { scaled } from '../support/scale.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';
import { stopAt } from '../support/stop-points.ts';

const PRICE_MINOR = 1_500;
/**
 * A time-out longer than a slow card takes to answer. Without Redis, whose memory of keys would make the repeats wait for
 * the lease of the one that was killed.
 */
const SETTINGS = { PAYMENT_TIMEOUT_MS: '3000', REDIS_URL: '' };

const stage = createStage({ after });
let database: TestDatabase;
/** The one that lives on beside those that are killed. */
let survivor: TestEngine;
let shop: Shop;

before(async () => {
  database = await stage.database();
  survivor = await stage.engine({ ...SETTINGS, DATABASE_URL: database.url });
  stage.atEnd(() => assertAllAtRest(database));
  shop = await createShop(survivor.url);
});

async function assertAllAtRest(where: TestDatabase): Promise<void> {
  await untilMoneyRests(where);
  await assertLedgerSound(where);
  await assertBooksBalance(where);
}

/** An engine that answers requests and leaves everything else to the survivor: whatever it begins, nobody else does. */
const startVictim = () =>
  stage.engine({ ...SETTINGS, DATABASE_URL: database.url, ROLE: 'api', PUBLIC_URL: survivor.url });

const newOrder = async (): Promise<TestOrder> => placeOrder(shop, await shop.createSale());

/** Pays at an engine that will be killed before it answers. */
async function payUnanswered(victim: TestEngine, order: TestOrder, card: string, key: string): Promise<void> {
  const answer = await pay(victim.url, order, card, { key }).catch(() => undefined);
  assert.equal(answer, undefined, 'the engine answered before it was killed');
}

async function assertPaidOnce(order: TestOrder): Promise<void> {
  assert.deepEqual(await sandboxBooks(database, order.id), {
    charges: 1,
    capturedMinor: PRICE_MINOR,
    refundedMinor: 0,
    refunds: 0,
  });
  const { json } = await readOrder(survivor.url, order);
  assert.equal(json.status, 'confirmed');
  const captured = json.payments.filter((payment: { status: string }) => payment.status === 'captured');
  assert.equal(captured.length, 1);
  assert.equal((await eventsOf(database, order.id)).filter((type) => type === 'order.paid').length, 1);
}

/** The same request again: the answer to what the killed engine has begun. */
async function assertSameKeyTellsPaid(order: TestOrder, card: string, key: string): Promise<void> {
  const again = await pay(survivor.url, order, card, { key, tag: '"1"' });
  assert.equal(again.status, 200, again.text);
  assert.equal(again.headers.get('idempotent-replayed'), 'true');
  assert.deepEqual(
    [again.json.id, again.json.status, again.json.payments[0].status],
    [order.id, 'confirmed', 'captured'],
  );
  const third = await pay(survivor.url, order, card, { key, tag: '"1"' });
  assert.equal(third.text, again.text);
}

// Each starts an engine of its own to kill; two at a time keep the machine busy.
describe('an engine is killed while somebody pays', { concurrency: 2 }, () => {
  test('PAY-04 killed between the attempt and the call, which is never made: payable again, the same key says so, one charge', async () => {
    const victim = await startVictim();
    const order = await newOrder();
    const key = randomUUID();
    const point = await stopAt(
      database,
      'before',
      'sandbox_payments',
      `NEW.order_id = '${order.id}' AND NEW.status = 'captured'`,
    );
    const request = payUnanswered(victim, order, 'card_ok', key);
    await point.reached();
    assert.deepEqual(
      await eventsOf(database, order.id),
      ['order.placed', 'order.payment_started'],
      'the attempt came first',
    );
    await victim.kill();
    await point.cut();
    await request;

    const early = await pay(survivor.url, order, 'card_ok', { key, tag: '"1"' });
    assert.deepEqual([early.status, early.json.code], [409, 'request-in-progress'], 'nobody can know yet');
    assert.ok(early.headers.get('retry-after'));

    await passMinute(database, [order.id]);
    await untilStatus(database, order.id, 'pending_payment');
    const told = await pay(survivor.url, order, 'card_ok', { key, tag: '"1"' });
    assert.deepEqual([told.status, told.json.declineCode], [402, 'not_charged'], told.text);
    const paid = await pay(survivor.url, order);
    assert.equal(paid.status, 200, paid.text);
    await assertPaidOnce(order);
  });

  test('PAY-04 killed between the attempt and the call, which arrives after the order was freed: it charges nothing', async () => {
    const victim = await startVictim();
    const order = await newOrder();
    const key = randomUUID();
    const point = await stopAt(
      database,
      'before',
      'sandbox_payments',
      `NEW.order_id = '${order.id}' AND NEW.status = 'captured'`,
    );
    const request = payUnanswered(victim, order, 'card_ok', key);
    await point.reached();
    await victim.kill();
    await request;
    await passMinute(database, [order.id]);
    await untilStatus(database, order.id, 'pending_payment');

    await point.open();
    const paid = await pay(survivor.url, order);
    assert.equal(paid.status, 200, paid.text);
    await assertPaidOnce(order);
    const told = await pay(survivor.url, order, 'card_ok', { key, tag: '"1"' });
    assert.deepEqual([told.status, told.json.declineCode], [402, 'not_charged'], told.text);
  });

  test('PAY-04 killed while the provider charges: afterwards one charge, the order paid, and the same key tells', async () => {
    const victim = await startVictim();
    const order = await newOrder();
    const key = randomUUID();
    const request = payUnanswered(victim, order, 'card_slow', key);
    await database.until(`SELECT 1 FROM sandbox_payments WHERE order_id = $1 AND status = 'captured'`, [order.id]);
    await victim.kill();
    await request;
    assert.deepEqual(await eventsOf(database, order.id), ['order.placed', 'order.payment_started']);

    await passMinute(database, [order.id]);
    await untilStatus(database, order.id, 'confirmed');
    await assertPaidOnce(order);
    await assertSameKeyTellsPaid(order, 'card_slow', key);
  });

  test('PAY-04 killed after the call, its commit lost: afterwards one charge, the order paid, and the same key tells', async () => {
    const victim = await startVictim();
    const order = await newOrder();
    const key = randomUUID();
    const point = await stopAt(
      database,
      'commit',
      'order_events',
      `NEW.order_id = '${order.id}' AND NEW.type = 'order.paid'`,
    );
    const request = payUnanswered(victim, order, 'card_ok', key);
    await point.reached();
    await victim.kill();
    await point.cut();
    await request;
    assert.deepEqual(await eventsOf(database, order.id), ['order.placed', 'order.payment_started']);
    assert.equal((await sandboxBooks(database, order.id)).charges, 1);

    await passMinute(database, [order.id]);
    await untilStatus(database, order.id, 'confirmed');
    await assertPaidOnce(order);
    await assertSameKeyTellsPaid(order, 'card_ok', key);
  });

  test('PAY-04 killed after the commit, before the answer: the order is paid at once, and the same key tells', async () => {
    const victim = await startVictim();
    const order = await newOrder();
    const key = randomUUID();
    const point = await stopAt(
      database,
      'commit',
      'order_events',
      `NEW.order_id = '${order.id}' AND NEW.type = 'order.paid'`,
    );
    const request = payUnanswered(victim, order, 'card_ok', key);
    await point.reached();
    await victim.kill();
    await point.open();
    await request;
    await untilStatus(database, order.id, 'confirmed');
    await assertSameKeyTellsPaid(order, 'card_ok', key);
    await assertPaidOnce(order);
    assert.deepEqual(
      await database.query(`SELECT FROM payment_jobs WHERE order_id = $1 AND status = 'due'`, [order.id]),
      [],
    );
  });

  test('PAY-04 killed while a provider that has charged does not answer: one charge, and the restarted engine tells', async () => {
    const victim = await startVictim();
    const order = await newOrder();
    const key = randomUUID();
    const request = payUnanswered(victim, order, 'card_timeout_charged', key);
    await database.until(`SELECT 1 FROM sandbox_payments WHERE order_id = $1 AND status = 'captured'`, [order.id]);
    await victim.kill();
    await request;
    const restarted = await startVictim();
    await passMinute(database, [order.id]);
    await untilStatus(database, order.id, 'confirmed');
    const again = await pay(restarted.url, order, 'card_timeout_charged', { key, tag: '"1"' });
    assert.deepEqual([again.status, again.json.status], [200, 'confirmed'], again.text);
    await assertPaidOnce(order);
  });
});

test('PAY-04 killed at any moment of many payments: each key tells what came of it, and nobody pays twice', async () => {
  const cards = ['card_ok', 'card_slow', 'card_error_then_ok', 'card_webhook_first'] as const;
  for (let round = 0; round < scaled(1, 10); round += 1) {
    const victim = await startVictim();
    const sale = await shop.createSale({ items: [{ capacity: 100 }] });
    const attempts = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => ({
        order: await placeOrder(shop, sale),
        card: cards[index % cards.length] ?? 'card_ok',
        key: randomUUID(),
      })),
    );
    const requests = attempts.map(({ order, card, key }) =>
      pay(victim.url, order, card, { key }).catch(() => undefined),
    );
    // Some have come far, some have not begun.
    await database.until(
      `SELECT 1 FROM sandbox_payments JOIN orders ON orders.id = order_id WHERE sale_id = $1 HAVING count(*) >= $2`,
      [sale.id, 1 + 4 * round],
    );
    await victim.kill();
    const answered = await Promise.all(requests);
    await passMinute(
      database,
      attempts.map(({ order }) => order.id),
    );
    await untilMoneyRests(database);

    await inRounds(attempts.length, 8, async (index) => {
      const { order, card, key } = attempts[index] ?? assert.fail();
      const told = await pay(survivor.url, order, card, { key });
      const earlier = answered[index];
      if (earlier !== undefined) assert.deepEqual([told.status, told.text], [earlier.status, earlier.text]);
      assert.ok([200, 202, 402].includes(told.status), told.text);
      if (told.status === 402) {
        assert.equal(told.json.declineCode, 'not_charged');
        assert.equal((await pay(survivor.url, order)).status, 200);
      }
    });
    await untilMoneyRests(database);
    for (const { order } of attempts) await assertPaidOnce(order);
  }
});

test('killed between a capture or a refund and its commit: another takes over, and the money moves once', async () => {
  const separate = await stage.database();
  const settings = { ...SETTINGS, DATABASE_URL: separate.url };
  const victim = await stage.engine(settings);
  const own = await createShop(victim.url);
  const { merchant } = await createPeople(own);
  const order = await placeOrder(own, await own.createSale({ fulfillment: 'kitchen' }));
  const refunded = await placeOrder(own, await own.createSale());
  assert.equal((await pay(victim.url, order)).json.status, 'pending_acceptance');
  assert.equal((await pay(victim.url, refunded)).json.status, 'confirmed');

  const points = await Promise.all([
    stopAt(separate, 'commit', 'order_events', `NEW.order_id = '${order.id}' AND NEW.type = 'payment.captured'`),
    stopAt(separate, 'commit', 'order_events', `NEW.order_id = '${refunded.id}' AND NEW.type = 'refund.succeeded'`),
  ]);
  assert.equal((await step(victim.url, order.id, 'acceptance', { token: merchant })).status, 200);
  assert.equal((await step(victim.url, refunded.id, 'cancellation', { token: refunded.customer.token })).status, 200);
  // Both jobs may share one commit; then one of the two points stops them.
  await Promise.race(points.map((point) => point.reached()));
  await separate.until(
    `SELECT 1 FROM sandbox_payments AS taken, sandbox_payments AS back
     WHERE taken.order_id = $1 AND taken.captured_minor > 0 AND back.order_id = $2 AND back.refunded_minor > 0`,
    [order.id, refunded.id],
  );
  await victim.kill();
  await Promise.all(points.map((point) => point.cut()));

  const restarted = await stage.engine(settings);
  await passMinute(separate, [order.id, refunded.id]);
  await separate.until(`SELECT 1 FROM payments WHERE order_id = $1 AND status = 'captured'`, [order.id]);
  await separate.until(`SELECT 1 FROM refunds WHERE order_id = $1 AND status = 'succeeded'`, [refunded.id]);
  assert.equal((await sandboxBooks(separate, order.id)).capturedMinor, PRICE_MINOR);
  const books = await sandboxBooks(separate, refunded.id);
  assert.deepEqual([books.refunds, books.refundedMinor], [1, PRICE_MINOR]);
  assert.equal((await readOrder(restarted.url, order)).json.status, 'preparing');
  await assertAllAtRest(separate);
});
