import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { assertBooksBalance, untilMoneyRests } from '../support/books.ts';
import { type Answer, newCustomer, type RequestOptions, send } from '../support/client.ts';
import type { TestDatabase } from '../support/database.ts';
import type { TestEngines } from '../support/engines.ts';
import { assertLedgerSound } from '../support/ledger.ts';
import { createPeople, type People, pay, placeOrder, readOrder, step, type TestOrder } from '../support/orders.ts';
import { eventsOf, hurryJobs, sandboxBooks, setSilent, untilStatus } from '../support/payments.ts';
import { createReceiver, type Receiver, withStatus } from '../support/receiver.ts';
import { scaled } from '../support/scale.ts';
import { createShop, type Shop } from '../support/shop.ts';
import { createStage } from '../support/stage.ts';
import { deliverWebhook, signWebhook } from '../support/webhooks.ts';

const PRICE_MINOR = 1_500;
/** As many tries as a payment job has, less the one that is still to come. */
const TRIES_BEFORE_LAST = 99;
const SETTINGS = {
  PAYMENT_TIMEOUT_MS: '200',
  WEBHOOK_ALLOW_PRIVATE: 'true',
  WEBHOOK_RETRY_SECONDS: '1',
  DEAD_LETTER_REDRIVE_SECONDS: 'off',
};

const stage = createStage({ after });
let database: TestDatabase;
let engines: TestEngines;
let shop: Shop;
let people: People;
let receiver: Receiver;

before(async () => {
  database = await stage.database();
  engines = await stage.engines({ ...SETTINGS, DATABASE_URL: database.url });
  stage.atEnd(async () => {
    await untilMoneyRests(database);
    await assertLedgerSound(database);
    await assertBooksBalance(database);
  });
  receiver = await createReceiver();
  stage.atEnd(() => receiver.close());
  shop = await createShop(engines.url);
  people = await createPeople(shop);
});

const ask = (method: string, path: string, options: RequestOptions = {}): Promise<Answer> =>
  send(method, `${engines.url}/api/v1/admin/dlq${path}`, {
    token: people.operator,
    ...(method === 'POST' ? { key: 'auto' } : {}),
    ...options,
  });

