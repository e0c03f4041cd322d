import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertBooksBalance, untilMoneyRests } from '../support/books.ts';
import type { Answer } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { createPeople, type People, pay, placeOrder, readOrder, step, type TestOrder } from '../support/orders.ts';
import { inRounds, sandboxBooks, untilMoment } from '../support/payments.ts';
import { scaled } from '../support/scale.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';

const PRICE_MINOR = 1_500;
const ROUNDS = scaled(20, 1_000);
/** Races that go on at the same time. */
const WIDTH = 10;

const stage = createStage({ after });
let database: TestDatabase;
let urls: readonly [string, string];
let shop: Shop;
let people: People;

before(async () => {
  database = await stage.database();
  const settings = { DATABASE_URL: database.url };
  const engines = await stage.engines(settings);
  stage.atEnd(async () => {
    await untilMoneyRests(database);
    await assertLedgerSound(database);
    await assertBooksBalance(database);
    const [left] = await database.query('SELECT sum(held)::int AS held FROM items');
    assert.deepEqual(left, { held: 0 }, 'nothing is held any more');
  });
  urls = engines.urls;
  shop = await createShop(engines.url);
  people = await createPeople(shop);
});

/** The two processes, the one first in every other round. */
const sidesOf = (round: number): readonly [string, string] => (round % 2 === 0 ? urls : [urls[1], urls[0]]);

const told = ({ status, json }: Answer) => `${status} ${json.code ?? json.status}`;

async function assertRefundedInFull(order: TestOrder): Promise<void> {
  await database.until(`SELECT 1 FROM refunds WHERE order_id = $1 AND status = 'succeeded'`, [order.id]);
  const books = await sandboxBooks(database, order.id);
  assert.deepEqual([books.capturedMinor, books.refundedMinor, books.refunds], [PRICE_MINOR, PRICE_MINOR, 1]);
}

test(`PAY-09 a cancellation races a payment with the same tag, ${ROUNDS} times: exactly one of them happens`, async () => {
  const sale = await shop.createSale({ items: [{ capacity: ROUNDS }] });
  const winners = new Set<string>();
  await inRounds(ROUNDS, WIDTH, async (round) => {
    const [one, other] = sidesOf(round);
    const order = await placeOrder(shop, sale);
    const [paid, cancelled] = await Promise.all([
      pay(one, order, 'card_ok', { tag: '"1"' }),
      step(other, order.id, 'cancellation', { token: order.customer.token, tag: '"1"' }),
    ]);
    const outcome = `${told(paid)}, ${told(cancelled)}`;
    assert.ok(
      ['200 confirmed, 412 precondition-failed', '412 precondition-failed, 200 cancelled'].includes(outcome),
      outcome,
    );
    const { status } = (await readOrder(one, order)).json;
    assert.equal(status, paid.status === 200 ? 'confirmed' : 'cancelled');
    assert.equal((await sandboxBooks(database, order.id)).charges, paid.status === 200 ? 1 : 0);
    winners.add(status);
  });
  if (ROUNDS >= 1_000) assert.equal(winners.size, 2, 'each of them has won sometimes');
});

test(`PAY-09 a cancellation races a payment with any tag, ${ROUNDS} times: cancelled and refunded, or paid`, async () => {
  const sale = await shop.createSale({ items: [{ capacity: ROUNDS }] });
  await inRounds(ROUNDS, WIDTH, async (round) => {
    const [one, other] = sidesOf(round);
    const order = await placeOrder(shop, sale);
    const [paid, cancelled] = await Promise.all([
      pay(one, order),
      step(other, order.id, 'cancellation', { token: order.customer.token }),
    ]);
    const outcome = `${told(paid)}, ${told(cancelled)}`;
    const { status } = (await readOrder(other, order)).json;
    switch (outcome) {
      // The attempt was open, or not even begun; or it was paid first, and what was paid goes back.
      case '200 confirmed, 409 order-step-not-allowed':
        assert.equal(status, 'confirmed');
        break;
      case '409 order-step-not-allowed, 200 cancelled':
        assert.equal(status, 'cancelled');
        assert.equal((await sandboxBooks(database, order.id)).charges, 0);
        break;
      case '200 confirmed, 200 cancelled':
        assert.equal(status, 'cancelled');
        await assertRefundedInFull(order);
        break;
      default:
        assert.fail(outcome);
    }
  });
});

