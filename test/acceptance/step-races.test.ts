import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import { assertBooksBalance, untilMoneyRests } from '../support/books.ts';
import { type Answer, newCustomer } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { assertHistoriesFollowTable } from '../support/order-table.ts';
import { createPeople, type People, pay, placeOrder, readOrder, step, type TestOrder } from '../support/orders.ts';
import { eventsOf, inRounds, sandboxBooks, setSilent, untilMoment } from '../support/payments.ts';
import { scaled } from '../support/scale.ts';
import { createShop, type Sale, type SaleTerms, type Shop } from '../support/shop.ts';
import { createMember } from '../support/staff.ts';
import { createStage } from '../support/stage.ts';
import { deliverWebhook, signWebhook } from '../support/webhooks.ts';

// Two processes, one ledger: those who race ask different ones. How often either side won stands in the report.

const ROUNDS = scaled(20, 1_000);

/** Orders that are raced at the same time. */
const AT_ONCE = 20;

const PRICE_MINOR = 1_500;

/** How long past its deadline a hold may last: the provider's time-out, the 5 s that follow it, and a sweeper's next look. */
const GRACE_MS = 6_500;

const stage = createStage({ after });
let database: TestDatabase;
let settings: Record<string, string>;
let urls: readonly [string, string];
let shop: Shop;
let people: People;
let secondMerchant: string;

before(async () => {
  database = await stage.database();
  settings = { DATABASE_URL: database.url, PAYMENT_TIMEOUT_MS: '300' };
  const engines = await stage.engines(settings);
  // Processes of one engine share its public address.
  settings = { ...settings, PUBLIC_URL: engines.url };
  urls = engines.urls;
  stage.atEnd(assertAllIsWell);
  shop = await createShop(engines.url);
  people = await createPeople(shop);
  secondMerchant = await createMember(shop, shop.merchantId, 'merchant');
});

async function assertAllIsWell(): Promise<void> {
  await untilMoneyRests(database);
  await assertLedgerSound(database);
  await assertBooksBalance(database);
  await assertHistoriesFollowTable(database);
}

const url = (number: number): string => urls[number % 2 === 0 ? 0 : 1];

const stockOf = async (sale: Sale) => (await shop.readSale(sale.id)).items[0]?.stock;

interface RacedOrder extends TestOrder {
  readonly round: number;
  /** Where the race begins. */
  readonly version: number;
}

/** Orders of one sale that has just as many units, each brought to where its race begins. */
async function makeOrders(
  count: number,
  terms: SaleTerms,
  prepare?: (order: TestOrder, round: number) => Promise<Answer>,
): Promise<RacedOrder[]> {
  const sale = await shop.createSale({ items: [{ capacity: count, priceMinor: PRICE_MINOR }], ...terms });
  const orders: RacedOrder[] = [];
  await inRounds(count, AT_ONCE, async (round) => {
    const order = await placeOrder(shop, sale);
    const ready = await prepare?.(order, round);
    orders[round] = { ...order, round, version: ready?.json.version ?? 1 };
  });
  return orders;
}

async function payIn(order: TestOrder, round: number): Promise<Answer> {
  const paid = await pay(url(round), order);
  assert.equal(paid.status, 200, paid.text);
  return paid;
}

type Ask = (order: RacedOrder, url: string, tag: string) => Promise<Answer>;

const ask =
  (intent: string, by: 'owner' | keyof People, body?: unknown): Ask =>
  (order, at, tag) =>
    step(at, order.id, intent, {
      token: by === 'owner' ? order.customer.token : people[by],
      tag,
      ...(body === undefined ? {} : { body }),
    });

/**
 * Two ask at the same time, of different processes, by turns the one or the other first. Exactly one gets it; the other
 * is told that it came too late. Gives the number of the winner.
 */