async function read(path: string): Promise<Answer['json']> {
  const answer = await ask('GET', path);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

async function redrive(letterId: string): Promise<void> {
  const answer = await ask('POST', `/${letterId}/redrive`);
  assert.deepEqual([answer.status, answer.json.status], [200, 'redriving'], answer.text);
}

/** Waits until the letter of an order has a status, and gives its id. */
async function untilLetter(about: { orderId?: string; endpointId?: string }, status: string): Promise<string> {
  const { id } = await database.until<{ id: string }>(
    'SELECT id FROM dead_letters WHERE status = $3 AND (order_id = $1 OR $1 IS NULL) AND (endpoint_id = $2 OR $2 IS NULL)',
    [about.orderId ?? null, about.endpointId ?? null, status],
  );
  return id;
}

/** Leaves the due jobs of an order one last try, and has it made at once. */
async function lastTry(order: TestOrder): Promise<void> {
  await database.query(`UPDATE payment_jobs SET tries = $2 WHERE order_id = $1 AND status = 'due'`, [
    order.id,
    TRIES_BEFORE_LAST,
  ]);
  await hurryJobs(database, order.id);
}

async function orderMeal(): Promise<TestOrder> {
  const order = await placeOrder(shop, await shop.createSale({ fulfillment: 'kitchen' }));
  const paid = await pay(engines.url, order);
  assert.equal(paid.status, 200, paid.text);
  return order;
}

const untilPayment = (order: TestOrder, status: string) =>
  database.until('SELECT 1 FROM payments WHERE order_id = $1 AND status::text = $2', [order.id, status]);

test('WH-04 a capture that is never answered becomes a dead letter; redriven it is dead again, or captured once', async () => {
  const order = await orderMeal();
  await setSilent(database, order.id, true);
  const accepted = await step(engines.url, order.id, 'acceptance', { token: people.merchant });
  assert.equal(accepted.status, 200, accepted.text);
  await lastTry(order);
  const letterId = await untilLetter({ orderId: order.id }, 'dead');
  const letter = await read(`/${letterId}`);
  assert.deepEqual(
    [letter.kind, letter.orderId, letter.merchantId, letter.endpointId, letter.redrives, letter.redriveAt],
    ['capture', order.id, shop.merchantId, null, 0, null],
  );
  const last = letter.attempts.at(-1);
  assert.equal(last.number, letter.attemptCount);
  assert.equal(last.error, letter.error);
  assert.match(letter.error, /No answer within 200 ms/);

  await redrive(letterId);
  await lastTry(order);
  assert.equal(await untilLetter({ orderId: order.id }, 'dead'), letterId);
  assert.equal((await read(`/${letterId}`)).redrives, 1);

  await setSilent(database, order.id, false);
  await redrive(letterId);
  await untilLetter({ orderId: order.id }, 'resolved');
  // The order's step resolves the letter; the try that made it is kept a moment later.
  await database.until('SELECT 1 FROM duty_attempts WHERE duty_id = $1 AND error IS NULL', [letter.dutyId]);
  const resolved = await read(`/${letterId}`);
  assert.equal(resolved.redrives, 2);
  assert.equal(resolved.attempts.at(-1).error, null);
  await untilPayment(order, 'captured');
  assert.equal((await sandboxBooks(database, order.id)).capturedMinor, PRICE_MINOR);
  const again = await ask('POST', `/${letterId}/redrive`);
  assert.deepEqual(
    [again.status, again.json.code, again.json.currentStatus],
    [409, 'wrong-status', 'resolved'],
    again.text,
  );
});

async function refusedRefund(): Promise<TestOrder> {
  const order = await placeOrder(shop, await shop.createSale());
  assert.equal((await pay(engines.url, order, 'card_refund_declined')).status, 200);
  const asked = await step(engines.url, order.id, 'refunds', {
    token: people.merchant,
    body: { lines: [{ itemId: order.sale.items[0]?.id, quantity: 1, restock: true }] },
  });
  assert.equal(asked.status, 201, asked.text);
  await untilLetter({ orderId: order.id }, 'dead');
  return order;
}

const takeOtherCard = (order: TestOrder) =>
  database.query(`UPDATE sandbox_payments SET payment_method = 'card_ok' WHERE order_id = $1`, [order.id]);

test('WH-04 a refund that is refused becomes a dead letter; redriven it is asked for by a new refund, and given back once', async () => {
  const order = await refusedRefund();
  const letterId = await untilLetter({ orderId: order.id }, 'dead');
  assert.match((await read(`/${letterId}`)).error, /The bank refused it/);
  await redrive(letterId);
  await database.until('SELECT 1 FROM dead_letters WHERE id = $1 AND status = $2 AND redrives = 1', [letterId, 'dead']);
  await takeOtherCard(order);
  await redrive(letterId);
  await untilLetter({ orderId: order.id }, 'resolved');
  const { json } = await readOrder(engines.url, order);
  const refunds = json.refunds.map(
    (refund: { status: string; amountMinor: number; lines: { restocked: number }[] }) => [
      refund.status,
      refund.amountMinor,
      refund.lines[0]?.restocked,
    ],
  );
  assert.deepEqual(refunds.toSorted(), [
    ['failed', PRICE_MINOR, 0],
    ['failed', PRICE_MINOR, 1],
    ['succeeded', PRICE_MINOR, 0],
  ]);
  const books = await sandboxBooks(database, order.id);
  assert.deepEqual([books.refunds, books.refundedMinor], [1, PRICE_MINOR]);
  const steps = (await eventsOf(database, order.id)).filter((type) => type.startsWith('refund.'));
  assert.deepEqual(steps, ['refund.failed', 'refund.retried', 'refund.failed', 'refund.retried', 'refund.succeeded']);
});

test('a refund whose money was given back otherwise meanwhile stays dead, and nothing is given back twice', async () => {
  const order = await refusedRefund();
  const letterId = await untilLetter({ orderId: order.id }, 'dead');
  await takeOtherCard(order);
  const other = await step(engines.url, order.id, 'refunds', {
    token: people.merchant,
    body: { amountMinor: PRICE_MINOR },
  });
  assert.equal(other.status, 201, other.text);
  await redrive(letterId);
  await database.until('SELECT 1 FROM dead_letters WHERE id = $1 AND status = $2 AND redrives = 1', [letterId, 'dead']);
  assert.match((await read(`/${letterId}`)).error, /given back otherwise/);
  await untilMoneyRests(database);
  const books = await sandboxBooks(database, order.id);
  assert.deepEqual([books.refunds, books.refundedMinor], [1, PRICE_MINOR]);
});

/** A payment that the provider is silent about, until asking for it has used up its tries. */
async function unknownPayment(): Promise<TestOrder> {
  const order = await placeOrder(shop, await shop.createSale());
  const begun = await pay(engines.url, order, 'card_silent');
  assert.equal(begun.status, 202, begun.text);
  await lastTry(order);
  await untilLetter({ orderId: order.id }, 'dead');
  return order;
}

test('WH-04 asking for an unknown payment ends in a dead letter, and goes on when it is redriven', async () => {
  const order = await unknownPayment();
  const letterId = await untilLetter({ orderId: order.id }, 'dead');
  assert.equal((await read(`/${letterId}`)).kind, 'settle');
  await setSilent(database, order.id, false);
  await redrive(letterId);
  await untilStatus(database, order.id, 'confirmed');
  await untilLetter({ orderId: order.id }, 'resolved');
  assert.equal((await sandboxBooks(database, order.id)).charges, 1);
});

test("a provider's webhook about a payment that nobody asks for any more takes its dead letter up again", async () => {
  const order = await unknownPayment();
  await setSilent(database, order.id, false);
  const [payment] = await database.query<{ id: string }>('SELECT id FROM payments WHERE order_id = $1', [order.id]);
  const told = await deliverWebhook(
    engines.url,
    signWebhook({ paymentId: payment?.id, amountMinor: PRICE_MINOR, currency: 'EUR' }),
  );
  assert.equal(told.status, 200, told.text);
  await untilStatus(database, order.id, 'confirmed');
  await untilLetter({ orderId: order.id }, 'resolved');
  assert.equal((await sandboxBooks(database, order.id)).charges, 1);
});

/** An endpoint of the shop at a path of the receiver's own. */
async function createEndpoint(): Promise<{ id: string; path: string }> {
  const path = `/${randomUUID()}`;
  const made = await send('POST', `${engines.url}/api/v1/merchants/${shop.merchantId}/webhook-endpoints`, {
    token: people.merchant,
    key: 'auto',
    body: { url: receiver.url + path, eventTypes: ['order.placed'] },
  });
  assert.equal(made.status, 201, made.text);
  return { id: made.json.id, path };
}

const paused = (id: string, pause: boolean) =>
  send(
    'POST',
    `${engines.url}/api/v1/merchants/${shop.merchantId}/webhook-endpoints/${id}/${pause ? 'pause' : 'resumption'}`,
    { token: people.merchant, key: 'auto' },
  );

test('WH-04 a webhook out of tries becomes a dead letter with its tries; redriven it is sent under the same id', async () => {
  const { id: endpointId, path } = await createEndpoint();
  receiver.answer(withStatus(500));
  const order = await placeOrder(shop, await shop.createSale());
  const letterId = await untilLetter({ endpointId }, 'dead');
  const letter = await read(`/${letterId}`);
  assert.deepEqual([letter.kind, letter.orderId, letter.merchantId], ['webhook', order.id, shop.merchantId]);
  assert.deepEqual(
    letter.attempts.map(({ number, status }: { number: number; status: number }) => [number, status]),
    [
      [1, 500],
      [2, 500],
    ],
  );
  const listed = await read(`?kind=webhook&endpointId=${endpointId}&orderId=${order.id}&merchantId=${shop.merchantId}`);
  assert.deepEqual(
    listed.data.map(({ id }: { id: string }) => id),
    [letterId],
  );

  await redrive(letterId);
  await database.until('SELECT 1 FROM dead_letters WHERE id = $1 AND status = $2 AND redrives = 1', [letterId, 'dead']);
  receiver.answer(withStatus(204));
  const key = randomUUID();
  const first = await ask('POST', `/${letterId}/redrive`, { key });
  await untilLetter({ endpointId }, 'resolved');
  const repeated = await ask('POST', `/${letterId}/redrive`, { key });
  assert.deepEqual([repeated.status, repeated.text], [200, first.text]);
  assert.equal(repeated.headers.get('idempotent-replayed'), 'true');
  const requests = await receiver.until(5, (request) => request.path === path);
  assert.equal(requests.length, 5);
  assert.equal(new Set(requests.map(({ headers }) => headers['webhook-id'])).size, 1);
  const attempts = (await read(`/${letterId}`)).attempts;
  assert.deepEqual([attempts.length, attempts.at(-1).status, attempts.at(-1).error], [5, 204, null]);
  await database.query('UPDATE webhook_endpoints SET paused_at = now() WHERE id = $1', [endpointId]);
});

/** Dead deliveries to an endpoint that is paused, so that their redrive alone is seen. */
async function deadDeliveries(count: number): Promise<string> {
  const { id } = await createEndpoint();
  assert.equal((await paused(id, true)).status, 200);
  await database.query(
    `WITH failed AS (
       INSERT INTO webhook_deliveries (id, endpoint_id, event_type, status, run_at, attempts, tries, ended_at)
       SELECT gen_random_uuid(), $1, 'test', 'failed', now() - interval '1 hour', 2, 2, now()
       FROM generate_series(1, $2)
       RETURNING id
     )
     INSERT INTO dead_letters (id, kind, duty_id, merchant_id, endpoint_id, status, error, attempts, died_at)
     SELECT gen_random_uuid(), 'webhook', id, $3, $1, 'dead', 'No.', 2, now() FROM failed`,
    [id, count, shop.merchantId],
  );
  return id;
}

const startRedrive = (body: unknown, options: RequestOptions = {}) => ask('POST', '/redrives', { body, ...options });

async function untilDone(redriveId: string): Promise<Answer['json']> {
  await database.until(`SELECT 1 FROM redrives WHERE id = $1 AND status = 'done'`, [redriveId]);
  return read(`/redrives/${redriveId}`);
}

test('WH-04 a redrive of all: begun once per key, one at a time, with its progress, at its rate over two processes', async () => {
  const perSecond = 50;
  const count = scaled(100, 400);
  const endpointId = await deadDeliveries(count);
  const others = await deadDeliveries(1);
  const key = randomUUID();
  const begun = await startRedrive({ endpointId, perSecond }, { key });
  assert.deepEqual([begun.status, begun.json.status, begun.json.matched], [202, 'running', count], begun.text);
  assert.equal(begun.headers.get('location'), `/api/v1/admin/dlq/redrives/${begun.json.id}`);
  const second = await startRedrive({});
  assert.deepEqual([second.status, second.json.code], [409, 'redrive-running'], second.text);
  assert.equal(second.json.redrive.id, begun.json.id);
  const half = await read(`/redrives/${begun.json.id}`);
  assert.ok(half.redriven + half.left === count && half.redriven < count, JSON.stringify(half));

  const done = await untilDone(begun.json.id);
  assert.deepEqual([done.redriven, done.left, done.matched], [count, 0, count]);
  const [rate] = await database.query<{ most: number; seconds: string }>(
    `SELECT max(within)::int AS most, extract(epoch FROM max(run_at) - min(run_at)) AS seconds
     FROM (SELECT run_at, count(*) OVER (ORDER BY run_at RANGE BETWEEN CURRENT ROW AND '1 second' FOLLOWING) AS within
           FROM webhook_deliveries WHERE endpoint_id = $1) AS redriven`,
    [endpointId],
  );
  assert.ok((rate?.most ?? 0) <= perSecond * 1.25 + 1, `${rate?.most} in a second`);
  assert.ok(Number(rate?.seconds) >= count / perSecond - 0.5, `all in ${rate?.seconds} s`);
  const repeated = await startRedrive({ endpointId, perSecond }, { key });
  assert.deepEqual([repeated.status, repeated.text], [202, begun.text]);
  assert.equal((await read(`?endpointId=${others}`)).data.length, 1);
  assert.equal((await read('/redrives')).data[0].id, begun.json.id);
});

test('WH-04 a redrive that is cancelled stops; cancelled again it is 409 with its status', async () => {
  const endpointId = await deadDeliveries(50);
  const begun = await startRedrive({ endpointId, perSecond: 10 });
  assert.equal(begun.status, 202, begun.text);
  await database.until('SELECT 1 FROM redrives WHERE id = $1 AND redriven > 0', [begun.json.id]);
  const cancelled = await ask('POST', `/redrives/${begun.json.id}/cancellation`);
  assert.deepEqual([cancelled.status, cancelled.json.status], [200, 'cancelled'], cancelled.text);
  assert.equal(cancelled.json.redriven + cancelled.json.left, 50);
  const again = await ask('POST', `/redrives/${begun.json.id}/cancellation`);
  assert.deepEqual([again.status, again.json.code, again.json.currentStatus], [409, 'wrong-status', 'cancelled']);
  const dead = await database.query<{ letters: number }>(
    `SELECT count(*)::int AS letters FROM dead_letters WHERE endpoint_id = $1 AND status = 'dead'`,
    [endpointId],
  );
  assert.equal(dead[0]?.letters, cancelled.json.left);
});

test('WH-04 50 redrives of one letter at once, over two processes: one takes effect', async () => {
  const endpointId = await deadDeliveries(1);
  const letterId = await untilLetter({ endpointId }, 'dead');
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask('POST', `/${letterId}/redrive`)));
  assert.deepEqual(
    answers.map(({ status }) => status).toSorted((one, other) => one - other),
    [200, ...Array(49).fill(409)],
  );
  assert.equal((await read(`/${letterId}`)).redrives, 1);
  const audited = await database.query('SELECT 1 FROM audit_log WHERE target = $1', [`/api/v1/admin/dlq/${letterId}`]);
  assert.equal(audited.length, 1);
});