test(`PAY-08 a payment races the end of the hold, ${ROUNDS} times: paid, or expired and never charged`, async () => {
  const GROUP = 40;
  const outcomes = new Set<string>();
  for (let done = 0; done < ROUNDS; done += GROUP) {
    const count = Math.min(GROUP, ROUNDS - done);
    const sale = await shop.createSale({ holdSeconds: 1, items: [{ capacity: count }] });
    const orders = await Promise.all(Array.from({ length: count }, () => placeOrder(shop, sale)));
    const [end] = await database.query<{ at: string }>(
      'SELECT min(pay_by)::text AS at FROM orders WHERE sale_id = $1',
      [sale.id],
    );
    await untilMoment(database, end?.at ?? '', 60);
    // A few at a time, so that they are spread around the end of the holds.
    await inRounds(count, 4, async (round) => {
      const order = orders[round] ?? assert.fail();
      const [one, other] = sidesOf(round);
      const paid = await pay(one, order);
      outcomes.add(told(paid));
      if (paid.status !== 200) assert.equal(told(paid), '409 order-step-not-allowed');
      await database.until(`SELECT 1 FROM orders WHERE id = $1 AND status IN ('confirmed', 'expired')`, [order.id]);
      const { status } = (await readOrder(other, order)).json;
      assert.equal(status, paid.status === 200 ? 'confirmed' : 'expired');
      assert.equal((await sandboxBooks(database, order.id)).charges, paid.status === 200 ? 1 : 0);
    });
    const [item] = (await shop.readSale(sale.id)).items;
    const [sold] = await database.query<{ sold: number }>(
      `SELECT count(*)::int AS sold FROM orders WHERE sale_id = $1 AND status = 'confirmed'`,
      [sale.id],
    );
    assert.deepEqual(item?.stock, { capacity: count, available: count - (sold?.sold ?? 0), held: 0, sold: sold?.sold });
  }
  if (ROUNDS >= 1_000) assert.equal(outcomes.size, 2, 'both have come in time sometimes');
});

test(`a refund races a refund of the whole amount, ${ROUNDS} times: exactly one of them happens, once`, async () => {
  const sale = await shop.createSale({ items: [{ capacity: ROUNDS }] });
  await inRounds(ROUNDS, WIDTH, async (round) => {
    const [one, other] = sidesOf(round);
    const order = await placeOrder(shop, sale);
    assert.equal((await pay(one, order)).status, 200);
    // With the same tag the loser is stale; with any tag nothing is left for it.
    const sameTag = round % 4 < 2;
    const body = { amountMinor: PRICE_MINOR };
    const options = sameTag ? { body, tag: '"3"' } : { body };
    const answers = await Promise.all([
      step(one, order.id, 'refunds', { token: people.merchant, ...options }),
      step(other, order.id, 'refunds', { token: people.operator, ...options }),
    ]);
    assert.deepEqual(answers.map(told).sort(), [
      '201 confirmed',
      sameTag ? '412 precondition-failed' : '409 amount-exceeded',
    ]);
    await assertRefundedInFull(order);
  });
});

test(`a refund races a cancellation, ${ROUNDS} times: the whole amount goes back, once`, async () => {
  const sale = await shop.createSale({ items: [{ capacity: ROUNDS }] });
  await inRounds(ROUNDS, WIDTH, async (round) => {
    const [one, other] = sidesOf(round);
    const order = await placeOrder(shop, sale);
    assert.equal((await pay(one, order)).status, 200);
    const [refunded, cancelled] = await Promise.all([
      step(one, order.id, 'refunds', { token: people.merchant, body: { amountMinor: 600 } }),
      step(other, order.id, 'cancellation', { token: order.customer.token }),
    ]);
    assert.equal(told(cancelled), '200 cancelled');
    assert.ok(['201 confirmed', '409 order-step-not-allowed'].includes(told(refunded)), refunded.text);
    await database.until(
      `SELECT 1 FROM sandbox_payments WHERE order_id = $1 AND refunded_minor = $2 AND captured_minor = $2`,
      [order.id, PRICE_MINOR],
    );
  });
});