async function race(order: RacedOrder, asks: readonly [Ask, Ask], tag: string): Promise<0 | 1> {
  const { round } = order;
  const first = round % 4 < 2 ? 0 : 1;
  const begun = new Map<number, Promise<Answer>>();
  for (const index of [first, 1 - first] as const)
    begun.set(index, (asks[index] as Ask)(order, url(round + index), tag));
  const answers = [await begun.get(0), await begun.get(1)] as [Answer, Answer];
  const told = answers.map(({ status, json }) => [status, json?.code].filter(Boolean).join(' '));
  const late = tag === '*' ? '409 order-step-not-allowed' : '412 precondition-failed';
  assert.deepEqual(told.toSorted(), ['200', late], JSON.stringify(answers.map(({ text }) => text)));
  const winner = answers[0].status === 200 ? 0 : 1;
  assert.ok(answers[1 - winner]?.json.version > order.version, 'the loser is told the state after the winner');
  return winner;
}

/** Races all orders. `*` where only one can come first whatever the tag; else the tag they all read decides. */
async function raceAll(
  t: TestContext,
  orders: readonly RacedOrder[],
  asks: readonly [Ask, Ask],
  anyVersion: (order: RacedOrder) => boolean = () => false,
): Promise<RacedOrder[][]> {
  const won: [RacedOrder[], RacedOrder[]] = [[], []];
  await inRounds(orders.length, AT_ONCE, async (round) => {
    const order = orders[round] as RacedOrder;
    won[await race(order, asks, anyVersion(order) ? '*' : `"${order.version}"`)].push(order);
  });
  t.diagnostic(`${won[0].length} to ${won[1].length} of ${orders.length}`);
  return won;
}

/** All of these orders have come to one status. */
async function assertStatus(orders: readonly TestOrder[], status: string): Promise<void> {
  const others = await database.query('SELECT id, status FROM orders WHERE id = ANY ($1) AND status::text <> $2', [
    orders.map(({ id }) => id),
    status,
  ]);
  assert.deepEqual(others, [], `not all are ${status}`);
}

const halfOfThem = ({ round }: RacedOrder) => round % 2 === 0;

test('PAY-10 S-11 cancel against accept: exactly one wins, and stock and money follow the winner', async (t) => {
  const orders = await makeOrders(ROUNDS, { fulfillment: 'kitchen' }, payIn);
  const asks = [ask('cancellation', 'owner'), ask('acceptance', 'merchant')] as const;
  const [cancelled = [], accepted = []] = await raceAll(t, orders, asks, halfOfThem);
  await assertStatus(cancelled, 'cancelled');
  await assertStatus(accepted, 'preparing');
  assert.deepEqual(await stockOf(orders[0]?.sale as Sale), {
    capacity: ROUNDS,
    available: cancelled.length,
    held: 0,
    sold: accepted.length,
  });
  await assertAllIsWell();
});

test('PAY-10 S-11 cancel against preparation: exactly one wins, and what was cooked is not sold again', async (t) => {
  const orders = await makeOrders(ROUNDS, { fulfillment: 'kitchen' }, async (order, round) => {
    await payIn(order, round);
    const accepted = await ask('acceptance', 'merchant')({ ...order, round, version: 0 }, url(round), '*');
    assert.equal(accepted.status, 200, accepted.text);
    return accepted;
  });
  // The capture raises the version, and a cancellation has to know how it ended.
  await untilMoneyRests(database);
  const captured = orders.map((order) => ({ ...order, version: order.version + 1 }));
  const asks = [ask('cancellation', 'operator'), ask('preparation', 'merchant')] as const;
  const [cancelled = [], prepared = []] = await raceAll(t, captured, asks);
  await assertStatus(cancelled, 'cancelled');
  await assertStatus(prepared, 'ready_for_pickup');
  assert.deepEqual(await stockOf(orders[0]?.sale as Sale), {
    capacity: ROUNDS,
    available: 0,
    held: 0,
    sold: ROUNDS,
  });
  await assertAllIsWell();
});