test('a dead letter is discarded with a reason, which the audit log keeps', async () => {
  const endpointId = await deadDeliveries(1);
  const letterId = await untilLetter({ endpointId }, 'dead');
  assert.equal((await ask('POST', `/${letterId}/discard`, { body: {} })).status, 400);
  const discarded = await ask('POST', `/${letterId}/discard`, { body: { reason: 'The shop is closed.' } });
  assert.deepEqual([discarded.status, discarded.json.status], [200, 'discarded'], discarded.text);
  const [entry] = await database.query<{ action: string; details: { reason: string }; merchant_id: string }>(
    'SELECT action, details, merchant_id FROM audit_log WHERE target = $1',
    [`/api/v1/admin/dlq/${letterId}`],
  );
  assert.deepEqual(
    [entry?.action, entry?.details.reason, entry?.merchant_id],
    ['discardDeadLetter', 'The shop is closed.', shop.merchantId],
  );
  assert.equal((await ask('POST', `/${letterId}/redrive`)).status, 409);
  assert.equal((await read(`?status=discarded&endpointId=${endpointId}`)).data[0].id, letterId);
});

test('dead letters are for operators, a page at a time', async () => {
  const endpointId = await deadDeliveries(3);
  for (const token of [newCustomer().token, people.merchant, people.courier]) {
    assert.equal((await ask('GET', '', { token })).status, 403);
    assert.equal((await startRedrive({}, { token })).status, 403);
  }
  const first = await read(`?endpointId=${endpointId}&limit=2`);
  const rest = await read(`?endpointId=${endpointId}&limit=2&cursor=${first.nextCursor}`);
  assert.deepEqual([first.data.length, rest.data.length, rest.nextCursor], [2, 1, null]);
  assert.equal((await ask('GET', `/${randomUUID()}`)).status, 404);
  assert.equal((await ask('POST', `/${randomUUID()}/redrive`)).status, 404);
  assert.equal((await ask('POST', `/redrives/${randomUUID()}/cancellation`)).status, 404);
});

