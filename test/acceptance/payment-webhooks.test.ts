import assert from 'node:assert/strict';
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { after, before, test } from 'node:test';
import { assertBooksBalance, untilMoneyRests } from '../support/books.ts';
import { send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { pay, placeOrder, readOrder, step, type TestOrder } from '../support/orders.ts';
import { eventsOf, sandboxBooks, setSilent, untilStatus } from '../support/payments.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';
import {
  createWebhookReceiver,
  deliverWebhook,
  SANDBOX_WEBHOOK_SECRET,
  signWebhook,
  verifyWebhook,
  type Webhook,
  type WebhookReceiver,
} from '../support/webhooks.ts';

const PRICE_MINOR = 1_500;

const stage = createStage({ after });
let database: TestDatabase;
let urls: readonly [string, string];
let shop: Shop;
/** Gets what the sandbox sends. A test decides what becomes of it. */
let receiver: WebhookReceiver;

before(async () => {
  database = await stage.database();
  receiver = await createWebhookReceiver();
  stage.atEnd(receiver.close);
  const settings = { DATABASE_URL: database.url, PAYMENT_TIMEOUT_MS: '300', PUBLIC_URL: receiver.url };
  const engines = await stage.engines(settings);
  stage.atEnd(async () => {
    await untilMoneyRests(database);
    await assertLedgerSound(database);
    await assertBooksBalance(database);
  });
  urls = engines.urls;
  shop = await createShop(engines.url);
});

const newOrder = async (): Promise<TestOrder> => placeOrder(shop, await shop.createSale());

const PAID = ['order.placed', 'order.payment_started', 'order.paid'];

/** An order whose payment waits for its customer, and the payment's id. */
async function orderToAuthenticate(): Promise<{
  order: TestOrder;
  paymentId: string;
  approve: () => Promise<unknown>;
}> {
  const order = await newOrder();
  const answer = await pay(urls[0], order, 'card_authentication_required');
  assert.equal(answer.status, 202, answer.text);
  const [{ id, nextAction }] = answer.json.payments;
  const page = new URL(nextAction.url).pathname;
  return { order, paymentId: id, approve: () => send('POST', `${urls[1]}${page}/approval`) };
}

const eventAbout = (paymentId: string | null, rest: Readonly<Record<string, unknown>> = {}) => ({
  paymentId,
  amountMinor: PRICE_MINOR,
  currency: 'EUR',
  ...rest,
});

/** Resolves when everything that webhooks have made due is done. */
const untilAsked = (orderId: string) =>
  database.until(`SELECT 1 WHERE NOT EXISTS (SELECT FROM payment_jobs WHERE order_id = $1 AND status = 'due')`, [
    orderId,
  ]);

const keptEvents = async (): Promise<number> =>
  (await database.query<{ count: number }>('SELECT count(*)::int FROM provider_events'))[0]?.count ?? 0;

test('what the sandbox sends is signed as Standard Webhooks says', async () => {
  const { order, paymentId, approve } = await orderToAuthenticate();
  await approve();
  const [webhook] = await receiver.about(paymentId);
  assert.ok(webhook);
  verifyWebhook(webhook);
  assert.throws(() => verifyWebhook({ ...webhook, body: webhook.body.replace('1500', '1501') }));
  assert.throws(() => verifyWebhook(webhook, `whsec_${Buffer.alloc(32).toString('base64')}`));
  const { id, type, ...rest } = JSON.parse(webhook.body);
  assert.equal(id, webhook.headers['webhook-id']);
  assert.deepEqual([type, rest], ['payment.updated', eventAbout(paymentId)]);
  const taken = await deliverWebhook(urls[0], webhook);
  assert.deepEqual([taken.status, taken.json], [200, { outcome: 'kept' }], taken.text);
  await untilStatus(database, order.id, 'confirmed');
});

test("PAY-05 the webhook comes and is worked through before the provider's answer: one transition, and the answer is the paid order", async () => {
  const order = await newOrder();
  const outcomes: unknown[] = [];
  receiver.onWebhook(async (webhook) => {
    outcomes.push((await deliverWebhook(urls[1], webhook)).json.outcome);
    await untilStatus(database, order.id, 'confirmed');
  });
  const paid = await pay(urls[0], order, 'card_webhook_first');
  receiver.onWebhook(async () => undefined);
  assert.deepEqual(outcomes, ['kept']);
  assert.deepEqual([paid.status, paid.json.status, paid.json.version], [200, 'confirmed', 3], paid.text);
  await untilAsked(order.id);
  assert.deepEqual(await eventsOf(database, order.id), PAID);
  assert.equal((await sandboxBooks(database, order.id)).charges, 1);
});

test('PAY-05 ten copies of a webhook at once over two processes: one is kept, one transition', async () => {
  const order = await newOrder();
  const paid = await pay(urls[0], order, 'card_duplicate_webhooks');
  assert.equal(paid.status, 200, paid.text);
  const copies = await receiver.about(paid.json.payments[0].id, 10);
  for (const copy of copies) verifyWebhook(copy);
  assert.equal(new Set(copies.map(({ headers }) => headers['webhook-id'])).size, 1);
  const answers = await Promise.all(copies.map((copy, index) => deliverWebhook(urls[index % 2 === 0 ? 0 : 1], copy)));
  assert.deepEqual(answers.map(({ status, json }) => `${status} ${json.outcome}`).sort(), [
    '200 kept',
    ...Array.from({ length: 9 }, () => '200 repeated'),
  ]);
  await untilAsked(order.id);
  assert.deepEqual(await eventsOf(database, order.id), PAID);
});

test('PAY-05 ten webhooks about the same payment, each an event of its own, at once while it is paid: one transition', async () => {
  const { order, paymentId, approve } = await orderToAuthenticate();
  await approve();
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      deliverWebhook(urls[index % 2 === 0 ? 0 : 1], signWebhook(eventAbout(paymentId))),
    ),
  );
  for (const { status, json } of answers) assert.deepEqual([status, json.outcome], [200, 'kept']);
  await untilStatus(database, order.id, 'confirmed');
  await untilAsked(order.id);
  assert.deepEqual(await eventsOf(database, order.id), [
    'order.placed',
    'order.payment_started',
    'payment.action_required',
    'order.paid',
  ]);
  assert.equal((await sandboxBooks(database, order.id)).charges, 1);
});