test('PAY-10 S-11 two merchants on one order: one accepts, or one rejects, and the other is told', async (t) => {
  const orders = await makeOrders(ROUNDS, { fulfillment: 'kitchen' }, payIn);
  const other: Ask = ({ id, round }, at, tag) =>
    step(at, id, round % 4 < 2 ? 'acceptance' : 'rejection', { token: secondMerchant, tag });
  const [first = [], second = []] = await raceAll(t, orders, [ask('acceptance', 'merchant'), other], halfOfThem);
  const rejected = second.filter(({ round }) => round % 4 >= 2);
  await assertStatus(rejected, 'rejected');
  await assertStatus([...first, ...second.filter((order) => !rejected.includes(order))], 'preparing');
  assert.deepEqual(await stockOf(orders[0]?.sale as Sale), {
    capacity: ROUNDS,
    available: rejected.length,
    held: 0,
    sold: ROUNDS - rejected.length,
  });
  await assertAllIsWell();
});

test('PAY-10 S-11 pay against cancel: exactly one wins, and nobody is charged for a cancelled order', async (t) => {
  const orders = await makeOrders(ROUNDS, {});
  const payment = ask('payment', 'owner', { paymentMethod: 'card_ok' });
  const [paid = [], cancelled = []] = await raceAll(t, orders, [payment, ask('cancellation', 'owner')]);
  await assertStatus(paid, 'confirmed');
  await assertStatus(cancelled, 'cancelled');
  const charged = await database.query<{ order_id: string }>(
    'SELECT order_id FROM sandbox_payments WHERE order_id = ANY ($1)',
    [orders.map(({ id }) => id)],
  );
  assert.deepEqual(charged.map((row) => row.order_id).toSorted(), paid.map(({ id }) => id).toSorted());
  assert.deepEqual(await stockOf(orders[0]?.sale as Sale), {
    capacity: ROUNDS,
    available: cancelled.length,
    held: 0,
    sold: paid.length,
  });
  await assertAllIsWell();
});

test('PAY-10 S-11 reject against the acceptance deadline: the order is rejected once, by the one or the other', async (t) => {
  const orders = await makeOrders(ROUNDS, { fulfillment: 'kitchen' }, payIn);
  const byMerchant: string[] = [];
  await inWaves(orders, async (wave, moment) => {
    await overdue('accept_by', wave);
    await moment(600);
    await inRounds(wave.length, 2, async (index) => {
      const order = wave[index] as RacedOrder;
      const answer = await ask('rejection', 'merchant')(order, url(index), index % 2 ? '*' : `"${order.version}"`);
      if (answer.status === 200) byMerchant.push(order.id);
      else assert.equal(answer.json.orderStatus, 'rejected', answer.text);
    });
  });
  await database.until(
    `SELECT 1 WHERE NOT EXISTS (SELECT FROM orders WHERE id = ANY ($1) AND status = 'pending_acceptance')`,
    [orders.map(({ id }) => id)],
  );
  const rejections = await database.query<{ order_id: string; cause: string }>(
    `SELECT order_id, cause FROM order_events WHERE order_id = ANY ($1) AND status = 'rejected' AND type = 'order.rejected'`,
    [orders.map(({ id }) => id)],
  );
  assert.equal(rejections.length, ROUNDS, 'each order is rejected once');
  const asked = rejections.filter(({ cause }) => cause === 'rejection').map((row) => row.order_id);
  assert.deepEqual(asked.toSorted(), byMerchant.toSorted());
  t.diagnostic(`${asked.length} to ${ROUNDS - asked.length} of ${ROUNDS}`);
  assert.deepEqual(await stockOf(orders[0]?.sale as Sale), {
    capacity: ROUNDS,
    available: ROUNDS,
    held: 0,
    sold: 0,
  });
  await assertAllIsWell();
});

/**
 * Goes through orders a few at a time. `moment` waits for one of the moments, over so many milliseconds, at which the
 * engine may get to what is due: in the first waves at once, then later and later, and again.
 */