test('WH-04 kill -9 in the middle of a redrive of all: another process carries it on, each letter once', async () => {
  const own = await stage.database();
  const settings = { ...SETTINGS, DATABASE_URL: own.url, REDIS_URL: '' };
  const victim = await stage.engine(settings);
  const ownShop = await createShop(victim.url);
  await own.query(
    `INSERT INTO webhook_endpoints (id, merchant_id, url, secret, paused_at, created_by)
     VALUES ($1, $1, 'https://example.com', 'whsec_', now(), $1)`,
    [ownShop.merchantId],
  );
  await own.query(
    `WITH failed AS (
       INSERT INTO webhook_deliveries (id, endpoint_id, event_type, status, run_at, attempts, tries, ended_at)
       SELECT gen_random_uuid(), $1, 'test', 'failed', now(), 2, 2, now() FROM generate_series(1, 100)
       RETURNING id
     )
     INSERT INTO dead_letters (id, kind, duty_id, endpoint_id, status, error, attempts, died_at)
     SELECT gen_random_uuid(), 'webhook', id, $1, 'dead', 'No.', 2, now() FROM failed`,
    [ownShop.merchantId],
  );
  const begun = await send('POST', `${victim.url}/api/v1/admin/dlq/redrives`, {
    token: ownShop.operatorToken,
    key: 'auto',
    body: { perSecond: 50 },
  });
  assert.equal(begun.status, 202, begun.text);
  await own.until('SELECT 1 FROM redrives WHERE redriven BETWEEN 1 AND 80');
  await victim.kill();
  const [left] = await own.query<{ redriven: number; marked: number }>(
    `SELECT redriven, (SELECT count(*)::int FROM webhook_deliveries WHERE status = 'due') AS marked FROM redrives`,
  );
  assert.equal(left?.redriven, left?.marked);
  await stage.engine(settings);
  await own.until(`SELECT 1 FROM redrives WHERE status = 'done' AND redriven = 100`);
  const [letters] = await own.query('SELECT min(redrives) AS least, max(redrives) AS most FROM dead_letters');
  assert.deepEqual(letters, { least: 1, most: 1 });
});