test('PAY-05 webhooks out of order: what is true at the provider counts, not the order in which it was told', async () => {
  const { order, paymentId, approve } = await orderToAuthenticate();
  const minute = 60_000;
  const events = [
    ['payment.requires_action', 3 * minute],
    ['payment.updated', 2 * minute],
    ['refund.updated', minute],
    ['payment.failed', 0],
  ] as const;
  const webhooks: Webhook[] = events.map(([type, ageMs]) =>
    signWebhook(eventAbout(paymentId, { type }), { sentAt: new Date(Date.now() - ageMs) }),
  );
  // The last one first, before anything has happened of which it tells.
  const [started, updated, refunded, failed] = webhooks;
  for (const webhook of [failed, refunded])
    assert.equal((await deliverWebhook(urls[0], webhook ?? assert.fail())).json.outcome, 'kept');
  assert.equal((await readOrder(urls[0], order)).json.status, 'payment_processing');
  await approve();
  assert.equal((await deliverWebhook(urls[1], updated ?? assert.fail())).json.outcome, 'kept');
  await untilStatus(database, order.id, 'confirmed');
  assert.equal((await step(urls[0], order.id, 'cancellation', { token: order.customer.token })).status, 200);
  await database.until(`SELECT 1 FROM refunds WHERE order_id = $1 AND status = 'succeeded'`, [order.id]);
  const before = await eventsOf(database, order.id);

  assert.equal((await deliverWebhook(urls[1], started ?? assert.fail())).json.outcome, 'kept');
  for (const webhook of webhooks) assert.equal((await deliverWebhook(urls[0], webhook)).json.outcome, 'repeated');
  await untilAsked(order.id);
  assert.deepEqual(await eventsOf(database, order.id), before, 'nothing moves any more');
  assert.equal((await readOrder(urls[0], order)).json.status, 'cancelled');
  const books = await sandboxBooks(database, order.id);
  assert.deepEqual([books.refunds, books.refundedMinor], [1, PRICE_MINOR]);
});

test('PAY-05 a webhook that is lost loses nothing: the engine asks by itself', async () => {
  const { order, paymentId, approve } = await orderToAuthenticate();
  await approve();
  await receiver.about(paymentId);
  await database.query('UPDATE payment_jobs SET run_at = clock_timestamp() WHERE payment_id = $1', [paymentId]);
  await untilStatus(database, order.id, 'confirmed');
});