async function inWaves(
  orders: readonly RacedOrder[],
  work: (wave: readonly RacedOrder[], moment: (spreadMs: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  const size = 5;
  await inRounds(Math.ceil(orders.length / size), 4, async (number) => {
    const begunAt = Date.now();
    const moment = async (spreadMs: number) => {
      const at = new Date(begunAt + ((number * 0.381) % 1) * spreadMs);
      await untilMoment(database, at.toISOString());
    };
    await work(orders.slice(number * size, (number + 1) * size), moment);
  });
}

/** Their deadline is over now. */
async function overdue(deadline: 'pay_by' | 'accept_by', orders: readonly TestOrder[]): Promise<void> {
  await database.query(`UPDATE orders SET ${deadline} = clock_timestamp() WHERE id = ANY ($1)`, [
    orders.map(({ id }) => id),
  ]);
}

test('F-16 one order cancelled 100 times at once: one cancellation, stock +n once, the money back once', async () => {
  const sale = await shop.createSale({ items: [{ capacity: 10, priceMinor: PRICE_MINOR }] });
  for (const underOneKey of [false, true]) {
    const order = await placeOrder(shop, sale, { quantity: 3 });
    await payIn(order, 0);
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        step(url(index), order.id, 'cancellation', {
          token: index % 3 ? order.customer.token : people.operator,
          ...(underOneKey ? { key } : {}),
        }),
      ),
    );
    const done = answers.filter(({ status, headers }) => status === 200 && !headers.has('idempotent-replayed'));
    assert.equal(done.length, 1);
    for (const answer of answers) {
      if (answer.status === 200) assert.equal(answer.text, done[0]?.text);
      else assert.ok(['order-step-not-allowed', 'request-in-progress'].includes(answer.json.code), answer.text);
    }
    if (!underOneKey) assert.equal(answers.filter(({ status }) => status === 409).length, 99);
    await untilMoneyRests(database);
    const events = (await eventsOf(database, order.id)).filter((type) => type !== 'refund.succeeded');
    assert.deepEqual(events, ['order.placed', 'order.payment_started', 'order.paid', 'order.cancelled']);
    assert.deepEqual(await sandboxBooks(database, order.id), {
      charges: 1,
      capturedMinor: 3 * PRICE_MINOR,
      refundedMinor: 3 * PRICE_MINOR,
      refunds: 1,
    });
    assert.deepEqual(await stockOf(sale), { capacity: 10, available: 10, held: 0, sold: 0 });
  }
});