test('PAY-05 a webhook about a payment that the ledger does not have yet is parked, and worked through when it is there', async () => {
  const order = await newOrder();
  const paymentId = randomUUIDv7();
  const parked = await deliverWebhook(urls[0], signWebhook(eventAbout(paymentId)));
  assert.deepEqual([parked.status, parked.json], [200, { outcome: 'parked' }], parked.text);
  // The attempt is committed later, and whoever made it died: nobody but the parked event asks.
  await database.onOneConnection([
    'BEGIN',
    `UPDATE orders SET status = 'payment_processing', version = 2, settle_by = now() + interval '10 minutes'
     WHERE id = '${order.id}'`,
    `INSERT INTO order_events (order_id, version, type, status, pay_by, occurred_at, cause)
     SELECT id, 2, 'order.payment_started', status, pay_by, now(), 'payment' FROM orders WHERE id = '${order.id}'`,
    `INSERT INTO sandbox_payments (payment_id, provider_ref, order_id, payment_method, status, capture, currency,
                                   amount_minor, captured_minor)
     VALUES ('${paymentId}', 'sandbox_${paymentId}', '${order.id}', 'card_ok', 'captured', 'automatic', 'EUR',
             ${PRICE_MINOR}, ${PRICE_MINOR})`,
    `INSERT INTO payments (id, order_id, provider, status, capture, currency, amount_minor, created_at)
     VALUES ('${paymentId}', '${order.id}', 'sandbox', 'processing', 'automatic', 'EUR', ${PRICE_MINOR}, now())`,
    'COMMIT',
  ]);
  await untilStatus(database, order.id, 'confirmed');
  await untilAsked(order.id);
  assert.deepEqual(await eventsOf(database, order.id), PAID);
});

test('PAY-05 a webhook about nothing that the engine has made is taken and has no effect, however often it comes', async () => {
  for (const paymentId of [null, undefined, 'pi_123', '', 42, {}]) {
    const webhook = signWebhook({ id: `evt_${randomUUID()}`, type: 'customer.created', paymentId });
    const answers = [await deliverWebhook(urls[0], webhook), await deliverWebhook(urls[1], webhook)];
    assert.deepEqual(
      answers.map(({ status, json }) => [status, json.outcome]),
      [
        [200, 'foreign'],
        [200, 'repeated'],
      ],
    );
  }
});

test('PAY-05 a bad signature, an old time stamp or no webhook at all: 400 webhook-rejected, and nothing is kept or asked', async () => {
  const { order, paymentId, approve } = await orderToAuthenticate();
  await approve();
  const good = signWebhook(eventAbout(paymentId));
  const { 'webhook-signature': signature = '' } = good.headers;
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
  const signed = (sentAt: Date) => signWebhook(eventAbout(paymentId), { sentAt });
  const withHeader = (name: string, value: string): Webhook => ({
    ...good,
    headers: { ...good.headers, [name]: value },
  });
  const without = (name: string): Webhook => ({
    ...good,
    headers: Object.fromEntries(Object.entries(good.headers).filter(([each]) => each !== name)),
  });
  const cases: Readonly<Record<string, Webhook>> = {
    'another secret': signWebhook(eventAbout(paymentId), { secret: `whsec_${Buffer.alloc(32, 7).toString('base64')}` }),
    'another body': { ...good, body: good.body.replace('1500', '1501') },
    'the same JSON in other bytes': { ...good, body: good.body.replace(':', ': ') },
    'another id': withHeader('webhook-id', `evt_${randomUUID()}`),
    'another time stamp': withHeader('webhook-timestamp', String(Math.floor(Date.now() / 1_000) - 1)),
    'six minutes old': signed(minutesAgo(6)),
    'from the future': signed(minutesAgo(-6)),
    'a time stamp that is none': withHeader('webhook-timestamp', 'yesterday'),
    'another version of signatures': withHeader('webhook-signature', signature.replace('v1,', 'v1a,')),
    'no version': withHeader('webhook-signature', signature.replace('v1,', '')),
    'a cut signature': withHeader('webhook-signature', signature.slice(0, -4)),
    'an empty signature': withHeader('webhook-signature', 'v1,'),
    'no signature': without('webhook-signature'),
    'no id': without('webhook-id'),
    'no time stamp': without('webhook-timestamp'),
    'an empty body': { ...good, body: '' },
  };
  const before = await keptEvents();
  for (const [what, webhook] of Object.entries(cases)) {
    const answer = await deliverWebhook(urls[0], webhook);
    assert.deepEqual([answer.status, answer.json?.code], [400, 'webhook-rejected'], `${what}: ${answer.text}`);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  }
  assert.equal(await keptEvents(), before);
  assert.equal((await readOrder(urls[0], order)).json.status, 'payment_processing');

  // One signature that fits is enough: secrets are rotated that way.
  const rotated = withHeader('webhook-signature', `v1,${Buffer.alloc(32).toString('base64')} v1a,other ${signature}`);
  assert.equal((await deliverWebhook(urls[0], rotated)).json.outcome, 'kept');
  await untilStatus(database, order.id, 'confirmed');
});