test('F-15 two sweepers, a cancellation, a late payment and other buyers at the same order: one end, money and stock fit it', async (t) => {
  // The customer was refused, and pays at the provider all the same when the hold is over.
  const orders = await makeOrders(ROUNDS, {}, async (order, round) => {
    const refused = await pay(url(round), order, 'card_declined');
    assert.equal(refused.status, 402, refused.text);
    return refused;
  });
  const sale = orders[0]?.sale as Sale;
  const ids = orders.map(({ id }) => id);
  const cancelled: string[] = [];
  let bought = 0;
  await inWaves(orders, async (wave, moment) => {
    await payAtProvider(wave);
    await overdue('pay_by', wave);
    await Promise.all([
      tellOfPayments(wave),
      moment(700).then(() =>
        inRounds(wave.length, 2, async (index) => {
          const order = wave[index] as RacedOrder;
          const answer = await ask('cancellation', 'owner')(order, url(order.round), '*');
          if (answer.status === 200) cancelled.push(order.id);
          else assert.deepEqual([answer.status, answer.json.orderStatus], [409, 'expired'], answer.text);
        }),
      ),
      moment(600).then(() =>
        inRounds(wave.length, 1, async () => {
          const answer = await shop.order(sale);
          assert.ok([201, 409].includes(answer.status), answer.text);
          if (answer.status === 201) bought += 1;
        }),
      ),
    ]);
  });
  await untilMoneyRests(database);
  await database.until(
    `SELECT 1 WHERE NOT EXISTS (SELECT FROM orders WHERE id = ANY ($1) AND status = 'pending_payment')`,
    [ids],
  );
  await untilMoneyRests(database);

  const ends = await database.query<{ id: string; status: string; refunds: number; expiries: number; payers: number }>(
    `SELECT id, status,
            (SELECT count(*)::int FROM refunds WHERE order_id = orders.id) AS refunds,
            (SELECT count(*)::int FROM order_events WHERE order_id = orders.id AND type = 'order.expired') AS expiries,
            (SELECT count(*)::int FROM order_events WHERE order_id = orders.id AND type = 'order.paid') AS payers
     FROM orders WHERE id = ANY ($1)`,
    [ids],
  );
  const counts: Record<string, number> = {};
  for (const { id, status, refunds, expiries, payers } of ends) {
    const end = [expiries > 0 ? 'expired' : '', payers > 0 ? 'paid' : '', status].filter(Boolean).join(', then ');
    counts[end] = (counts[end] ?? 0) + 1;
    assert.ok(['confirmed', 'cancelled', 'expired'].includes(status), `${id} is ${status}`);
    assert.equal(status === 'cancelled', cancelled.includes(id), `${id} is ${status}`);
    assert.equal(refunds, status === 'confirmed' ? 0 : 1, `${id} is ${status}`);
    assert.ok(expiries <= 1 && payers <= 1, `${id} expired ${expiries} times and was paid ${payers} times`);
  }
  t.diagnostic(JSON.stringify({ ...counts, bought }));
  const kept = ends.filter(({ status }) => status === 'confirmed').length;
  assert.deepEqual(await stockOf(sale), {
    capacity: ROUNDS,
    available: ROUNDS - kept - bought,
    held: bought,
    sold: kept,
  });
  await assertAllIsWell();
});

/** What the sandbox refused is paid there after all, of which the engine does not know yet. */
async function payAtProvider(orders: readonly TestOrder[]): Promise<void> {
  const ids = orders.map(({ id }) => id);
  // A refused attempt is being closed; only what was not closed can be paid.
  await database.until(
    `SELECT 1 WHERE NOT EXISTS (SELECT FROM payment_jobs WHERE order_id = ANY ($1) AND status = 'due')`,
    [ids],
  );
  await database.query(
    `UPDATE sandbox_payments SET status = 'captured', captured_minor = amount_minor, decline_code = NULL
     WHERE order_id = ANY ($1)`,
    [ids],
  );
}

async function tellOfPayments(orders: readonly TestOrder[]): Promise<void> {
  const payments = await database.query<{ id: string }>('SELECT id FROM payments WHERE order_id = ANY ($1)', [
    orders.map(({ id }) => id),
  ]);
  await inRounds(payments.length, 2, async (index) => {
    const webhook = signWebhook({ paymentId: payments[index]?.id, amountMinor: PRICE_MINOR, currency: 'EUR' });
    assert.equal((await deliverWebhook(url(index), webhook)).status, 200);
  });
}