test('PAY-05 well signed, but no JSON object or without a type: 400, and nothing is kept', async () => {
  const before = await keptEvents();
  for (const event of [{ type: 42 }, { type: null }]) {
    const answer = await deliverWebhook(urls[0], signWebhook(event));
    assert.deepEqual([answer.status, answer.json.code], [400, 'webhook-rejected'], answer.text);
  }
  assert.equal(await keptEvents(), before);
});

test('a webhook with a wrong amount or currency: 422, nothing moves, and the event is not taken for known', async () => {
  const { order, paymentId, approve } = await orderToAuthenticate();
  await approve();
  const { version } = (await readOrder(urls[0], order)).json;
  const before = await keptEvents();
  const id = `evt_${randomUUID()}`;
  for (const wrong of [
    { amountMinor: PRICE_MINOR + 1 },
    { amountMinor: 0 },
    { amountMinor: -PRICE_MINOR },
    { amountMinor: Number.MAX_SAFE_INTEGER },
    { currency: 'USD' },
    { currency: 'eur' },
  ]) {
    const answer = await deliverWebhook(urls[0], signWebhook(eventAbout(paymentId, { id, ...wrong })));
    assert.deepEqual([answer.status, answer.json.code], [422, 'payment-mismatch'], answer.text);
  }
  assert.equal(await keptEvents(), before);
  assert.equal((await readOrder(urls[0], order)).json.version, version);
  assert.equal((await deliverWebhook(urls[0], signWebhook(eventAbout(paymentId, { id })))).json.outcome, 'kept');
  await untilStatus(database, order.id, 'confirmed');
});

test('a provider that speaks of another amount than was asked for pays no order: nothing moves until it is put right', async () => {
  const { order, paymentId, approve } = await orderToAuthenticate();
  await setSilent(database, order.id, false);
  await approve();
  const setAmount = (amountMinor: number) =>
    database.query('UPDATE sandbox_payments SET amount_minor = $2, captured_minor = $2 WHERE payment_id = $1', [
      paymentId,
      amountMinor,
    ]);
  await setAmount(1);
  assert.equal((await deliverWebhook(urls[0], signWebhook(eventAbout(paymentId)))).json.outcome, 'kept');
  await database.until(`SELECT 1 FROM payment_jobs WHERE payment_id = $1 AND status = 'failed'`, [paymentId]);
  assert.equal((await readOrder(urls[0], order)).json.status, 'payment_processing');
  await setAmount(PRICE_MINOR);
  assert.equal((await deliverWebhook(urls[0], signWebhook(eventAbout(paymentId)))).json.outcome, 'kept');
  await untilStatus(database, order.id, 'confirmed');
});

test('a webhook of a provider that is not configured, or by another method, is not taken', async () => {
  const { body, headers } = signWebhook(eventAbout(randomUUIDv7()), { secret: SANDBOX_WEBHOOK_SECRET });
  const unknown = await send('POST', `${urls[0]}/api/v1/payment-webhooks/paypal`, { rawBody: body, headers });
  assert.deepEqual([unknown.status, unknown.json.code], [404, 'not-found'], unknown.text);
  const read = await send('GET', `${urls[0]}/api/v1/payment-webhooks/sandbox`);
  assert.deepEqual(
    [read.status, read.json.code, read.headers.get('allow')],
    [405, 'method-not-allowed', 'POST'],
    read.text,
  );
});