test('S-06 each hold is claimed, released or expired once, none later than its deadline and grace, though the process that held it was killed', async () => {
  const doomed = await stage.engine({ ...settings, ROLE: 'api' });
  const each = scaled(3, 50);
  const terms = { holdSeconds: 1, pinSeconds: 1 };
  const make = (prepare?: (order: TestOrder) => Promise<Answer>) => makeOrders(each, terms, prepare);
  const unpaid = await make();
  const [released, claimed] = await Promise.all([
    make((order) => step(doomed.url, order.id, 'cancellation', { token: order.customer.token })),
    make((order) => pay(doomed.url, order)),
  ]);
  const open = await Promise.all(
    ['card_timeout_charged', 'card_timeout_not_charged', 'card_silent'].map(async (card) => {
      const orders = await make();
      // Nobody will ever hear these answers.
      for (const order of orders) void pay(doomed.url, order, card).catch(() => undefined);
      return { card, orders };
    }),
  );
  const openIds = open.flatMap(({ orders }) => orders.map(({ id }) => id));
  await database.until(
    `SELECT 1 WHERE (SELECT count(*) FROM payments WHERE order_id = ANY ($1)) = $2
       AND (SELECT count(*) FROM sandbox_payments WHERE order_id = ANY ($1)) = $2`,
    [openIds, openIds.length],
  );
  await doomed.kill();

  const ids = [...unpaid, ...released, ...claimed].map(({ id }) => id).concat(openIds);
  await database
    .until(
      `SELECT 1 WHERE NOT EXISTS
         (SELECT FROM orders WHERE id = ANY ($1) AND status IN ('pending_payment', 'payment_processing'))`,
      [ids],
    )
    .catch(async () => assert.fail(`stock is held for ever: ${JSON.stringify(await heldTooLong(ids))}`));
  assert.deepEqual(await heldTooLong(ids), [], 'stock was held past its deadline');
  await assertStatus(unpaid, 'expired');
  await assertStatus(released, 'cancelled');
  await assertStatus(claimed, 'confirmed');

  for (const { card, orders } of open) {
    if (card === 'card_silent') for (const { id } of orders) await setSilent(database, id, false);
  }
  await assertAllIsWell();
  const unresolved = await database.query('SELECT order_id FROM order_lines WHERE order_id = ANY ($1) AND held > 0', [
    ids,
  ]);
  assert.deepEqual(unresolved, []);
});

/** Holds that were resolved, or are still there, later than pay_by, or than the pin of a payment, and grace. */
async function heldTooLong(ids: readonly string[]): Promise<unknown[]> {
  return database.query(
    `SELECT orders.id, orders.status, payment_method, ended.type,
            round(extract(epoch FROM coalesce(ended.occurred_at, clock_timestamp()) - due.at)::numeric, 3) AS seconds_late
     FROM orders
     LEFT JOIN sandbox_payments ON sandbox_payments.order_id = orders.id
     CROSS JOIN LATERAL (
       SELECT max(occurred_at) + interval '1 second' AS at FROM order_events
       WHERE order_id = orders.id AND type IN ('order.placed', 'order.payment_started')
     ) AS due
     LEFT JOIN LATERAL (
       SELECT type, occurred_at FROM order_events
       WHERE order_id = orders.id AND order_events.status NOT IN ('pending_payment', 'payment_processing')
       ORDER BY version LIMIT 1
     ) AS ended ON true
     WHERE orders.id = ANY ($1)
       AND coalesce(ended.occurred_at, clock_timestamp()) > due.at + $2 * interval '1 millisecond'`,
    [ids, GRACE_MS],
  );
}

test('S-11 the history that an owner reads has one entry for each version from 1 on, and ends where the order stands', async () => {
  const sale = await shop.createSale({ fulfillment: 'kitchen', items: [{ capacity: 5, priceMinor: PRICE_MINOR }] });
  const order = await placeOrder(shop, sale, { customer: newCustomer() });
  await payIn(order, 0);
  for (const intent of ['acceptance', 'preparation', 'pickup'] as const) {
    const token = intent === 'pickup' ? people.courier : people.merchant;
    const answer = await step(url(1), order.id, intent, { token });
    assert.equal(answer.status, 200, answer.text);
  }
  await untilMoneyRests(database);
  const read = await readOrder(url(0), order);
  const { version, status, history } = read.json;
  assert.equal(read.headers.get('etag'), `"${version}"`);
  assert.deepEqual(
    history.map((entry: { version: number }) => entry.version),
    Array.from({ length: version }, (_, index) => index + 1),
  );
  assert.deepEqual([status, history.at(-1).status], ['in_transit', 'in_transit']);
  await assertAllIsWell();
});
